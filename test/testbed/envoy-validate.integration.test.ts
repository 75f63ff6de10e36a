import {execFile} from 'node:child_process';
import fc from 'fast-check';
import {beforeAll, describe, expect, test} from 'vitest';

import type {ImportPort, TrafficPolicyType} from '../../src/api/kinds.ts';
import type {ImportView, View} from '../../src/clusterset/view.ts';
import {usablePart} from '../../src/dev/real/part-cache.ts';
import {partNamed} from '../../src/dev/real/parts.ts';
import type {Pod} from '../../webhooks/injection/pod.ts';
import {DEFAULT_SIDECAR_IMAGE, MAX_BOOTSTRAP_BYTES} from '../../webhooks/injection/sidecar.ts';
import {clusterOf, importOf} from '../mesh/views.ts';
import {bootstrapIn, containerOf, podOf} from '../webhooks/pods.ts';
import {injected, injectingView, policyFor} from './injected.ts';
import {missingPart} from './missing-part.ts';
import {expanded, sidecarOf} from './played-pod/played-pod.ts';

const missing = await missingPart('envoy');
if (missing !== undefined) test(`what injection writes is accepted by Envoy (${missing})`, ({skip}) => skip());

interface Verdict {
  readonly code: number;
  readonly log: string;
}

const EVERYBODY = ['cluster-1', 'cluster-2', 'cluster-3'];
const HTTP: ImportPort = {name: 'http', port: 80};
const TCP: ImportPort = {name: 'db', port: 5432};

function clusterIds(count: number): string[] {
  return Array.from({length: count}, (_unused, at) => `cluster-${at + 1}`);
}

function gatewaysAt(host: string): View {
  const gateway = {host, port: 15443, addresses: []};
  const clusters = [clusterOf('cluster-1'), clusterOf('cluster-2', {gateway}), clusterOf('cluster-3', {gateway})];
  return injectingView({clusters, imports: [importOf('bar', 'foo', {ports: [HTTP, TCP], clusters: EVERYBODY})]});
}

function routedBy(lbType: TrafficPolicyType, clusters = EVERYBODY, own: 'exports' | 'imports' = 'exports'): View {
  const exporters = own === 'exports' ? clusters : clusters.filter((id) => id !== 'cluster-1');
  const targets = (lbType === 'Locality' ? exporters.slice(0, 1) : exporters).map((clusterKey, at) => ({
    clusterKey,
    weight: at * 500_000,
    ...(lbType === 'FailOver' && {priority: at}),
  }));
  return injectingView({
    clusters: clusters.map((id) => clusterOf(id)),
    imports: [importOf('bar', 'foo', {ports: [HTTP, TCP], clusters: exporters})],
    more: policyFor({lbType, targets}) ?? {},
  });
}

function many(count: number, parts: Partial<ImportView>): View {
  const imports = Array.from({length: count}, (_unused, at) => importOf('bar', `service-${at}`, parts));
  return injectingView({imports});
}

const LONGEST = 'n'.repeat(63);

const ROWS: readonly {readonly name: string; readonly view: View; readonly pod?: Pod; readonly listeners?: number}[] = [
  {name: 'nothing imported', view: injectingView({}), listeners: 1},
  {name: 'HTTP', view: injectingView({imports: [importOf('bar', 'foo')]}), listeners: 2},
  {name: 'HTTP at home and elsewhere', view: injectingView({imports: [importOf('bar', 'foo', {clusters: EVERYBODY})]})},
  {
    name: 'TCP through gateways',
    view: injectingView({imports: [importOf('bar', 'foo', {ports: [TCP]})]}),
    listeners: 2,
  },
  {
    name: 'TCP at home',
    view: injectingView({imports: [importOf('bar', 'foo', {ports: [TCP], clusters: EVERYBODY})]}),
    listeners: 2,
  },
  {
    name: 'both on one name',
    view: injectingView({imports: [importOf('bar', 'foo', {ports: [HTTP, TCP]})]}),
    listeners: 3,
  },
  {
    name: 'a dual-stack import, IPv4 first',
    view: injectingView({imports: [importOf('bar', 'foo', {ips: ['10.96.0.10', 'fd00::10']})]}),
  },
  {
    name: 'a dual-stack import, IPv6 first',
    view: injectingView({imports: [importOf('bar', 'foo', {ips: ['fd00::10', '10.96.0.10']})]}),
  },
  {name: 'gateways by IPv4 address', view: gatewaysAt('192.0.2.7')},
  {name: 'gateways by IPv6 address', view: gatewaysAt('2001:db8::7')},
  {name: 'gateways by the longest name', view: gatewaysAt([LONGEST, LONGEST, LONGEST, 'n'.repeat(61)].join('.'))},
  {name: 'FailOver', view: routedBy('FailOver')},
  {name: 'ActiveActive', view: routedBy('ActiveActive')},
  {name: 'Locality', view: routedBy('Locality')},
  {name: 'FailOver over 200 clusters, each a tier of its own', view: routedBy('FailOver', clusterIds(200), 'imports')},
  {name: 'ActiveActive over 200 clusters', view: routedBy('ActiveActive', clusterIds(200), 'imports')},
  {
    name: 'nobody who serves HTTP',
    view: injectingView({imports: [importOf('bar', 'foo', {clusters: []})]}),
    listeners: 2,
  },
  {
    name: 'nobody who serves TCP',
    view: injectingView({imports: [importOf('bar', 'foo', {ports: [TCP], clusters: []})]}),
    listeners: 1,
  },
  {
    name: 'nobody, for 300 reasons',
    view: injectingView({imports: [importOf('bar', 'foo', {clusters: clusterIds(300).map((id) => `${id}-unknown`)})]}),
  },
  {name: 'names of 63 characters', view: injectingView({imports: [importOf(LONGEST, LONGEST, {clusters: EVERYBODY})]})},
  {
    name: 'every port from 1 to 40 on one name',
    view: injectingView({
      imports: [importOf('bar', 'foo', {ports: Array.from({length: 40}, (_unused, at) => ({port: at + 1}))})],
    }),
  },
  {name: 'more names than fit, one exporter', view: many(200, {})},
  {
    name: 'more names than fit, three exporters and two ports',
    view: many(200, {ports: [HTTP, TCP], clusters: EVERYBODY}),
  },
  {
    name: 'places with dollar signs and quotes',
    view: injectingView({
      clusters: [clusterOf('cluster-1', {region: '$(HOME)', zone: '$$"\\\u2028{%'}), clusterOf('cluster-2')],
      imports: [importOf('bar', 'foo')],
    }),
  },
  {
    name: 'a pod that has taken the first ready port',
    view: injectingView({imports: [importOf('bar', 'foo')]}),
    pod: podOf({containers: [containerOf({ports: [{containerPort: 15_021}]})]}),
    listeners: 2,
  },
];

describe.runIf(missing === undefined)('what injection writes is accepted by Envoy', () => {
  let envoy: string;
  beforeAll(async () => {
    envoy = await usablePart('envoy');
  });

  /** Envoy's judgement of the very arguments that stand in the pod. */
  function validate(args: readonly string[]): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      execFile(envoy, [...args.map(expanded), '--mode', 'validate'], {timeout: 20_000}, (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number') reject(error);
        else resolve({code: Number(error?.code ?? 0), log: stdout + stderr});
      });
    });
  }

  async function expectAccepted(pod: Pod): Promise<void> {
    const {args} = sidecarOf(pod);
    const {code, log} = await validate(args);
    expect(code, log.slice(-2_000)).toBe(0);
    expect(log, 'nothing in it is about to be removed from Envoy').not.toMatch(/deprecated/i);
    expect(Math.max(...args.map((argument) => Buffer.byteLength(argument)))).toBeLessThanOrEqual(MAX_BOOTSTRAP_BYTES);
  }

  test.each(ROWS)('$name', async ({view, pod, listeners}) => {
    const result = injected(view, pod);
    await expectAccepted(result.pod);
    const names = bootstrapIn(result.pod).static_resources.listeners.map((of: {name: string}) => of.name);
    if (listeners !== undefined) expect(names).toHaveLength(listeners);
    expect(new Set(names).size).toBe(names.length);
  });

  test('for the first names of any view', {timeout: 60_000}, async () => {
    await fc.assert(
      fc.asyncProperty(anyView, async (view) => {
        const {pod} = injected(view);
        await expectAccepted(pod);
      }),
      {numRuns: 40},
    );
  });

  test('and Envoy does judge: a field that it does not know, and a value that it does not take, are refused', async () => {
    const {pod} = injected(injectingView({imports: [importOf('bar', 'foo')]}));
    const {args} = sidecarOf(pod);
    const spoiled = (from: string, to: string): string[] => args.map((argument) => argument.replace(from, to));
    expect(await validate(spoiled('"retry_on"', '"retry_if"'))).toMatchObject({
      code: 1,
      log: expect.stringContaining('retry_if'),
    });
    expect(await validate(spoiled('"dns_refresh_rate":"30s"', '"dns_refresh_rate":"0s"'))).toMatchObject({code: 1});
  });

  test('and it is the version of the image that injection writes', async () => {
    const {code, log} = await validate(['--version']);
    expect(code).toBe(0);
    expect(DEFAULT_SIDECAR_IMAGE).toBe(`envoyproxy/envoy:distroless-v${partNamed('envoy').version}`);
    expect(log).toContain(`/${partNamed('envoy').version}/`);
  });
});

const port: fc.Arbitrary<ImportPort> = fc.record(
  {
    port: fc.oneof(fc.constantFrom(1, 80, 443, 5432, 65_535), fc.integer({min: 1, max: 65_535})),
    name: fc.constantFrom('http', 'grpc', 'db', ''),
    appProtocol: fc.constantFrom('http', 'https', 'kubernetes.io/h2c', 'redis'),
    protocol: fc.constantFrom('TCP' as const, 'TCP' as const, 'TCP' as const, 'UDP' as const),
  },
  {requiredKeys: ['port']},
);
const ids = fc.subarray(clusterIds(6));
const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/);
const imported: fc.Arbitrary<ImportView> = fc
  .record({
    namespace: fc.constantFrom('shop', 'bar'),
    name: fc.oneof(fc.constant('foo'), label),
    ports: fc.uniqueArray(port, {minLength: 1, maxLength: 4, selector: (of) => of.port}),
    clusters: ids,
    readyClusters: fc.option(ids, {nil: undefined}),
    ips: fc.constantFrom([], ['10.96.0.10'], ['fd00::10'], ['10.96.0.10', 'fd00::10']),
  })
  .map(({namespace, name, ...parts}) => importOf(namespace, name, parts));
const anyView: fc.Arbitrary<View> = fc
  .record({
    imports: fc.array(imported, {minLength: 1, maxLength: 12}),
    hosts: fc.array(fc.constantFrom('gw.example.org', '192.0.2.7', '2001:db8::7', undefined), {
      minLength: 6,
      maxLength: 6,
    }),
    health: fc.array(fc.constantFrom('Alive' as const, 'Dead' as const, 'Unknown' as const), {
      minLength: 6,
      maxLength: 6,
    }),
    place: fc.string({unit: 'grapheme', maxLength: 63}),
    policy: fc.record({
      lbType: fc.constantFrom<TrafficPolicyType>('Locality', 'FailOver', 'ActiveActive'),
      preferClosest: fc.constantFrom('None' as const, 'Zone' as const, 'Region' as const),
      targets: fc.array(
        fc.record(
          {
            clusterKey: fc.constantFrom(...clusterIds(6)),
            weight: fc.constantFrom(0, 1, 70, 1_000_000),
            priority: fc.nat({max: 4}),
          },
          {requiredKeys: ['clusterKey']},
        ),
        {maxLength: 6},
      ),
    }),
  })
  .map(({imports, hosts, health, place, policy}) =>
    injectingView({
      imports,
      clusters: clusterIds(6).map((id, at) => {
        const host = hosts[at];
        const gateway = host === undefined ? undefined : {host, port: 15443 + at, addresses: []};
        return clusterOf(id, {gateway, gatewayHealth: health[at] ?? 'Unknown', zone: place});
      }),
      more: policyFor(policy) ?? {},
    }),
  );
