import {readFileSync} from 'node:fs';
import {mkdtemp} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, afterEach, beforeAll, describe, expect, test} from 'vitest';

import type {View} from '../../src/clusterset/view.ts';
import {usablePart} from '../../src/dev/real/part-cache.ts';
import type {KeptProcess} from '../../src/dev/real/process-keeper.ts';
import {ProcessKeeper} from '../../src/dev/real/process-keeper.ts';
import {until} from '../../src/dev/real/until.ts';
import type {Pod} from '../../webhooks/injection/pod.ts';
import {SIDECAR_UID} from '../../webhooks/injection/sidecar.ts';
import {importOf} from '../mesh/views.ts';
import {containerOf, podOf} from '../webhooks/pods.ts';
import {injected, injectingView} from './injected.ts';
import {missingPart} from './missing-part.ts';
import type {Outcome} from './played-pod/caller.ts';
import {isRoot, missingForPods} from './played-pod/namespaces.ts';
import type {OpenSockets} from './played-pod/open-sockets.ts';
import {openSockets} from './played-pod/open-sockets.ts';
import {NAME_SERVER, PlayedPod, POD_ADDRESS, saysIt} from './played-pod/played-pod.ts';

const missing = (await missingPart('envoy')) ?? (await missingForPods());
if (missing !== undefined) test(`ports of a pod (${missing})`, ({skip}) => skip());
if (missing === undefined && !isRoot) {
  test('uids of their own for application and sidecar (only root can give a process another uid)', ({skip}) => skip());
}

const PORT = 8080;
const GATEWAY = '10.2.0.1';
/** What the cluster's DNS answers for the name. */
const VIP = '10.96.0.20';
const HOST_OF_FOO = 'foo.bar.svc.clusterset.local';
const URL_OF_FOO = `http://${HOST_OF_FOO}:${PORT}/`;

function importing(port: number): View {
  return injectingView({imports: [importOf('bar', 'foo', {ports: [{name: 'http', port}], clusters: ['cluster-2']})]});
}

/** An application on the port of an import that nobody told injection about, before and behind the sidecar. */
const ROWS = [
  {name: '[::], both families', listen: {host: '::'}, meets: true},
  {name: '0.0.0.0', listen: {host: '0.0.0.0'}, meets: true},
  {name: '0.0.0.0 with SO_REUSEPORT', listen: {host: '0.0.0.0', reusePort: true}, meets: true},
  {name: '[::], IPv6 only', listen: {host: '::', ipv6Only: true}, meets: false},
  {name: "the pod's address", listen: {host: POD_ADDRESS}, meets: false},
  {name: '127.0.0.1', listen: {host: '127.0.0.1'}, meets: false},
].filter(({listen}) => isRoot || !('reusePort' in listen));

/** While it becomes another program under another uid, and once it has ended, a process shows its files to nobody. */
function betweenPrograms(error: unknown): OpenSockets {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EACCES' || code === 'ENOENT') return {tcp: [], udp: [], unix: []};
  throw error;
}

describe.runIf(missing === undefined)('ports of a pod', () => {
  let keeper: ProcessKeeper;
  let dir: string;
  let envoy: string;
  let pods = 0;

  beforeAll(async () => {
    envoy = await usablePart('envoy');
    dir = await mkdtemp(join(tmpdir(), 'isthmus-ports-'));
    keeper = new ProcessKeeper(dir, {removeDir: true});
  });
  afterEach(async () => {
    await Promise.all(keeper.running.map((one) => one.kill()));
  });
  afterAll(async () => {
    await keeper.close();
  });

  async function play(pod: Pod): Promise<PlayedPod> {
    const played = await PlayedPod.start({keeper, dir, name: `pod-${pods++}`, envoy, pod, addresses: [GATEWAY]});
    const names = {'gw.cluster-2.example.org': GATEWAY, [HOST_OF_FOO]: VIP};
    const actors = [
      played.startActor('name-server.ts', [NAME_SERVER, JSON.stringify(names)]),
      played.startActor('gateway.ts', ['cluster-2', GATEWAY, '15443']),
    ];
    await Promise.all(actors.map((actor) => saysIt(actor, 'listening')));
    return played;
  }

  /** Once it listens; or its end. */
  async function startedSidecar(played: PlayedPod, address: string): Promise<KeptProcess> {
    const sidecar = played.startSidecar();
    const isOpen = async (): Promise<boolean> => {
      if (!sidecar.running) return true;
      const {tcp} = await openSockets(sidecar.pid).catch(betweenPrograms);
      return tcp.includes(address);
    };
    await until('the sidecar to listen or end', isOpen, {deadlineMs: 15_000, why: () => sidecar.logTail()});
    return sidecar;
  }

  /** `listens`, or what it said instead. */
  async function startedApp(played: PlayedPod, listen: object, uid?: number): Promise<string> {
    const app = played.startActor('app.ts', [JSON.stringify({port: PORT, ...listen})], uid);
    const said = (): string => readFileSync(app.logFile, 'utf8').trim();
    await until('the application to listen or end', () => Promise.resolve(said() !== '' || !app.running), {
      deadlineMs: 10_000,
    });
    return said() === 'listening' ? 'listens' : said();
  }

  async function call(played: PlayedPod, ...urls: readonly string[]): Promise<readonly unknown[]> {
    const steps = urls.map((http) => ({http}));
    const outcomes = (await played.ask('caller.ts', [JSON.stringify(steps)])) as Outcome[];
    return outcomes.map(({tally, failed}) => failed ?? Object.keys(tally ?? {})[0]);
  }

  function vipOf(pod: Pod): string {
    return pod.spec?.hostAliases?.[0]?.ip ?? '';
  }

  describe('which nobody declared: application and sidecar meet', () => {
    const {pod} = injected(importing(PORT));

    test.each(ROWS)('sidecar first, application on $name: meets $meets', async ({listen, meets}) => {
      const played = await play(pod);
      const sidecar = await startedSidecar(played, `${vipOf(pod)}:${PORT}`);
      expect(sidecar.running).toBe(true);
      expect(await startedApp(played, listen)).toBe(meets ? 'could not listen: EADDRINUSE' : 'listens');
      expect(await call(played, URL_OF_FOO), 'the name works all the same').toEqual(['cluster-2']);
    });

    test.each(ROWS)('application first, on $name: meets $meets', async ({listen, meets}) => {
      const played = await play(pod);
      expect(await startedApp(played, listen)).toBe('listens');
      const sidecar = await startedSidecar(played, `${vipOf(pod)}:${PORT}`);
      if (meets) {
        await until('the sidecar to end', () => Promise.resolve(!sidecar.running), {deadlineMs: 5_000});
        expect(sidecar.logTail()).toMatch(new RegExp(`cannot bind '${vipOf(pod)}:${PORT}': Address (already )?in use`));
        // Why injection must leave such a name alone: a wildcard socket takes all of 127.0.0.0/8.
        expect(await call(played, URL_OF_FOO), 'the caller answers itself').toEqual(['app']);
      } else {
        expect(sidecar.running).toBe(true);
        expect(await call(played, URL_OF_FOO)).toEqual(['cluster-2']);
      }
    });

    test.runIf(isRoot)(
      "with SO_REUSEPORT and the sidecar's own uid they share it: why that uid is nobody else's",
      async () => {
        const played = await play(pod);
        await startedSidecar(played, `${vipOf(pod)}:${PORT}`);
        const listen = {host: '0.0.0.0', reusePort: true};
        expect(await startedApp(played, listen, SIDECAR_UID + 1)).toBe('could not listen: EADDRINUSE');
        expect(await startedApp(played, listen, SIDECAR_UID)).toBe('listens');
      },
    );
  });

  describe('which the pod declares: injection leaves the name unbound, it resolves by DNS, and both start', () => {
    test.each<{name: string; given: Pod; first: 'sidecar' | 'application'}>([
      {
        name: 'a container port',
        given: podOf({containers: [containerOf({ports: [{containerPort: PORT}]})]}),
        first: 'sidecar',
      },
      {
        name: 'a container port',
        given: podOf({containers: [containerOf({ports: [{containerPort: PORT}]})]}),
        first: 'application',
      },
      {
        name: 'a probe',
        given: podOf({containers: [containerOf({readinessProbe: {httpGet: {port: PORT}}})]}),
        first: 'sidecar',
      },
      {
        name: 'the annotation',
        given: podOf({}, {annotations: {'isthmus.dev/listen-ports': String(PORT)}}),
        first: 'sidecar',
      },
    ])('by $name, $first first', async ({given, first}) => {
      const {pod, warnings} = injected(importing(PORT), given);
      expect(warnings.join()).toContain(`(${PORT})`);
      const played = await play(pod);
      const application = (): Promise<string> => startedApp(played, {host: '::'});
      if (first === 'application') expect(await application()).toBe('listens');
      const sidecar = await startedSidecar(played, '0.0.0.0:15021');
      if (first === 'sidecar') expect(await application()).toBe('listens');
      expect(sidecar.running).toBe(true);
      expect((await openSockets(sidecar.pid)).tcp).toEqual(['0.0.0.0:15021']);
      const steps = [{resolve: HOST_OF_FOO}, {http: `http://${POD_ADDRESS}:${PORT}/`}];
      const [name, served] = (await played.ask('caller.ts', [JSON.stringify(steps)])) as Outcome[];
      expect([name?.body, served?.tally]).toEqual([VIP, {app: 1}]);
    });
  });

  describe('below 1024', () => {
    const low = injected(importing(80)).pod;

    test('are bound without any right, because the patch sets the sysctl', async () => {
      expect(low.spec?.securityContext?.sysctls).toEqual([{name: 'net.ipv4.ip_unprivileged_port_start', value: '0'}]);
      const played = await play(low);
      const sidecar = await startedSidecar(played, `${vipOf(low)}:80`);
      expect(sidecar.running).toBe(true);
      expect(await call(played, 'http://foo.bar.svc.clusterset.local/')).toEqual(['cluster-2']);
    });

    test("can't be bound without it: the pod would not start", async () => {
      const played = await play({...low, spec: {...low.spec, securityContext: {}}});
      const sidecar = await startedSidecar(played, `${vipOf(low)}:80`);
      await until('the sidecar to end', () => Promise.resolve(!sidecar.running), {deadlineMs: 5_000});
      expect(sidecar.logTail()).toContain(`cannot bind '${vipOf(low)}:80': Permission denied`);
    });

    test("are left out where the pod's own sysctl forbids them, and the sidecar runs", async () => {
      const sysctls = [{name: 'net.ipv4.ip_unprivileged_port_start', value: '500'}];
      const {pod, warnings} = injected(importing(80), podOf({securityContext: {sysctls}}));
      expect(warnings.join()).toContain('ip_unprivileged_port_start');
      const played = await play(pod);
      const sidecar = await startedSidecar(played, '0.0.0.0:15021');
      expect(sidecar.running).toBe(true);
      expect((await openSockets(sidecar.pid)).tcp).toEqual(['0.0.0.0:15021']);
    });
  });
});
