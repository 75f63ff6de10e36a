import {describe, expect, test} from 'vitest';
import {modelOfKind} from '../../../src/dev/builtin/tables/models.ts';
import {crdColumns, tableColumns} from '../../../src/dev/table/columns.ts';
import type {JsonObject} from '../../../src/dev/schema/json.ts';

const created = '2026-01-01T00:00:00Z';
const now = Date.parse('2026-01-01T00:06:06Z');

describe('columns of built-in kinds', () => {
  test.each([
    {kind: '/Service', names: ['Name', 'Type', 'Cluster-IP', 'External-IP', 'Port(s)', 'Age', 'Selector*']},
    {
      kind: '/Pod',
      names: ['Name', 'Ready', 'Status', 'Restarts', 'Age', 'IP*', 'Node*', 'Nominated Node*', 'Readiness Gates*'],
    },
    {kind: '/Namespace', names: ['Name', 'Status', 'Age']},
    {kind: '/ConfigMap', names: ['Name', 'Data', 'Age']},
    {kind: '/Secret', names: ['Name', 'Type', 'Data', 'Age']},
    {kind: '/ServiceAccount', names: ['Name', 'Age']},
    {
      kind: '/Event',
      names: [
        'Last Seen',
        'Type',
        'Reason',
        'Object',
        'Subobject*',
        'Source*',
        'Message',
        'First Seen*',
        'Count*',
        'Name*',
      ],
    },
    {kind: 'discovery.k8s.io/EndpointSlice', names: ['Name', 'AddressType', 'Ports', 'Endpoints', 'Age']},
    {kind: 'coordination.k8s.io/Lease', names: ['Name', 'Holder', 'Age']},
    {kind: 'networking.k8s.io/ServiceCIDR', names: ['Name', 'CIDRs', 'Age']},
    {kind: 'rbac.authorization.k8s.io/Role', names: ['Name', 'Created At']},
    {
      kind: 'rbac.authorization.k8s.io/RoleBinding',
      names: ['Name', 'Role', 'Age', 'Users*', 'Groups*', 'ServiceAccounts*'],
    },
    {kind: 'apiextensions.k8s.io/CustomResourceDefinition', names: ['Name', 'Created At']},
    {kind: 'admissionregistration.k8s.io/MutatingWebhookConfiguration', names: ['Name', 'Webhooks', 'Age']},
    {kind: 'example.dev/Unknown', names: ['Name', 'Age']},
  ])('$kind', ({kind, names}) => {
    const [group = '', name = ''] = kind.split('/');
    const {definitions} = tableColumns(group, name);
    expect(definitions.map((column) => column.name + (column.priority > 0 ? '*' : ''))).toEqual(names);
  });

  test.each(Object.keys(modelOfKind))('%s has a cell for each of them, whatever the object lacks', (kind) => {
    const [group = '', , name = ''] = kind.split('/');
    const columns = tableColumns(group, name);
    for (const object of [
      {},
      {metadata: {name: 'x'}, spec: null, status: [], ports: 1, endpoints: [null], subjects: ['x']},
    ]) {
      const cells = columns.cells(object, now);
      expect(cells).toHaveLength(columns.definitions.length);
      for (const cell of cells) expect(cell).not.toBeUndefined();
    }
  });
});

describe('cells', () => {
  interface Row {
    readonly name: string;
    readonly kind: string;
    readonly object: JsonObject;
    readonly cells: readonly unknown[];
  }

  const meta = {name: 'x', creationTimestamp: created};
  const running = (name: string): JsonObject => ({
    name,
    ready: true,
    started: true,
    restartCount: 1,
    state: {running: {}},
  });
  const rows: readonly Row[] = [
    {
      name: 'a ClusterIP Service',
      kind: '/Service',
      object: {
        metadata: meta,
        spec: {type: 'ClusterIP', clusterIP: '10.101.0.1', ports: [{port: 443, protocol: 'TCP'}]},
      },
      cells: ['x', 'ClusterIP', '10.101.0.1', '<none>', '443/TCP', '6m6s', '<none>'],
    },
    {
      name: 'a headless Service with a selector',
      kind: '/Service',
      object: {metadata: meta, spec: {type: 'ClusterIP', clusterIP: 'None', selector: {b: '2', a: '1'}}},
      cells: ['x', 'ClusterIP', 'None', '<none>', '<none>', '6m6s', 'a=1,b=2'],
    },
    {
      name: 'a node port',
      kind: '/Service',
      object: {
        metadata: meta,
        spec: {
          type: 'NodePort',
          clusterIP: '10.0.0.1',
          externalIPs: ['192.0.2.1'],
          ports: [
            {port: 80, nodePort: 30080, protocol: 'TCP'},
            {port: 53, protocol: 'UDP'},
          ],
        },
      },
      cells: ['x', 'NodePort', '10.0.0.1', '192.0.2.1', '80:30080/TCP,53/UDP', '6m6s', '<none>'],
    },
    {
      name: 'a load balancer that waits',
      kind: '/Service',
      object: {metadata: meta, spec: {type: 'LoadBalancer', clusterIP: '10.0.0.1'}, status: {loadBalancer: {}}},
      cells: ['x', 'LoadBalancer', '10.0.0.1', '<pending>', '<none>', '6m6s', '<none>'],
    },
    {
      name: 'a load balancer',
      kind: '/Service',
      object: {
        metadata: meta,
        spec: {type: 'LoadBalancer', clusterIP: '10.0.0.1'},
        status: {loadBalancer: {ingress: [{ip: '192.0.2.1'}, {hostname: 'lb.example.org'}]}},
      },
      cells: ['x', 'LoadBalancer', '10.0.0.1', '192.0.2.1,lb.example.org', '<none>', '6m6s', '<none>'],
    },
    {
      name: 'an external name',
      kind: '/Service',
      object: {metadata: meta, spec: {type: 'ExternalName', externalName: 'example.org'}},
      cells: ['x', 'ExternalName', '<none>', 'example.org', '<none>', '6m6s', '<none>'],
    },
    {
      name: 'a pod with a native sidecar',
      kind: '/Pod',
      object: {
        metadata: meta,
        spec: {containers: [{name: 'a'}], initContainers: [{name: 's', restartPolicy: 'Always'}], nodeName: 'n'},
        status: {
          phase: 'Running',
          podIP: '10.200.0.1',
          containerStatuses: [running('a')],
          initContainerStatuses: [running('s')],
        },
      },
      cells: ['x', '2/2', 'Running', '2', '6m6s', '10.200.0.1', 'n', '<none>', '<none>'],
    },
    {
      name: 'a pod that initializes',
      kind: '/Pod',
      object: {
        metadata: meta,
        spec: {containers: [{name: 'a'}], initContainers: [{name: 'i'}, {name: 'j'}]},
        status: {
          phase: 'Pending',
          initContainerStatuses: [
            {name: 'i', state: {terminated: {exitCode: 0}}},
            {name: 'j', state: {running: {}}},
          ],
        },
      },
      cells: ['x', '0/1', 'Init:1/2', '0', '6m6s', '<none>', '<none>', '<none>', '<none>'],
    },
    {
      name: 'a pod that fails to initialize',
      kind: '/Pod',
      object: {
        metadata: meta,
        spec: {containers: [{name: 'a'}], initContainers: [{name: 'i'}]},
        status: {
          phase: 'Pending',
          initContainerStatuses: [{name: 'i', state: {waiting: {reason: 'CrashLoopBackOff'}}}],
        },
      },
      cells: ['x', '0/1', 'Init:CrashLoopBackOff', '0', '6m6s', '<none>', '<none>', '<none>', '<none>'],
    },
    {
      name: 'a pod with a container that ended, and gates',
      kind: '/Pod',
      object: {
        metadata: meta,
        spec: {containers: [{name: 'a'}], readinessGates: [{conditionType: 'g'}, {conditionType: 'h'}]},
        status: {
          phase: 'Failed',
          conditions: [{type: 'g', status: 'True'}],
          containerStatuses: [{name: 'a', state: {terminated: {exitCode: 3}}}],
        },
      },
      cells: ['x', '0/1', 'ExitCode:3', '0', '6m6s', '<none>', '<none>', '<none>', '1/2'],
    },
    {
      name: 'a pod that goes',
      kind: '/Pod',
      object: {
        metadata: {...meta, deletionTimestamp: created},
        spec: {containers: [{name: 'a'}]},
        status: {phase: 'Running'},
      },
      cells: ['x', '0/1', 'Terminating', '0', '6m6s', '<none>', '<none>', '<none>', '<none>'],
    },
    {
      name: 'a namespace',
      kind: '/Namespace',
      object: {metadata: meta, status: {phase: 'Active'}},
      cells: ['x', 'Active', '6m6s'],
    },
    {
      name: 'a config map',
      kind: '/ConfigMap',
      object: {metadata: meta, data: {a: '1'}, binaryData: {b: ''}},
      cells: ['x', 2, '6m6s'],
    },
    {
      name: 'a secret',
      kind: '/Secret',
      object: {metadata: meta, type: 'Opaque', data: {a: ''}},
      cells: ['x', 'Opaque', 1, '6m6s'],
    },
    {
      name: 'a slice of many endpoints',
      kind: 'discovery.k8s.io/EndpointSlice',
      object: {
        metadata: meta,
        addressType: 'IPv4',
        ports: [{port: 80}, {name: 'web'}],
        endpoints: [{addresses: ['10.0.0.1', '10.0.0.2']}, {addresses: ['10.0.0.3']}, {addresses: ['10.0.0.4']}],
      },
      cells: ['x', 'IPv4', '80,web', '10.0.0.1,10.0.0.2,10.0.0.3 + 1 more...', '6m6s'],
    },
    {
      name: 'an empty slice',
      kind: 'discovery.k8s.io/EndpointSlice',
      object: {metadata: meta, addressType: 'IPv6'},
      cells: ['x', 'IPv6', '<unset>', '<unset>', '6m6s'],
    },
    {
      name: 'a lease',
      kind: 'coordination.k8s.io/Lease',
      object: {metadata: meta, spec: {holderIdentity: 'h'}},
      cells: ['x', 'h', '6m6s'],
    },
    {
      name: 'a service CIDR',
      kind: 'networking.k8s.io/ServiceCIDR',
      object: {metadata: meta, spec: {cidrs: ['10.101.0.0/16', 'fd00::/112']}},
      cells: ['x', '10.101.0.0/16,fd00::/112', '6m6s'],
    },
    {name: 'a role', kind: 'rbac.authorization.k8s.io/Role', object: {metadata: meta}, cells: ['x', created]},
    {
      name: 'a role binding',
      kind: 'rbac.authorization.k8s.io/RoleBinding',
      object: {
        metadata: meta,
        roleRef: {kind: 'Role', name: 'r'},
        subjects: [
          {kind: 'User', name: 'u'},
          {kind: 'ServiceAccount', namespace: 'n', name: 's'},
        ],
      },
      cells: ['x', 'Role/r', '6m6s', 'u', '', 'n/s'],
    },
    {
      name: 'a node',
      kind: '/Node',
      object: {
        metadata: {...meta, labels: {'node-role.kubernetes.io/worker': '', 'node-role.kubernetes.io/edge': ''}},
        spec: {unschedulable: true},
        status: {
          conditions: [{type: 'Ready', status: 'True'}],
          addresses: [{type: 'InternalIP', address: '192.0.2.1'}],
          nodeInfo: {kubeletVersion: 'v1.36.0'},
        },
      },
      cells: [
        'x',
        'Ready,SchedulingDisabled',
        'edge,worker',
        '6m6s',
        'v1.36.0',
        '192.0.2.1',
        '<none>',
        '<unknown>',
        '<unknown>',
        '<unknown>',
      ],
    },
    {
      name: 'an event that was seen often',
      kind: '/Event',
      object: {
        metadata: meta,
        type: 'Normal',
        reason: 'Synced',
        message: ' done ',
        involvedObject: {kind: 'Pod', name: 'p'},
        source: {component: 'isthmus', host: 'n'},
        firstTimestamp: created,
        lastTimestamp: '2026-01-01T00:06:00Z',
        count: 3,
      },
      cells: ['6s (x3 over 6m6s)', 'Normal', 'Synced', 'pod/p', '', 'isthmus, n', 'done', '6m6s', 3, 'x'],
    },
  ];

  test.each(rows)('of $name', ({kind, object, cells}) => {
    const [group = '', name = ''] = kind.split('/');
    expect(tableColumns(group, name).cells(object, now)).toEqual(cells);
  });
});

describe('columns of custom kinds', () => {
  const columns = crdColumns([
    {name: 'Mode', type: 'string', jsonPath: '.spec.mode', description: 'mode'},
    {name: 'Min', type: 'integer', priority: 1, jsonPath: '.spec.min'},
    {name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status'},
    {name: 'Tags', type: 'string', jsonPath: '.spec.tags'},
    {name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp'},
  ]);

  test('are the name and what the CRD says', () => {
    expect(columns.definitions).toEqual([
      {name: 'Name', type: 'string', format: 'name', description: '', priority: 0},
      {name: 'Mode', type: 'string', format: '', description: 'mode', priority: 0},
      {
        name: 'Min',
        type: 'integer',
        format: '',
        description: 'Custom resource definition column (in JSONPath format): .spec.min',
        priority: 1,
      },
      expect.objectContaining({name: 'Ready', priority: 0}),
      expect.objectContaining({name: 'Tags'}),
      expect.objectContaining({name: 'Age', type: 'date'}),
    ]);
  });

  test.each([
    {
      name: 'lists as JSON, ages for people',
      object: {metadata: {name: 'w1', creationTimestamp: created}, spec: {mode: 'On', min: 1, tags: ['x', 'z']}},
      cells: ['w1', 'On', 1, null, '["x","z"]', '6m6s'],
    },
    {
      name: 'a condition',
      object: {metadata: {name: 'w1'}, status: {conditions: [{type: 'Ready', status: 'True'}]}},
      cells: ['w1', null, null, 'True', null, null],
    },
    {
      name: 'null for what does not fit the column',
      object: {metadata: {name: 'w1', creationTimestamp: 1}, spec: {mode: 1, min: 'x', tags: null}},
      cells: ['w1', '1', null, null, null, null],
    },
  ])('print $name', ({object, cells}) => {
    expect(columns.cells(object, now)).toEqual(cells);
  });

  test.each([
    {name: 'none', own: undefined},
    {name: 'an empty list', own: []},
  ])('are name and age where the CRD says $name', ({own}) => {
    const {definitions, cells} = crdColumns(own);
    expect(definitions.map((column) => column.name)).toEqual(['Name', 'Age']);
    expect(cells({metadata: {name: 'w', creationTimestamp: created}}, now)).toEqual(['w', '6m6s']);
  });

  test('a path that is not understood leaves its cells blank', () => {
    const {cells} = crdColumns([{name: 'X', type: 'string', jsonPath: '..x'}]);
    expect(cells({metadata: {name: 'w'}}, now)).toEqual(['w', null]);
  });
});
