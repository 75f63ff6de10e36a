import {describe, expect, test} from 'vitest';
import {ApiError} from '../../../src/dev/apiserver/api-error.ts';
import {jsonClone} from '../../../src/dev/schema/json.ts';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {memoryCluster, namespace, pod} from '../controllers/memory-cluster.ts';
import type {MemoryCluster} from '../controllers/memory-cluster.ts';

const PODS = {group: '', plural: 'pods'};
const C = {name: 'c', image: 'i'};

function cluster(): MemoryCluster {
  const made = memoryCluster();
  made.api.create({group: '', plural: 'namespaces'}, namespace('bar'));
  return made;
}

/** Without the credentials that every pod is given; they have tests of their own. */
function create(spec: JsonObject, made = cluster()): JsonObject {
  return made.api.create(PODS, pod('p', {}, {automountServiceAccountToken: false, ...spec}));
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ApiError) return error.message;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('defaults', () => {
  test('a bare pod is completed as a kube-apiserver does it', () => {
    const made = create({containers: [C]});
    expect(made['spec']).toEqual({
      containers: [
        {
          name: 'c',
          image: 'i',
          resources: {},
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
          imagePullPolicy: 'Always',
        },
      ],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      securityContext: {},
      schedulerName: 'default-scheduler',
      serviceAccount: 'default',
      serviceAccountName: 'default',
      automountServiceAccountToken: false,
      tolerations: ['not-ready', 'unreachable'].map((key) => ({
        key: `node.kubernetes.io/${key}`,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 300,
      })),
      priority: 0,
      enableServiceLinks: true,
      preemptionPolicy: 'PreemptLowerPriority',
    });
    expect(made['status']).toEqual({phase: 'Pending', qosClass: 'BestEffort'});
    expect(made['metadata']).toMatchObject({generation: 1});
  });

  test('completing it a second time changes nothing: webhooks come in between', () => {
    const made = cluster();
    const context = {dryRun: false, storage: made.api, nowMs: 0};
    const {strategy} = made.typeOf('pods');
    const first = strategy.prepare?.(pod('p', {}, {hostNetwork: true, volumes: [{name: 'v'}]}), undefined, context);
    expect(strategy.prepare?.(jsonClone(first) as JsonObject, undefined, context)).toEqual(first);
  });

  test.each([
    ['app', 'Always'],
    ['app:latest', 'Always'],
    ['registry.example.org:5000/app', 'Always'],
    ['registry.example.org:5000/app:1.2', 'IfNotPresent'],
    ['app@sha256:0123', 'IfNotPresent'],
  ])('image %s is pulled %s', (image, imagePullPolicy) => {
    expect(create({containers: [{name: 'c', image}]})).toMatchObject({spec: {containers: [{imagePullPolicy}]}});
  });

  test('probes, ports, volumes and downward references get their small print', () => {
    const spec = {
      containers: [
        {
          ...C,
          ports: [{containerPort: 80}],
          readinessProbe: {httpGet: {port: 80}},
          env: [{name: 'IP', valueFrom: {fieldRef: {fieldPath: 'status.podIP'}}}],
          resources: {limits: {cpu: '1', memory: '1Gi'}},
        },
      ],
      volumes: [
        {name: 'e'},
        {name: 'c', configMap: {name: 'x'}},
        {name: 'p', projected: {sources: [{serviceAccountToken: {path: 'token'}}]}},
      ],
    };
    expect(create(spec)).toMatchObject({
      spec: {
        containers: [
          {
            ports: [{containerPort: 80, protocol: 'TCP'}],
            readinessProbe: {
              httpGet: {path: '/', scheme: 'HTTP'},
              periodSeconds: 10,
              timeoutSeconds: 1,
              failureThreshold: 3,
            },
            env: [{valueFrom: {fieldRef: {apiVersion: 'v1'}}}],
            resources: {requests: {cpu: '1', memory: '1Gi'}},
          },
        ],
        volumes: [
          {name: 'e', emptyDir: {}},
          {configMap: {defaultMode: 420}},
          {projected: {defaultMode: 420, sources: [{serviceAccountToken: {expirationSeconds: 3600}}]}},
        ],
      },
      status: {qosClass: 'Guaranteed'},
    });
  });
});

describe('refusals, in the words of a kube-apiserver', () => {
  const LABEL =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric " +
    "character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
  const rows: {name: string; spec: JsonObject; message: string}[] = [
    {name: 'no container', spec: {containers: []}, message: 'spec.containers: Required value'},
    {
      name: 'a container without an image',
      spec: {containers: [{name: 'c'}]},
      message: 'spec.containers[0].image: Required value',
    },
    {
      name: 'a bad name',
      spec: {containers: [C, {name: 'BAD NAME', image: 'i'}]},
      message: `spec.containers[1].name: Invalid value: "BAD NAME": ${LABEL}`,
    },
    {
      name: 'one name for two containers, of whatever sort',
      spec: {containers: [C], initContainers: [C]},
      message: 'spec.initContainers[0].name: Duplicate value: "c"',
    },
    {
      name: 'an init container with an unknown restart policy',
      spec: {containers: [C], initContainers: [{name: 's', image: 'i', restartPolicy: 'Sometimes'}]},
      message:
        'spec.initContainers[0].restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"',
    },
    {
      name: 'a probe of an init container that ends',
      spec: {containers: [C], initContainers: [{name: 's', image: 'i', readinessProbe: {tcpSocket: {port: 1}}}]},
      message:
        'spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
    },
    {
      name: 'a mount of a volume that is not there',
      spec: {containers: [{...C, volumeMounts: [{name: 'x', mountPath: '/x'}]}]},
      message: 'spec.containers[0].volumeMounts[0].name: Not found: "x"',
    },
    {
      name: 'a host alias that is no address',
      spec: {containers: [C], hostAliases: [{ip: '127.128.0', hostnames: ['foo.bar']}]},
      message:
        'spec.hostAliases[0].ip: Invalid value: "127.128.0": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    },
    {
      name: 'a restart policy that is none',
      spec: {containers: [C], restartPolicy: 'x'},
      message: 'spec.restartPolicy: Unsupported value: "x": supported values: "Always", "OnFailure", "Never"',
    },
  ];
  test.each(rows)('$name', ({spec, message}) => {
    expect(refusal(() => create(spec))).toBe(`Pod "p" is invalid: ${message}`);
  });

  test('an injected sidecar with loopback aliases and the safe sysctl is fine', () => {
    const sidecar = {name: 's', image: 'i', restartPolicy: 'Always', startupProbe: {tcpSocket: {port: 1}}};
    const spec = {
      containers: [C],
      initContainers: [sidecar],
      hostAliases: [{ip: '127.128.0.1', hostnames: ['foo.bar.svc.clusterset.local']}],
      securityContext: {sysctls: [{name: 'net.ipv4.ip_unprivileged_port_start', value: '0'}]},
    };
    expect(create(spec)).toMatchObject({spec: {initContainers: [{restartPolicy: 'Always'}]}});
  });
});

describe('updates', () => {
  function changed(fields: JsonObject): () => JsonObject {
    const made = cluster();
    const live = create({containers: [C]}, made);
    return () => made.api.update(PODS, {...live, spec: {...(live['spec'] as JsonObject), ...fields}});
  }
  const container = {
    ...C,
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'Always',
  };

  test('the image may change', () => {
    expect(changed({containers: [{...container, image: 'j'}]})()).toMatchObject({metadata: {generation: 2}});
  });

  test.each([
    {name: 'the command', fields: {containers: [{...container, command: ['x']}]}},
    {name: 'the host aliases', fields: {hostAliases: [{ip: '127.128.0.1', hostnames: ['a']}]}},
    {name: 'an init container', fields: {initContainers: [container]}},
  ])('$name may not', ({fields}) => {
    expect(refusal(changed(fields))).toContain(
      'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`',
    );
  });
});
