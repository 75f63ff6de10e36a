import fc from 'fast-check';
import {describe, expect, test} from 'vitest';

import {takeExport} from '../../../src/clusterset/intake/take-export.ts';
import type {IntakeRules, RawExport} from '../../../src/clusterset/intake/take-export.ts';
import type {MemberExport} from '../../../src/clusterset/member-export.ts';
import {merge} from '../../../src/clusterset/merge.ts';
import type {MergedImport} from '../../../src/clusterset/merged-import.ts';

const metadata = {namespace: 'bar', name: 'foo', creationTimestamp: '2026-01-01T00:00:00Z'};
const standard = {apiVersion: 'multicluster.x-k8s.io/v1beta1', kind: 'ServiceExport', metadata};
const flomesh = {apiVersion: 'flomesh.io/v1alpha1', kind: 'ServiceExport', metadata};
const spec = {clusterIP: '10.96.0.7', ipFamilies: ['IPv4'], ports: [{name: 'http', port: 80, protocol: 'TCP'}]};
const service = {apiVersion: 'v1', kind: 'Service', metadata, spec};

function slice(endpoints: readonly unknown[], over: object = {}): object {
  return {metadata: {name: 'foo-1'}, addressType: 'IPv4', endpoints, ports: [{name: 'http', port: 80}], ...over};
}

const ready = slice([{addresses: ['10.1.0.1'], conditions: {ready: true}}]);

function take(over: Partial<RawExport> = {}, rules: IntakeRules = {}): MemberExport {
  const raw = {cluster: 'cluster-1', namespace: 'bar', name: 'foo', objects: [standard], service, slices: [ready]};
  const taken = takeExport({...raw, ...over}, rules);
  if (taken === undefined) throw new Error('there should be an export');
  return taken.export;
}

function withService(over: object): Partial<RawExport> {
  return {service: {...service, spec: {...spec, ...over}}};
}

function faultsOf(e: MemberExport): readonly string[] {
  return (e.faults ?? []).map(({field, reason}) => `${field} ${reason}`);
}

describe('an export as it comes', () => {
  test('all that is lawful is taken', () => {
    expect(take()).toEqual({
      cluster: 'cluster-1',
      namespace: 'bar',
      name: 'foo',
      groups: ['multicluster.x-k8s.io'],
      createdAtMs: Date.parse('2026-01-01T00:00:00Z'),
      exportedLabels: {},
      exportedAnnotations: {},
      service: {
        type: 'ClusterIP',
        headless: false,
        ports: [{name: 'http', port: 80, protocol: 'TCP'}],
        ipFamilies: ['IPv4'],
        sessionAffinity: 'None',
      },
      ready: true,
    });
  });

  test('labels and annotations of the metadata are not exported, only those of the spec (MCS §2, 17)', () => {
    const labelled = {...metadata, labels: {a: '1'}, annotations: {b: '2'}};
    const objects = [{...standard, metadata: labelled, spec: {exportedLabels: {c: '3'}}}];
    expect(take({objects, service: {...service, metadata: labelled}})).toMatchObject({
      exportedLabels: {c: '3'},
      exportedAnnotations: {},
    });
  });

  test('node ports, selectors and addresses of load balancers stay behind', () => {
    const ports = [{name: 'http', port: 80, nodePort: 30080, targetPort: 8080}];
    const taken = take(withService({type: 'NodePort', ports, selector: {app: 'x'}, externalIPs: ['192.0.2.1']}));
    expect(taken.service).toEqual({...take().service, type: 'NodePort'});
  });

  test.each([
    {name: 'no Service', over: {service: undefined}, found: undefined},
    {
      name: 'one that is being deleted is gone',
      over: {service: {...service, metadata: {...metadata, deletionTimestamp: 'x'}}},
      found: undefined,
    },
    {name: 'headless', over: withService({clusterIP: 'None'}), found: {headless: true}},
    {name: 'dual stack', over: withService({ipFamilies: ['IPv6', 'IPv4']}), found: {ipFamilies: ['IPv6', 'IPv4']}},
    {
      name: 'an older Service without families',
      over: withService({ipFamilies: undefined}),
      found: {ipFamilies: ['IPv4']},
    },
  ])('$name', ({over, found}) => {
    const taken = take(over).service;
    if (found === undefined) expect(taken).toBeUndefined();
    else expect(taken).toMatchObject(found);
  });

  test('readiness: true, false, and not known are three things', () => {
    expect(take({slices: undefined})).not.toHaveProperty('ready');
    expect(take({slices: []})).not.toHaveProperty('ready');
    expect(take({slices: [slice([])]}).ready).toBe(false);
    expect(take({slices: [slice([{addresses: ['10.1.0.1']}])]}).ready).toBe(true);
    expect(take({slices: [slice([{addresses: ['10.1.0.1'], conditions: {ready: false}}])]}).ready).toBe(false);
  });
});

describe('one export, several groups (design §4)', () => {
  const older = {...metadata, creationTimestamp: '2025-01-01T00:00:00Z'};
  const labelled = {...standard, spec: {exportedLabels: {a: '1'}, targetClusters: ['cluster-9']}};
  const targeted = {...flomesh, metadata: older, spec: {targetClusters: ['cluster-3'], exportedLabels: {b: '2'}}};

  test('the standard fields from the standard object, the rest from the flomesh one, the age of the older', () => {
    for (const objects of [
      [labelled, targeted],
      [targeted, labelled],
    ]) {
      expect(take({objects})).toMatchObject({
        groups: ['flomesh.io', 'multicluster.x-k8s.io'],
        createdAtMs: Date.parse(older.creationTimestamp),
        exportedLabels: {a: '1'},
        flomesh: {targetClusters: ['cluster-3'], rules: []},
      });
    }
  });

  test('the newer group of FSM is read as the older one; of two the older object speaks', () => {
    const newer = {...flomesh, apiVersion: 'multicluster.flomesh.io/v1alpha1', spec: {targetClusters: ['cluster-4']}};
    expect(take({objects: [newer]})).toMatchObject({groups: ['flomesh.io'], flomesh: {targetClusters: ['cluster-4']}});
    expect(take({objects: [newer, targeted]}).flomesh?.targetClusters).toEqual(['cluster-3']);
  });

  test('deleting one leaves the other with its settings', () => {
    const deleted = {...targeted, metadata: {...older, deletionTimestamp: '2026-01-01T00:00:00Z'}};
    const left = take({objects: [labelled, deleted]});
    expect(left.groups).toEqual(['multicluster.x-k8s.io']);
    expect(left).not.toHaveProperty('flomesh');
    const raw = {cluster: 'c', namespace: 'bar', name: 'foo', objects: [deleted], service, slices: []};
    expect(takeExport(raw)).toBeUndefined();
  });

  test('all that only a flomesh export can say', () => {
    const settings = {
      rules: [{portNumber: 80, path: '/foo', pathType: 'Prefix'}],
      targetClusters: ['default/default/default/cluster-3'],
      serviceAccountName: '*',
      loadBalancer: 'HashingLoadBalancer',
      sessionSticky: true,
      pathRewrite: {from: '^/foo/?', to: '/'},
    };
    const taken = take({objects: [{...flomesh, spec: settings}]});
    expect(taken.flomesh).toEqual(settings);
    expect(taken).not.toHaveProperty('faults');
  });

  test('what an owner asks for by annotations', () => {
    const annotations = {'isthmus.dev/allow-type-change': 'Headless', 'isthmus.dev/ignore-drain': 'true'};
    expect(take({objects: [{...standard, metadata: {...metadata, annotations}}]})).toMatchObject({
      allowTypeChange: 'Headless',
      ignoreDrain: true,
    });
    const other = {'isthmus.dev/allow-type-change': 'yes', 'isthmus.dev/ignore-drain': 'no'};
    const taken = take({objects: [{...standard, metadata: {...metadata, annotations: other}}]});
    expect(taken).not.toHaveProperty('allowTypeChange');
    expect(taken).not.toHaveProperty('ignoreDrain');
  });

  test("its own cluster's refusal counts while it is about the present spec", () => {
    const refused = (observedGeneration: number) => ({
      ...standard,
      metadata: {...metadata, generation: 2},
      status: {conditions: [{type: 'Valid', status: 'False', reason: 'NotAllowed', message: 'no', observedGeneration}]},
    });
    expect(take({objects: [refused(2)]}).notAllowed).toBe('no');
    expect(take({objects: [refused(1)]})).not.toHaveProperty('notAllowed');
  });
});

interface Hostile {
  readonly name: string;
  readonly over: Partial<RawExport>;
  readonly rules?: IntakeRules;
  /** Reason and field of the refusal of the whole. */
  readonly refused?: readonly [string, string];
  /** `field reason` of what was left out. */
  readonly faults?: readonly string[];
  readonly merged?: Partial<MergedImport>;
}

const long = 'x'.repeat(5_000);
const port = (over: object) => withService({ports: [{name: 'http', port: 80, ...over}]});
const many = (count: number, of: (at: number) => unknown) => Array.from({length: count}, (_, at) => of(at));
const withFlomesh = (settings: object) => ({objects: [{...flomesh, spec: settings}]});

const hostile: readonly Hostile[] = [
  // Places and names
  ...['kube-system', 'kube-public', 'openshift', 'openshift-dns', 'isthmus-system'].map((namespace): Hostile => ({
    name: `CVE-2026-66788: protected namespace ${namespace}`,
    over: {namespace, objects: [{...standard, metadata: {...metadata, namespace}}]},
    refused: ['NamespaceProtected', 'metadata.namespace'],
  })),
  {
    name: "CVE-2026-66788: Isthmus' own namespace, whatever it is called",
    over: {},
    rules: {ownNamespace: 'bar'},
    refused: ['NamespaceProtected', 'metadata.namespace'],
  },
  ...['Foo', 'foo.bar', 'a'.repeat(64), '-foo', 'foo_bar', ''].map((name): Hostile => ({
    name: `a name that does not fit DNS: ${JSON.stringify(name.slice(0, 10))}`,
    over: {name, objects: [{...standard, metadata: {...metadata, name}}]},
    refused: ['InvalidName', 'metadata.name'],
  })),
  // The Service
  ...[0, -1, 65_536, 1.5, Number.NaN, '80', null, {}].map((value): Hostile => ({
    name: `port ${JSON.stringify(value)}`,
    over: port({port: value}),
    refused: ['InvalidService', 'Service.spec.ports[0].port'],
  })),
  ...['HTTP', 'tcp', '', 7].map((value): Hostile => ({
    name: `protocol ${JSON.stringify(value)}`,
    over: port({protocol: value}),
    refused: ['InvalidService', 'Service.spec.ports[0].protocol'],
  })),
  ...['Not A Name', 'a.b', long, 7, '__proto__'].map((value): Hostile => ({
    name: `port name ${JSON.stringify(value).slice(0, 20)}`,
    over: port({name: value}),
    refused: ['InvalidService', 'Service.spec.ports[0].name'],
  })),
  {
    name: 'ports that are no objects',
    over: withService({ports: [7]}),
    refused: ['InvalidService', 'Service.spec.ports[0].port'],
  },
  {name: 'ports that are no list', over: withService({ports: 'x'}), merged: {ports: []}},
  {
    name: 'two ports of one name',
    over: withService({
      ports: [
        {name: 'a', port: 1},
        {name: 'a', port: 2},
      ],
    }),
    refused: ['InvalidService', 'Service.spec.ports'],
  },
  {
    name: 'one port twice',
    over: withService({
      ports: [
        {name: 'a', port: 1},
        {name: 'b', port: 1},
      ],
    }),
    refused: ['InvalidService', 'Service.spec.ports'],
  },
  {
    name: '20,000 ports',
    over: withService({ports: many(20_000, (at) => ({name: `p${at}`, port: at + 1}))}),
    refused: ['InvalidService', 'Service.spec.ports'],
  },
  {name: 'an unknown type', over: withService({type: 'Magic'}), refused: ['InvalidService', 'Service.spec.type']},
  {name: 'a Service that is a text', over: {service: 'x'}, merged: {ports: []}},
  {
    name: 'families that are none',
    over: withService({ipFamilies: ['IPv5', 'IPv4', 'IPv4', 7]}),
    faults: ['Service.spec.ipFamilies InvalidService'],
    merged: {ipFamilies: ['IPv4']},
  },
  {
    name: 'an affinity that is none',
    over: withService({sessionAffinity: 'Cookie'}),
    faults: ['Service.spec.sessionAffinity InvalidService'],
    merged: {sessionAffinity: 'None'},
  },
  ...[0, -1, 86_401, 1.5, '10'].map((timeoutSeconds): Hostile => ({
    name: `a timeout of ${JSON.stringify(timeoutSeconds)}`,
    over: withService({sessionAffinity: 'ClientIP', sessionAffinityConfig: {clientIP: {timeoutSeconds}}}),
    faults: ['Service.spec.sessionAffinityConfig.clientIP.timeoutSeconds InvalidService'],
    merged: {sessionAffinity: 'ClientIP'},
  })),
  {
    name: 'an internalTrafficPolicy that is none',
    over: withService({internalTrafficPolicy: {}}),
    faults: ['Service.spec.internalTrafficPolicy InvalidService'],
  },
  {
    name: 'a trafficDistribution that can be none',
    over: withService({trafficDistribution: 'a b\n'}),
    faults: ['Service.spec.trafficDistribution InvalidService'],
  },
  {
    name: 'an appProtocol that is none',
    over: port({appProtocol: 'h2 c\u001b[31m'}),
    merged: {ports: [{name: 'http', port: 80, protocol: 'TCP'}]},
  },
  // Maps
  {
    name: 'a huge map of labels',
    over: {
      objects: [
        {...standard, spec: {exportedLabels: Object.fromEntries(many(100_000, (at) => [`k${at}`, 'v']) as [])}},
      ],
    },
    faults: ['spec.exportedLabels TooLarge'],
    merged: {labels: {}},
  },
  {
    name: 'values that are no texts',
    over: {objects: [{...standard, spec: {exportedAnnotations: {a: 1, b: 'x', c: null}}}]},
    faults: ['spec.exportedAnnotations InvalidMap'],
    merged: {annotations: {b: 'x'}},
  },
  {
    name: 'a map that is a list',
    over: {objects: [{...standard, spec: {exportedLabels: ['a', 'b']}}]},
    faults: ['spec.exportedLabels InvalidMap'],
    merged: {labels: {}},
  },
  {
    name: 'keys that only an object of JavaScript has',
    over: {
      objects: [
        {...standard, spec: JSON.parse('{"exportedLabels": {"__proto__": "x", "constructor": "y"}}') as object},
      ],
    },
    merged: {labels: {constructor: 'y'}},
  },
  // Settings of flomesh
  {name: 'settings that are a text', over: withFlomesh('x' as unknown as object), merged: {groups: ['flomesh.io']}},
  {
    name: 'rules that can not be read',
    over: withFlomesh({
      rules: [
        {portNumber: 0, pathType: 'Exact'},
        {path: 'x', pathType: 'Exact'},
        {path: '/a\r\nHost: evil', pathType: 'Exact'},
        {pathType: 'Regex'},
        7,
      ],
    }),
    faults: [
      'spec.rules[0].portNumber InvalidRule',
      'spec.rules[1].path InvalidRule',
      'spec.rules[2].path InvalidRule',
      'spec.rules[3].pathType InvalidRule',
      'spec.rules[4].pathType InvalidRule',
    ],
  },
  {
    name: 'a million rules',
    over: withFlomesh({rules: many(1_000_000, () => ({pathType: 'Exact'}))}),
    faults: ['spec.rules TooLarge'],
  },
  {
    name: 'an account and a balancer that are none, and half a rewrite',
    over: withFlomesh({serviceAccountName: 'A b', loadBalancer: 'x', pathRewrite: {from: 'a', to: 'no-slash'}}),
    faults: ['spec.pathRewrite InvalidRule', 'spec.serviceAccountName InvalidName', 'spec.loadBalancer InvalidRule'],
  },
  // Endpoints
  ...[
    '127.0.0.1',
    '169.254.169.254',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '240.0.0.1',
    '10.96.0.1',
    '10.9.9.9',
    'x',
  ].map((address): Hostile => ({
    name: `CVE-2026-66788, CVE-2021-25737: endpoint address ${address}`,
    over: {slices: [slice([{addresses: [address]}, {addresses: ['10.1.0.1']}])]},
    rules: {serviceCIDRs: ['10.96.0.0/12'], podCIDRs: ['10.1.0.0/16']},
    faults: ['EndpointSlice "foo-1".endpoints[0].addresses AddressRefused'],
    merged: {readyClusters: ['cluster-1']},
  })),
  {
    name: 'an address of the other family',
    over: {slices: [slice([{addresses: ['fd00::1']}])]},
    faults: ['EndpointSlice "foo-1".endpoints[0].addresses AddressRefused'],
    merged: {readyClusters: ['cluster-1']},
  },
  {
    name: '10,000 endpoints',
    over: {slices: [slice(many(10_000, () => ({addresses: ['10.1.0.1']})))]},
    faults: ['EndpointSlice.endpoints TooManyEndpoints'],
    merged: {readyClusters: ['cluster-1']},
  },
  {
    name: 'a slice whose name is none, and ports that are none',
    over: {
      slices: [
        slice([], {metadata: {name: 'A b'}}),
        slice([], {ports: [{port: 0}, {port: 1, name: '?'}, {port: 2, protocol: 'X'}]}),
      ],
    },
    faults: [
      'EndpointSlice "A b".metadata.name InvalidSlice',
      'EndpointSlice "foo-1".ports[0] InvalidSlice',
      'EndpointSlice "foo-1".ports[1] InvalidSlice',
      'EndpointSlice "foo-1".ports[2] InvalidSlice',
    ],
  },
  {
    name: 'slices that are no objects',
    over: {slices: [7, null, 'x', []]},
    faults: many(4, () => 'EndpointSlice "".metadata.name InvalidSlice') as string[],
  },
];

describe('every field of a remote object is hostile: refused or left out, and said', () => {
  test.each(hostile)('$name', ({over, rules = {}, refused, faults = [], merged = {}}) => {
    const taken = take(over, rules);
    expect(taken.refusal && [taken.refusal.reason, taken.refusal.field]).toEqual(refused);
    if (refused === undefined) expect(faultsOf(taken)).toEqual(faults);
    const result = merge([taken]);
    const verdict = result.verdicts.get('cluster-1');
    for (const {message, reason} of [...(taken.faults ?? []), ...(taken.refusal ? [taken.refusal] : [])]) {
      expect(message.length).toBeLessThan(300);
      expect(message).not.toMatch(/\p{Cc}/u);
      // As the API server asks of a condition's reason.
      expect(reason).toMatch(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/);
    }
    if (refused !== undefined) {
      expect(result.import).toBeUndefined();
      expect(verdict?.valid).toMatchObject({status: 'False', reason: refused[0]});
      return;
    }
    expect(result.import).toMatchObject(merged);
    for (const {message} of taken.faults ?? []) expect(verdict?.valid.message).toContain(message);
  });

  test('CVE-2026-66788: an object that names another place than it was read from says nothing', () => {
    const elsewhere = {...standard, metadata: {...metadata, namespace: 'kube-system'}};
    const raw = {cluster: 'cluster-1', namespace: 'bar', name: 'foo', objects: [elsewhere], service, slices: []};
    expect(takeExport(raw)).toBeUndefined();
  });

  test('CVE-2026-66788: the source cluster comes from the connection, never from a label', () => {
    const labels = {'multicluster.kubernetes.io/source-cluster': 'cluster-9'};
    const objects = [{...standard, metadata: {...metadata, labels}}];
    const labelled = slice([{addresses: ['10.1.0.1']}], {metadata: {name: 'foo-1', labels}});
    const raw = {cluster: 'cluster-1', namespace: 'bar', name: 'foo', objects, service, slices: [labelled]};
    const taken = takeExport(raw);
    expect([taken?.export.cluster, taken?.slices[0]?.sourceCluster]).toEqual(['cluster-1', 'cluster-1']);
  });

  test('CVE-2026-66788 (precedence): an annotation or a wish does not make an export older, and an unreadable time is the youngest', () => {
    const annotations = {'lighthouse.submariner.io/created-at': '1', 'creationTimestamp': '1970-01-01T00:00:00Z'};
    const posing = {...standard, metadata: {...metadata, annotations, creationTimestamp: 'long ago'}};
    expect(take({objects: [posing]}).createdAtMs).toBe(Number.MAX_SAFE_INTEGER);
    const capped = take({}, {ageOf: (_, claimedAtMs) => claimedAtMs + 5});
    expect(capped.createdAtMs).toBe(Date.parse(metadata.creationTimestamp) + 5);
    expect(take({}, {ageOf: () => Number.NaN}).createdAtMs).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('a target that can not be read never opens the export to all clusters', () => {
    for (const targetClusters of [['not a cluster'], [7], 'x', [`a/b/${long}`], ['a/b/c']]) {
      expect(take(withFlomesh({targetClusters})).flomesh?.targetClusters).toEqual(['']);
    }
    expect(take(withFlomesh({targetClusters: ['x y', 'cluster-3']})).flomesh?.targetClusters).toEqual(['cluster-3']);
    expect(take(withFlomesh({targetClusters: []})).flomesh?.targetClusters).toEqual([]);
  });

  test('a refused export has no slices to import', () => {
    const raw = {cluster: 'c', namespace: 'kube-system', name: 'foo', service, slices: [ready]};
    const objects = [{...standard, metadata: {...metadata, namespace: 'kube-system'}}];
    expect(takeExport({...raw, objects})?.slices).toEqual([]);
  });

  test('endpoints keep conditions, hostname, node and zone (MCS §2, 44), and lose names that are none', () => {
    const full = {
      addresses: ['10.1.0.1'],
      conditions: {ready: false, serving: true, terminating: true},
      hostname: 'db-0',
      nodeName: 'node-1',
      zone: 'eu-1',
    };
    const bad = {addresses: ['10.1.0.2'], hostname: 'A b', nodeName: '', zone: 'x y', conditions: {ready: 'yes'}};
    const raw = {
      cluster: 'c',
      namespace: 'bar',
      name: 'foo',
      objects: [standard],
      service,
      slices: [slice([full, bad])],
    };
    expect(takeExport(raw)?.slices[0]?.endpoints).toEqual([full, {addresses: ['10.1.0.2'], conditions: {}}]);
  });

  test('whatever comes, nothing throws, and what comes out fits what an import can carry', () => {
    const anything = fc.anything({maxDepth: 4});
    const parts = fc.record({
      spec: fc.record(
        {
          ports: fc.array(fc.record({port: anything, name: anything, protocol: anything})),
          type: anything,
          clusterIP: anything,
          ipFamilies: anything,
          sessionAffinity: anything,
        },
        {requiredKeys: []},
      ),
      exportSpec: fc.record(
        {exportedLabels: anything, exportedAnnotations: anything, rules: anything, targetClusters: anything},
        {requiredKeys: []},
      ),
      group: fc.constantFrom('multicluster.x-k8s.io', 'flomesh.io', 'multicluster.flomesh.io'),
      slices: fc.array(
        fc.oneof(
          anything,
          fc.record({
            metadata: fc.constant({name: 's'}),
            addressType: fc.constantFrom('IPv4', 'IPv6'),
            endpoints: anything,
            ports: anything,
          }),
        ),
      ),
      junk: anything,
    });
    fc.assert(
      fc.property(parts, ({spec: hostileSpec, exportSpec, group, slices, junk}) => {
        const object = {
          apiVersion: `${group}/v1`,
          metadata: {...metadata, annotations: junk},
          spec: exportSpec,
          status: junk,
        };
        const raw = {cluster: 'cluster-1', namespace: 'bar', name: 'foo'};
        const taken = takeExport({...raw, objects: [object, junk], service: {metadata, spec: hostileSpec}, slices});
        const {import: merged} = merge(taken === undefined ? [] : [taken.export]);
        for (const each of merged?.ports ?? []) {
          expect(Number.isInteger(each.port) && each.port > 0 && each.port < 65_536).toBe(true);
        }
        expect(JSON.stringify(merged ?? {}).length).toBeLessThan(100_000);
      }),
      {numRuns: 300},
    );
  });
});
