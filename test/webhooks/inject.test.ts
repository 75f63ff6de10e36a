import {beforeAll, describe, expect, test} from 'vitest';
import type {ImportView, View} from '../../src/clusterset/view.ts';
import {inject} from '../../webhooks/injection/inject.ts';
import type {Injection, InjectionInput} from '../../webhooks/injection/inject.ts';
import type {Container, Pod, PodSpec} from '../../webhooks/injection/pod.ts';
import {MAX_BOOTSTRAP_BYTES, SIDECAR_UID} from '../../webhooks/injection/sidecar.ts';
import {loadEnvoySchema} from '../mesh/envoy-schema.ts';
import {clusterOf, importOf, namespaceOf, serviceOf, viewOf} from '../mesh/views.ts';
import {applyPatch} from './apply-patch.ts';
import {bootstrapIn, containerOf, inputOf, podOf} from './pods.ts';

let parseBootstrap: (json: unknown) => void;
beforeAll(async () => {
  ({parseBootstrap} = await loadEnvoySchema());
}, 120_000);

const FOO = importOf('bar', 'foo');
const enabled = namespaceOf('shop', {labels: {'isthmus.dev/inject': 'enabled'}});

function viewWith(imports: readonly ImportView[] = [FOO], parts: Parameters<typeof viewOf>[0] = {}): View {
  return viewOf({imports, namespaces: [enabled], ...parts});
}

/** Injects, applies the patch, and judges the bootstrap by Envoy's schema wherever there is one. */
function run(pod: Pod, view = viewWith(), more: Partial<InjectionInput> = {}): Injection & {readonly pod: any} {
  const injection = inject(pod, inputOf(view, more));
  const result = applyPatch(pod, injection.patch);
  if (injection.patch.length > 1) parseBootstrap(bootstrapIn(result));
  return {...injection, pod: result};
}

describe('an injected pod', () => {
  test('has the sidecar first of its init containers, as a native sidecar', () => {
    const {pod} = run(podOf({initContainers: [containerOf({name: 'migrate'})]}));
    expect(pod.spec.initContainers.map(({name}: Container) => name)).toEqual(['isthmus-proxy', 'migrate']);
    expect(pod.spec.initContainers[0].restartPolicy).toBe('Always');
    expect(pod.spec.initContainers[0].startupProbe.httpGet).toEqual({path: '/ready', port: 15021});
    expect(pod.spec.containers).toEqual(podOf().spec?.containers);
  });

  test('passes the restricted Pod Security Standard', () => {
    const {pod} = run(podOf());
    const {securityContext} = pod.spec.initContainers[0];
    expect(securityContext).toMatchObject({
      runAsUser: SIDECAR_UID,
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: {drop: ['ALL']},
      seccompProfile: {type: 'RuntimeDefault'},
    });
    expect(pod.spec.volumes).toEqual([{name: 'isthmus-run', emptyDir: {sizeLimit: '1Mi'}}]);
    expect(pod.spec.securityContext.sysctls).toEqual([{name: 'net.ipv4.ip_unprivileged_port_start', value: '0'}]);
  });

  test('runs the Envoy that it is told to, without hot restart, with its configuration in one argument', () => {
    const {pod} = run(podOf(), viewWith(), {sidecarImage: 'example.org/envoy:1'});
    const [sidecar] = pod.spec.initContainers;
    expect(sidecar.image).toBe('example.org/envoy:1');
    expect(sidecar.args).toContain('--disable-hot-restart');
    expect(bootstrapIn(pod).node.cluster).toBe('shop');
  });

  test('has an alias for each bound name on the very address where the sidecar listens for it', () => {
    const {pod, bound} = run(podOf(), viewWith([FOO, importOf('shop', 'cart')]));
    const listening = new Map(
      bootstrapIn(pod).static_resources.listeners.map((of: any) => [of.name, of.address.socket_address.address]),
    );
    expect(pod.spec.hostAliases).toEqual([
      {ip: listening.get('80.cart.shop'), hostnames: ['cart.shop.svc.clusterset.local']},
      {ip: listening.get('80.foo.bar'), hostnames: ['foo.bar.svc.clusterset.local']},
    ]);
    expect(pod.spec.hostAliases[0].ip).toMatch(/^127\.(12[89]|1[3-9]\d|2\d\d)\./);
    expect(bound).toEqual(['shop/cart', 'bar/foo']);
  });

  test("keeps the user's own aliases, and leaves a name that they define to them", () => {
    const hostAliases = [{ip: '192.0.2.1', hostnames: ['Foo.bar.svc.clusterset.local', 'x.example.org']}];
    const {pod, bound, warnings} = run(podOf({hostAliases}));
    expect(pod.spec.hostAliases).toEqual(hostAliases);
    expect(bound).toEqual([]);
    expect(warnings.join()).toContain("defined by the pod's own hostAliases");
  });

  test('says in its status what is bound and which ports it took for busy', () => {
    const pod = podOf({containers: [containerOf({ports: [{containerPort: 8080}]})]});
    const status = JSON.parse(run(pod).pod.metadata.annotations['isthmus.dev/status']);
    expect(status).toEqual({capture: 'hosts', bound: ['bar/foo'], busyPorts: [8080, 15021]});
  });

  test('has a sidecar also while nothing is imported', () => {
    const {pod, bound, warnings} = run(podOf(), viewWith([]));
    expect(pod.spec.initContainers).toHaveLength(1);
    expect([pod.spec.hostAliases, bound, warnings]).toEqual([undefined, [], []]);
  });

  test('is made with a pod that has none of the optional parts', () => {
    const bare: Pod = {apiVersion: 'v1', kind: 'Pod', metadata: {name: 'bare'}, spec: {containers: [containerOf()]}};
    const {pod} = run(bare);
    expect(pod.spec.initContainers).toHaveLength(1);
    expect(pod.spec.securityContext.sysctls).toHaveLength(1);
  });
});

describe('whether a pod is injected', () => {
  type Case = {name: string; pod?: Pod; view?: View; more?: Partial<InjectionInput>; injected: boolean; warns?: RegExp};
  const namespaceWith = (parts: Parameters<typeof namespaceOf>[1], name = 'shop'): View =>
    viewWith([FOO], {namespaces: [namespaceOf(name, parts)]});
  const monitored = (annotation?: string): View =>
    namespaceWith({
      labels: {'flomesh.io/monitored-by': 'fsm'},
      annotations: annotation === undefined ? {} : {'flomesh.io/sidecar-injection': annotation},
    });
  const byFsm = {selectedBy: 'monitored'} as const;
  const saying = (annotation: string): Pod => podOf({}, {annotations: {'flomesh.io/sidecar-injection': annotation}});
  test.each<Case>([
    {name: 'namespace enabled', injected: true},
    {name: 'namespace required', view: namespaceWith({labels: {'isthmus.dev/inject': 'required'}}), injected: true},
    {name: 'namespace disabled', view: namespaceWith({labels: {'isthmus.dev/inject': 'disabled'}}), injected: false},
    {name: 'namespace without a label', view: namespaceWith({}), injected: false},
    {name: 'namespace not in the view yet', view: viewWith([FOO], {namespaces: []}), injected: true},
    {name: 'pod label disabled', pod: podOf({}, {labels: {'isthmus.dev/inject': 'disabled'}}), injected: false},
    {
      name: 'pod annotation disabled',
      pod: podOf({}, {annotations: {'isthmus.dev/inject': 'disabled'}}),
      injected: false,
    },
    {
      name: "Isthmus' own namespace",
      view: namespaceWith({labels: {'isthmus.dev/inject': 'enabled'}}, 'isthmus-system'),
      more: {namespace: 'isthmus-system'},
      injected: false,
    },
    {
      name: 'kube-system',
      view: namespaceWith({labels: {'isthmus.dev/inject': 'enabled'}}, 'kube-system'),
      more: {namespace: 'kube-system'},
      injected: false,
    },
    {name: 'FSM: monitored and annotated', view: monitored('enabled'), more: byFsm, injected: true},
    {name: 'FSM: monitored, says Yes', view: monitored('Yes'), more: byFsm, injected: true},
    {name: 'FSM: monitored alone', view: monitored(), more: byFsm, injected: false},
    {name: 'FSM: the pod says yes', pod: saying('true'), view: monitored(), more: byFsm, injected: true},
    {name: 'FSM: the pod says no', pod: saying('no'), view: monitored('enabled'), more: byFsm, injected: false},
    {
      name: 'FSM: a namespace not in the view yet',
      view: viewWith([FOO], {namespaces: []}),
      more: byFsm,
      injected: false,
    },
    {name: "FSM's pod switch off under our label", pod: saying('disabled'), injected: false},
    {name: 'hostNetwork', pod: podOf({hostNetwork: true}), injected: false, warns: /network of its node/},
    {
      name: 'a container of its own that is named like the sidecar',
      pod: podOf({containers: [{name: 'isthmus-proxy'}]}),
      injected: false,
      warns: /give it another name/,
    },
    {name: 'Windows by os', pod: podOf({os: {name: 'windows'}}), injected: false, warns: /Windows/},
    {
      name: 'Windows by nodeSelector',
      pod: podOf({nodeSelector: {'kubernetes.io/os': 'windows'}}),
      injected: false,
      warns: /Windows/,
    },
    {name: 'Linux by os', pod: podOf({os: {name: 'linux'}}), injected: true},
    {
      name: "a container with the sidecar's uid",
      pod: podOf({containers: [containerOf({securityContext: {runAsUser: SIDECAR_UID}})]}),
      injected: false,
      warns: /container app runs as uid 65531/,
    },
    {
      name: "a pod with the sidecar's uid",
      pod: podOf({securityContext: {runAsUser: SIDECAR_UID}}),
      injected: false,
      warns: /uid 65531/,
    },
    {
      name: "the sidecar's uid for the pod, another one for its container",
      pod: podOf({
        securityContext: {runAsUser: SIDECAR_UID},
        containers: [containerOf({securityContext: {runAsUser: 1000}})],
      }),
      injected: true,
    },
    {
      name: "a volume with the sidecar's name",
      pod: podOf({volumes: [{name: 'isthmus-run'}]}),
      injected: false,
      warns: /volume named isthmus-run/,
    },
    {
      name: 'every readiness port taken',
      pod: podOf(
        {},
        {annotations: {'isthmus.dev/listen-ports': Array.from({length: 10}, (_, at) => 15021 + at).join()}},
      ),
      injected: false,
      warns: /all ports 15021-15030/,
    },
  ])('$name: $injected', ({pod = podOf(), view, more, injected, warns}) => {
    const {patch, warnings} = run(pod, view, more);
    expect(patch.length > 0).toBe(injected);
    if (warns === undefined) expect(warnings).toEqual([]);
    else expect(warnings.join()).toMatch(warns);
  });
});

describe('capture', () => {
  const capturing = (capture: string): Pod => podOf({}, {annotations: {'isthmus.dev/capture': capture}});
  test.each([
    {capture: 'none', warns: undefined},
    {capture: 'iptables', warns: /iptables is not available yet/},
    {capture: 'magic', warns: /magic is not one of/},
  ])('$capture writes the status and nothing else', ({capture, warns}) => {
    const {patch, warnings, pod} = run(capturing(capture));
    expect(patch).toEqual([
      {op: 'add', path: '/metadata/annotations/isthmus.dev~1status', value: '{"capture":"none"}'},
    ]);
    if (warns === undefined) expect(warnings).toEqual([]);
    else expect(warnings.join()).toMatch(warns);
    expect(inject(pod, inputOf(viewWith())).patch).toEqual([]);
  });

  test('of the namespace counts where the pod says nothing, and the pod overrules it', () => {
    const annotations = {'isthmus.dev/capture': 'none'};
    const view = viewWith([FOO], {namespaces: [namespaceOf('shop', {labels: enabled.labels, annotations})]});
    expect(run(podOf(), view).pod.spec.initContainers).toBeUndefined();
    expect(run(capturing('hosts'), view).pod.spec.initContainers).toHaveLength(1);
  });
});

describe('a port that is busy in the pod keeps a name from being bound', () => {
  const http = (port: number | string): {httpGet: {port: number | string}} => ({httpGet: {port}});
  const named = [{containerPort: 80, name: 'web'}];
  const busy: readonly {name: string; spec: Partial<PodSpec>; view?: View; annotations?: Record<string, string>}[] = [
    {name: 'a container port', spec: {containers: [containerOf({ports: [{containerPort: 80}]})]}},
    {
      name: 'a port of another init container',
      spec: {initContainers: [containerOf({name: 'i', ports: [{containerPort: 80, protocol: 'TCP'}]})]},
    },
    {name: 'a liveness probe', spec: {containers: [containerOf({livenessProbe: http(80)})]}},
    {name: 'a readiness probe by name', spec: {containers: [containerOf({ports: named, readinessProbe: http('web')})]}},
    {name: 'a startup probe by gRPC', spec: {containers: [containerOf({startupProbe: {grpc: {port: 80}}})]}},
    {name: 'a TCP probe', spec: {containers: [containerOf({livenessProbe: {tcpSocket: {port: 80}}})]}},
    {name: 'a postStart hook', spec: {containers: [containerOf({lifecycle: {postStart: http(80)}})]}},
    {name: 'a preStop hook', spec: {containers: [containerOf({lifecycle: {preStop: {tcpSocket: {port: 80}}}})]}},
    {
      name: 'the targetPort of a Service that selects the pod',
      spec: {},
      view: viewWith([FOO], {services: [serviceOf('shop', 'web', {ports: [portTo(80)]})]}),
    },
    {
      name: 'a named targetPort, resolved in the pod',
      spec: {containers: [containerOf({ports: [{containerPort: 80, name: 'web'}]})]},
      view: viewWith([FOO], {services: [serviceOf('shop', 'web', {ports: [portTo('web')]})]}),
    },
    {name: 'the annotation listen-ports', spec: {}, annotations: {'isthmus.dev/listen-ports': '9000, 80'}},
  ];
  test.each(busy)('$name', ({spec, view, annotations}) => {
    const {bound, warnings} = run(podOf(spec, annotations && {annotations}), view);
    expect(bound).toEqual([]);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^isthmus: imported names: 0 through the sidecar; through DNS and the gateway: 1 on a port that this pod listens on itself \(80\)$/,
      ),
    ]);
  });

  function portTo(targetPort: number | string): ReturnType<typeof serviceOf>['ports'][number] {
    return {name: 'http', port: 8000, protocol: 'TCP', targetPort, appProtocol: undefined};
  }

  const free: readonly {name: string; spec: Partial<PodSpec>; view?: View}[] = [
    {name: 'a UDP container port', spec: {containers: [containerOf({ports: [{containerPort: 80, protocol: 'UDP'}]})]}},
    {
      name: 'a Service of another namespace',
      spec: {},
      view: viewWith([FOO], {services: [serviceOf('other', 'web', {ports: [portTo(80)]})]}),
    },
    {
      name: 'a Service that selects other pods',
      spec: {},
      view: viewWith([FOO], {services: [serviceOf('shop', 'x', {selector: {app: 'x'}, ports: [portTo(80)]})]}),
    },
    {
      name: 'a Service without a selector',
      spec: {},
      view: viewWith([FOO], {services: [serviceOf('shop', 'web', {selector: {}, ports: [portTo(80)]})]}),
    },
    {
      name: 'a UDP port of the name that a Service means for TCP',
      spec: {containers: [containerOf({ports: [{containerPort: 80, name: 'web', protocol: 'UDP'}]})]},
      view: viewWith([FOO], {services: [serviceOf('shop', 'web', {ports: [portTo('web')]})]}),
    },
    {
      name: 'a targetPort name that the pod does not have',
      spec: {},
      view: viewWith([FOO], {services: [serviceOf('shop', 'web', {ports: [portTo('none')]})]}),
    },
    {
      name: "a Service's own port, which nobody listens on",
      spec: {},
      view: viewWith([FOO], {services: [serviceOf('shop', 'web')]}),
    },
  ];
  test.each(free)('but not $name', ({spec, view}) => {
    expect(run(podOf(spec), view).bound).toEqual(['bar/foo']);
  });

  test("nor is one bound on the sidecar's own port, which moves out of the pod's way", () => {
    const ready = importOf('bar', 'ready', {ports: [{port: 15021}]});
    expect(run(podOf(), viewWith([ready])).bound).toEqual([]);
    const taken = podOf({containers: [containerOf({ports: [{containerPort: 15021}]})]});
    const {pod} = run(taken);
    expect(pod.spec.initContainers[0].startupProbe.httpGet.port).toBe(15022);
    expect(bootstrapIn(pod).static_resources.listeners[0].address.socket_address.port_value).toBe(15022);
  });

  test('a part of listen-ports that is no port is said, and the others count', () => {
    const {bound, warnings} = run(podOf({}, {annotations: {'isthmus.dev/listen-ports': 'http,80,0,70000'}}));
    expect(bound).toEqual([]);
    expect(warnings.filter((text) => text.includes('is not a port'))).toHaveLength(3);
  });
});

describe('which names are bound', () => {
  test("the pod's own namespace first, then the others by name, at most 64, and one warning with the count", () => {
    // Without an exporter, so that 64 of them fit.
    const small = {clusters: [], ports: [{port: 5432}]};
    const imports = [
      ...Array.from({length: 60}, (_, at) => importOf('aaa', `s${String(at).padStart(2, '0')}`, small)),
      ...Array.from({length: 10}, (_, at) => importOf('shop', `s${at}`, small)),
    ];
    const {bound, warnings} = run(podOf(), viewWith(imports));
    expect(bound).toHaveLength(64);
    expect(bound.slice(0, 10)).toEqual(Array.from({length: 10}, (_, at) => `shop/s${at}`));
    expect(bound[10]).toBe('aaa/s00');
    expect(warnings).toEqual([
      expect.stringContaining('gateway: 6 over the limit of 64 (choose with isthmus.dev/imports)'),
    ]);
  });

  test('those of isthmus.dev/imports and no others, in either form', () => {
    const imports = [FOO, importOf('shop', 'cart'), importOf('shop', 'other')];
    const annotations = {'isthmus.dev/imports': 'bar/foo, cart, gone, '};
    const {bound, warnings} = run(podOf({}, {annotations}), viewWith(imports));
    expect(bound).toEqual(['bar/foo', 'shop/cart']);
    expect(warnings).toEqual([
      'isthmus: imported names: 2 through the sidecar; 1 of isthmus.dev/imports not imported here with type ClusterSetIP',
    ]);
  });

  test.each<{name: string; of: Partial<ImportView>; says: RegExp | undefined}>([
    {name: 'a Headless import, which DNS answers with its pods', of: {type: 'Headless'}, says: undefined},
    {
      name: 'one with a UDP port beside the TCP one',
      of: {ports: [{port: 80}, {port: 53, protocol: 'UDP'}]},
      says: /not TCP/,
    },
    {name: 'one with an SCTP port', of: {ports: [{port: 80, protocol: 'SCTP'}]}, says: /not TCP/},
    {name: 'one without ports', of: {ports: []}, says: /not TCP, or with none/},
  ])('never $name', ({of, says}) => {
    const {bound, warnings} = run(podOf(), viewWith([importOf('bar', 'foo', of)]));
    expect(bound).toEqual([]);
    if (says === undefined) expect(warnings).toEqual([]);
    else expect(warnings.join()).toMatch(says);
  });

  test('one of whose ports is busy is not bound at all', () => {
    const both = importOf('bar', 'foo', {ports: [{port: 80}, {port: 81}]});
    const pod = podOf({containers: [containerOf({ports: [{containerPort: 81}]})]});
    expect(run(pod, viewWith([both])).bound).toEqual([]);
  });

  test("a low port only where the pod's own sysctl lets it, which is kept", () => {
    const sysctls = [{name: 'net.ipv4.ip_unprivileged_port_start', value: '443'}];
    const imports = [FOO, importOf('bar', 'tls', {ports: [{port: 443}]})];
    const {bound, warnings, pod} = run(podOf({securityContext: {sysctls}}), viewWith(imports));
    expect(bound).toEqual(['bar/tls']);
    expect(warnings.join()).toMatch(/below the pod's own net\.ipv4/);
    expect(pod.spec.securityContext.sysctls).toEqual(sysctls);
  });

  test('beside other sysctls, ours is added', () => {
    const sysctls = [{name: 'net.ipv4.tcp_syncookies', value: '1'}];
    expect(run(podOf({securityContext: {sysctls}})).pod.spec.securityContext.sysctls).toHaveLength(2);
  });

  test('fewer where the configuration would be over 96 KiB, those preferred least left out, and said', () => {
    const clusters = Array.from({length: 60}, (_, at) => clusterOf(`cluster-${at}`));
    const exporters = clusters.map(({id}) => id);
    const imports = Array.from({length: 64}, (_, at) =>
      importOf('shop', `s${String(at).padStart(2, '0')}`, {clusters: exporters}),
    );
    const {bound, warnings, pod} = run(podOf(), viewWith(imports, {clusters}));
    const argument = pod.spec.initContainers[0].args[1];
    expect(Buffer.byteLength(argument)).toBeLessThanOrEqual(MAX_BOOTSTRAP_BYTES);
    expect(bound.length).toBeGreaterThan(3);
    expect(bound).toEqual(Array.from({length: bound.length}, (_, at) => `shop/s${String(at).padStart(2, '0')}`));
    expect(pod.spec.hostAliases).toHaveLength(bound.length);
    expect(warnings).toEqual([expect.stringContaining(`${64 - bound.length} for which the configuration has no room`)]);
  });
});

describe('a second pass', () => {
  test('leaves an injected pod alone, also with another view', () => {
    const first = run(podOf());
    for (const view of [viewWith(), viewWith([]), viewWith([FOO, importOf('shop', 'new')])]) {
      expect(inject(first.pod, inputOf(view))).toEqual({patch: [], warnings: [], bound: []});
    }
  });

  test('injects a pod that only brings the annotation of another', () => {
    const {pod} = run(podOf({}, {annotations: {'isthmus.dev/status': '{"bound":["bar/foo"]}'}}));
    expect(pod.spec.initContainers).toHaveLength(1);
  });
});

test('dollar signs reach Envoy as they are: the kubelet expands $(NAME) in arguments', () => {
  const gateway = {host: 'gw-$(HOME)-$$.example.org', port: 443, addresses: []};
  const {pod} = run(podOf(), viewWith([FOO], {clusters: [clusterOf('cluster-2', {gateway})]}));
  const argument: string = pod.spec.initContainers[0].args[1];
  expect(argument).toContain('gw-$$(HOME)-$$$$.example.org');
  expect(JSON.stringify(bootstrapIn(pod))).toContain('gw-$(HOME)-$$.example.org');
});
