import {mkdtemp} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, afterEach, beforeAll, describe, expect, test} from 'vitest';

import type {ImportPort} from '../../src/api/kinds.ts';
import type {ImportView, View} from '../../src/clusterset/view.ts';
import {usablePart} from '../../src/dev/real/part-cache.ts';
import {killById} from '../../src/dev/real/kill-by-id.ts';
import type {KeptProcess} from '../../src/dev/real/process-keeper.ts';
import {ProcessKeeper} from '../../src/dev/real/process-keeper.ts';
import {until} from '../../src/dev/real/until.ts';
import type {Pod} from '../../webhooks/injection/pod.ts';
import {clusterOf, importOf} from '../mesh/views.ts';
import {bootstrapIn} from '../webhooks/pods.ts';
import {injected, injectingView, policyFor} from './injected.ts';
import {missingPart} from './missing-part.ts';
import type {Outcome, Step} from './played-pod/caller.ts';
import {missingForPods} from './played-pod/namespaces.ts';
import {openSockets} from './played-pod/open-sockets.ts';
import {NAME_SERVER, PlayedPod, POD_ADDRESS, saysIt, sidecarOf} from './played-pod/played-pod.ts';

const missing = (await missingPart('envoy')) ?? (await missingForPods());
if (missing !== undefined) test(`a sidecar as injected (${missing})`, ({skip}) => skip());

const GATEWAYS = {'cluster-2': '10.2.0.1', 'cluster-3': '10.3.0.1'} as const;
const SERVICE = '10.96.0.10';
const NAMES = {
  'gw.cluster-2.example.org': GATEWAYS['cluster-2'],
  'gw.cluster-3.example.org': GATEWAYS['cluster-3'],
  'foo.bar.svc.cluster.local': SERVICE,
  'gw.six.example.org': 'fd00::2',
};
const HTTP: ImportPort = {name: 'http', port: 80};
const TCP: ImportPort = {name: 'db', port: 5432};
const URL_OF_FOO = 'http://foo.bar.svc.clusterset.local';
const HOST_OF_FOO = 'foo.bar.svc.clusterset.local';

type Actor = keyof typeof GATEWAYS | 'local' | 'local-tcp' | 'six';

describe.runIf(missing === undefined)('a sidecar as injected', () => {
  let keeper: ProcessKeeper;
  let dir: string;
  let envoy: string;
  let pods = 0;

  beforeAll(async () => {
    envoy = await usablePart('envoy');
    dir = await mkdtemp(join(tmpdir(), 'isthmus-envoy-'));
    keeper = new ProcessKeeper(dir, {removeDir: true});
  });
  afterAll(async () => {
    await keeper.close();
  });
  const stopAll = async (): Promise<void> => {
    const {running} = keeper;
    await Promise.all(running.map((one) => one.kill()));
    expect(running.filter(({pid}) => killById(pid, 0))).toEqual([]);
  };

  interface Running {
    readonly pod: Pod;
    readonly played: PlayedPod;
    readonly sidecar: KeptProcess;
    readonly names: KeptProcess;
    actor(who: Actor): Promise<KeptProcess>;
    call(...steps: readonly Step[]): Promise<readonly Outcome[]>;
  }

  /** A pod with its sidecar ready, and whoever is meant to be there before it. */
  async function start(view: View, actors: readonly Actor[], o: {silentNames?: boolean} = {}): Promise<Running> {
    const {pod} = injected(view);
    const addresses = [SERVICE, ...Object.values(GATEWAYS), 'fd00::2'];
    const played = await PlayedPod.start({keeper, dir, name: `pod-${pods++}`, envoy, pod, addresses});
    const table = o.silentNames === true ? [] : [JSON.stringify(NAMES)];
    const names = played.startActor('name-server.ts', [NAME_SERVER, ...table]);
    const actor = async (who: Actor): Promise<KeptProcess> => {
      const started = played.startActor('gateway.ts', placeOf(who));
      await saysIt(started, 'listening');
      return started;
    };
    await Promise.all([saysIt(names, 'listening'), ...actors.map(actor)]);
    const sidecar = played.startSidecar();
    const call = async (...steps: readonly Step[]): Promise<readonly Outcome[]> =>
      (await played.ask('caller.ts', [JSON.stringify(steps)])) as Outcome[];
    const {httpGet} = probeOf(pod);
    const ready = async (): Promise<boolean> => {
      if (!sidecar.running) throw new Error(`the sidecar ended: ${sidecar.logTail()}`);
      const [outcome] = await call({http: `http://${POD_ADDRESS}:${httpGet.port}${httpGet.path}`});
      return outcome?.status === 200;
    };
    await until('the startup probe to pass', ready, {deadlineMs: 20_000, why: () => sidecar.logTail()});
    return {pod, played, sidecar, names, actor, call};
  }

  function importing(parts: Partial<ImportView>, more?: ReturnType<typeof policyFor>): View {
    return injectingView({imports: [importOf('bar', 'foo', {ports: [HTTP, TCP], ...parts})], ...(more && {more})});
  }

  describe('with one exporter elsewhere', () => {
    let running: Running;
    beforeAll(async () => {
      running = await start(importing({clusters: ['cluster-2']}), ['cluster-2']);
    });

    afterAll(stopAll);

    test('carries an HTTP request from the name to the gateway: Host and path as they were, the service overwritten', async () => {
      const [outcome] = await running.call({
        http: `${URL_OF_FOO}/a/b?c=d%20e`,
        headers: {'x-isthmus-service': '80.secret.bar', 'user-agent': 'test'},
      });
      expect(JSON.parse(outcome?.body ?? '')).toMatchObject({
        by: 'cluster-2',
        version: 'HTTP/1.1',
        headers: {
          ':method': 'GET',
          ':path': '/a/b?c=d%20e',
          'host': HOST_OF_FOO,
          'x-isthmus-service': '80.foo.bar',
          'user-agent': 'test',
        },
      });
    });

    test('carries HTTP/2 as HTTP/2', async () => {
      const step: Step = {http: `${URL_OF_FOO}/h2`, version: 2, headers: {':authority': HOST_OF_FOO}};
      const [outcome] = await running.call(step);
      expect(JSON.parse(outcome?.body ?? '')).toMatchObject({
        version: 'HTTP/2',
        headers: {':path': '/h2', ':authority': HOST_OF_FOO, 'x-isthmus-service': '80.foo.bar'},
      });
    });

    test('carries TCP as a CONNECT that names the service, and the server may speak first', async () => {
      const [outcome] = await running.call({tcp: HOST_OF_FOO, port: 5432, say: 'hello'});
      expect(outcome?.body).toBe('cluster-2 5432.foo.bar 5432.foo.bar\nhello');
    });

    test('has open what the patch says and nothing else; nobody in the pod can reach its admin interface', async () => {
      const {listeners} = bootstrapIn(running.pod).static_resources;
      const said = listeners.map(
        ({address: {socket_address: at}}: any) => `${String(at.address)}:${String(at.port_value)}`,
      );
      const [alias] = running.pod.spec?.hostAliases ?? [];
      expect(said.toSorted()).toEqual(
        [`0.0.0.0:${probeOf(running.pod).httpGet.port}`, `${alias?.ip}:5432`, `${alias?.ip}:80`].sort(),
      );
      expect(await openSockets(running.sidecar.pid)).toEqual({
        tcp: said.toSorted(),
        udp: [],
        unix: ['/run/isthmus/admin.sock'],
      });
    });

    test('asks for the gateway by its whole name, once', async () => {
      await running.call({http: `${URL_OF_FOO}/`});
      const asked = running.names.logTail().match(/asked .*/g) ?? [];
      expect(new Set(asked)).toEqual(new Set(['asked gw.cluster-2.example.org 1']));
      expect(asked.length, 'one question for each port').toBe(2);
    });

    test('ends at once at SIGTERM, as a native sidecar that comes last may', async () => {
      running.sidecar.signal('SIGTERM');
      await until('the sidecar to end', () => Promise.resolve(!running.sidecar.running), {deadlineMs: 5_000});
      const [outcome] = await running.call({http: `${URL_OF_FOO}/`});
      expect(outcome).toEqual({failed: 'ECONNREFUSED'});
    });
  });

  describe('for one test', () => {
    afterEach(stopAll);

    test('serves at home while it can, then by the next tier, then again at home', async () => {
      const view = importing({clusters: ['cluster-1', 'cluster-2'], ports: [HTTP]});
      const running = await start(view, ['cluster-2']);
      const local = await running.actor('local');
      const hundred: Step = {http: `${URL_OF_FOO}/`, times: 100};
      expect((await running.call(hundred))[0]?.tally).toEqual({local: 100});
      await local.kill();
      const [dead] = await running.call(hundred);
      expect(dead?.tally, 'not one request fails').toEqual({'cluster-2': 100});
      await running.actor('local');
      await until(
        'the traffic to return',
        async () => (await running.call({http: `${URL_OF_FOO}/`}))[0]?.tally?.['local'] === 1,
        {deadlineMs: 15_000},
      );
    });

    test('FailOver: TCP and HTTP go to the first gateway, and to the second when that is dead', async () => {
      const policy = policyFor({
        lbType: 'FailOver',
        targets: [
          {clusterKey: 'cluster-3', priority: 1},
          {clusterKey: 'cluster-2', priority: 2},
        ],
      });
      const running = await start(importing({clusters: ['cluster-2', 'cluster-3']}, policy), ['cluster-2']);
      const first = await running.actor('cluster-3');
      const both: Step[] = [
        {http: `${URL_OF_FOO}/`, times: 50},
        {tcp: HOST_OF_FOO, port: 5432, say: 'x'},
      ];
      const [http, tcp] = await running.call(...both);
      expect([http?.tally, tcp?.body?.split(' ')[0]]).toEqual([{'cluster-3': 50}, 'cluster-3']);
      await first.kill();
      const [httpAfter, tcpAfter] = await running.call(...both);
      expect([httpAfter?.tally, tcpAfter?.body?.split(' ')[0]]).toEqual([{'cluster-2': 50}, 'cluster-2']);
    });

    test('ActiveActive: weights are kept, and a dead gateway leaves all to the others without an error', async () => {
      const policy = policyFor({
        lbType: 'ActiveActive',
        targets: [
          {clusterKey: 'cluster-2', weight: 70},
          {clusterKey: 'cluster-3', weight: 30},
        ],
      });
      const running = await start(importing({clusters: ['cluster-2', 'cluster-3']}, policy), ['cluster-2']);
      const second = await running.actor('cluster-3');
      const [outcome] = await running.call({http: `${URL_OF_FOO}/`, times: 500});
      expect(outcome?.tally?.['cluster-2']).toBeGreaterThan(330);
      expect(outcome?.tally?.['cluster-2']).toBeLessThan(370);
      expect(Object.values(outcome?.tally ?? {}).reduce((sum, count) => sum + count)).toBe(500);
      await second.kill();
      expect((await running.call({http: `${URL_OF_FOO}/`, times: 100}))[0]?.tally).toEqual({'cluster-2': 100});
    });

    test('TCP at home is plain', async () => {
      const running = await start(importing({clusters: ['cluster-1', 'cluster-2'], ports: [TCP]}), ['local-tcp']);
      const [outcome] = await running.call({tcp: HOST_OF_FOO, port: 5432, say: 'hello'});
      expect(outcome?.body).toBe('local-tcp plain\nhello');
    });

    test('IPv6 first: ready on both families, the gateway reached by its AAAA', async () => {
      const gateway = {host: 'gw.six.example.org', port: 15443, addresses: []};
      const view = injectingView({
        imports: [importOf('bar', 'foo', {ips: ['fd00::10', '10.96.0.10'], clusters: ['cluster-2']})],
        clusters: [clusterOf('cluster-1'), clusterOf('cluster-2', {gateway})],
      });
      const running = await start(view, ['six']);
      const [ready, outcome] = await running.call({http: 'http://[fd00::2]:15021/ready'}, {http: `${URL_OF_FOO}/`});
      expect(ready?.status).toBe(200);
      expect(outcome?.tally).toEqual({six: 1});
    });

    test('nobody serves it: HTTP says 503 and why, TCP is refused', async () => {
      const running = await start(importing({clusters: []}), []);
      const [http, tcp] = await running.call({http: `${URL_OF_FOO}/`}, {tcp: HOST_OF_FOO, port: 5432, say: 'x'});
      expect(http).toMatchObject({status: 503, body: expect.stringContaining('nobody exports it')});
      expect(tcp).toEqual({failed: 'ECONNREFUSED'});
    });

    test('a silent name server keeps the application waiting for seconds, not for ever', async () => {
      const running = await start(importing({clusters: ['cluster-2']}), [], {silentNames: true});
      const {failureThreshold, periodSeconds} = probeOf(running.pod);
      expect(failureThreshold * periodSeconds).toBeGreaterThan(20);
      expect((await running.call({http: `${URL_OF_FOO}/`}))[0]?.status).toBe(503);
    });
  });
});

function placeOf(who: Actor): readonly string[] {
  switch (who) {
    case 'local':
      return [who, SERVICE, '80'];
    case 'local-tcp':
      return [who, SERVICE, '5432', 'tcp'];
    case 'six':
      return [who, 'fd00::2', '15443'];
    case 'cluster-2':
    case 'cluster-3':
      return [who, GATEWAYS[who], '15443'];
  }
}

interface Probe {
  readonly httpGet: {readonly path: string; readonly port: number};
  readonly failureThreshold: number;
  readonly periodSeconds: number;
}

function probeOf(pod: Pod): Probe {
  return (sidecarOf(pod) as unknown as {startupProbe: Probe}).startupProbe;
}
