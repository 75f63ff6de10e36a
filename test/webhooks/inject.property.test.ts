import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import type {ImportView, View} from '../../src/clusterset/view.ts';
import {inject} from '../../webhooks/injection/inject.ts';
import type {Pod} from '../../webhooks/injection/pod.ts';
import {importOf, namespaceOf, serviceOf, viewOf} from '../mesh/views.ts';
import {applyPatch} from './apply-patch.ts';
import {bootstrapIn, inputOf} from './pods.ts';

const portNumber = fc.constantFrom(53, 80, 443, 8080, 8081, 9090, 15021);
const protocol = fc.constantFrom('TCP' as const, 'UDP' as const, 'SCTP' as const);
const optional = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null | undefined> =>
  fc.oneof({weight: 3, arbitrary: of}, {weight: 1, arbitrary: fc.constantFrom(null, undefined)});
const handler = fc.oneof(
  portNumber.map((port) => ({httpGet: {port}})),
  fc.constant({httpGet: {port: 'web'}}),
  portNumber.map((port) => ({tcpSocket: {port}})),
  portNumber.map((port) => ({grpc: {port}})),
  fc.constant({}),
);
const container = fc.record({
  name: fc.constantFrom('app', 'b', 'c'),
  ports: optional(
    fc.array(fc.record({containerPort: portNumber, name: fc.constantFrom('web', 'db'), protocol}), {maxLength: 3}),
  ),
  livenessProbe: optional(handler),
  readinessProbe: optional(handler),
  lifecycle: optional(fc.record({postStart: optional(handler), preStop: optional(handler)})),
  securityContext: optional(fc.record({runAsUser: optional(fc.constantFrom(0, 1000, 65531))})),
});
const annotations = fc.dictionary(
  fc.constantFrom(
    'isthmus.dev/capture',
    'isthmus.dev/listen-ports',
    'isthmus.dev/imports',
    'isthmus.dev/status',
    'a~b/c',
  ),
  fc.constantFrom('hosts', 'none', 'iptables', '80', '80,9090', 'shop/s1,s2', ''),
);
const pod: fc.Arbitrary<Pod> = fc
  .record({
    annotations: fc.option(annotations, {nil: undefined}),
    labels: fc.constantFrom({app: 'web'}, {}, {'isthmus.dev/inject': 'disabled'}),
    spec: fc.record({
      containers: fc.array(container, {minLength: 1, maxLength: 3}),
      initContainers: optional(fc.array(container, {maxLength: 2})),
      volumes: optional(fc.array(fc.record({name: fc.constantFrom('data', 'isthmus-run')}), {maxLength: 2})),
      hostAliases: optional(
        fc.array(fc.constant({ip: '192.0.2.1', hostnames: ['s1.shop.svc.clusterset.local']}), {maxLength: 1}),
      ),
      hostNetwork: fc.constantFrom(undefined, false, false, true),
      securityContext: optional(
        fc.record({
          sysctls: optional(
            fc.array(fc.constant({name: 'net.ipv4.ip_unprivileged_port_start', value: '100'}), {maxLength: 1}),
          ),
        }),
      ),
    }),
  })
  .map(({annotations: given, labels, spec}) => {
    const metadata = {name: 'web-0', labels, ...(given !== undefined && {annotations: given})};
    // As it travels: what is undefined is not there.
    return JSON.parse(JSON.stringify({apiVersion: 'v1', kind: 'Pod', metadata, spec})) as Pod;
  });
const imported: fc.Arbitrary<ImportView> = fc
  .record({
    namespace: fc.constantFrom('shop', 'bar'),
    name: fc.constantFrom('s1', 's2', 's3', 's4'),
    type: fc.constantFrom('ClusterSetIP' as const, 'Headless' as const),
    ports: fc.uniqueArray(fc.record({port: portNumber, protocol}), {maxLength: 3, selector: ({port}) => port}),
    clusters: fc.subarray(['cluster-1', 'cluster-2', 'cluster-3']),
  })
  .map(({namespace, name, ...parts}) => importOf(namespace, name, parts));
const view: fc.Arbitrary<View> = fc
  .record({imports: fc.array(imported, {maxLength: 8}), target: fc.oneof(portNumber, fc.constant('web'))})
  .map(({imports, target}) =>
    viewOf({
      imports,
      namespaces: [namespaceOf('shop', {labels: {'isthmus.dev/inject': 'enabled'}})],
      services: [
        serviceOf('shop', 'web', {
          ports: [{name: 'a', port: 1, protocol: 'TCP', targetPort: target, appProtocol: undefined}],
        }),
      ],
    }),
  );

describe('for every pod and every view', () => {
  test('injecting twice is injecting once, whatever the view says the second time', () => {
    fc.assert(
      fc.property(pod, view, view, (given, now, later) => {
        const once = applyPatch(given, inject(given, inputOf(now)).patch);
        // A pod that got no sidecar may be looked at anew under another view; one that has one may not.
        const second = inject(once, inputOf(hasSidecar(once) ? later : now));
        expect(second.patch).toEqual([]);
      }),
      {numRuns: 500},
    );
  });

  test('the patch takes nothing away from what the user wrote', () => {
    fc.assert(
      fc.property(pod, view, (given, now) => {
        const result = applyPatch(given, inject(given, inputOf(now)).patch);
        const without = structuredClone(result) as any;
        expect(without.spec.containers).toEqual(given.spec?.containers);
        for (const list of ['initContainers', 'volumes', 'hostAliases'] as const) {
          for (const item of given.spec?.[list] ?? []) expect(without.spec[list]).toContainEqual(item);
        }
        const {'isthmus.dev/status': _status, ...kept} = given.metadata.annotations ?? {};
        expect(without.metadata.annotations ?? {}).toMatchObject(kept);
      }),
      {numRuns: 300},
    );
  });

  test('no listener stands on a port that the pod declares, and every alias has its listener', () => {
    fc.assert(
      fc.property(pod, view, (given, now) => {
        const injection = inject(given, inputOf(now));
        const result = applyPatch(given, injection.patch);
        fc.pre(hasSidecar(result));
        const {listeners} = bootstrapIn(result).static_resources;
        const declared = [...(given.spec?.containers ?? []), ...(given.spec?.initContainers ?? [])]
          .flatMap((of) => of.ports ?? [])
          .filter((port) => port.protocol === 'TCP')
          .map((port) => port.containerPort);
        for (const {address} of listeners) expect(declared).not.toContain(address.socket_address.port_value);
        const aliases = (result.spec?.hostAliases ?? []).filter(({ip}) => ip.startsWith('127.'));
        expect(aliases).toHaveLength(injection.bound.length);
        expect(new Set(aliases.map(({ip}) => ip)).size).toBe(aliases.length);
      }),
      {numRuns: 300},
    );
  });
});

function hasSidecar(of: Pod): boolean {
  return (of.spec?.initContainers ?? []).some(({name}) => name === 'isthmus-proxy');
}
