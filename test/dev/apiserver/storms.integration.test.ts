import {pino} from 'pino';
import {afterAll, afterEach, beforeAll, describe, expect, test} from 'vitest';
import {configMaps} from '../../../src/api/resources.ts';
import {KubeClient} from '../../../src/kube/client.ts';
import type {RequestReport} from '../../../src/kube/client.ts';
import {Reflector} from '../../../src/kube/reflector.ts';
import {eventually} from '../../tools/eventually.ts';
import {findKubectl} from '../../tools/find-kubectl.ts';
import {CONFIG_MAPS, configMap, testCluster} from './support/clusters.ts';
import type {TestCluster} from './support/clusters.ts';
import {Kubectl} from './support/kubectl.ts';

const CLIENT = {userAgent: 'stormy/1', resource: 'configmaps'} as const;
const found = findKubectl();

let at: TestCluster;
let client: KubeClient;
let asked: RequestReport[];

beforeAll(async () => {
  at = await testCluster();
  client = new KubeClient({
    credentials: at.cluster.credentials,
    userAgent: CLIENT.userAgent,
    onRequest: (report) => asked.push(report),
  });
  await at.http.post(CONFIG_MAPS, configMap('c1'));
});
afterEach(() => at.cluster.faults.clear());
afterAll(async () => {
  await client.close();
  await at.close();
});

describe('a refusal because of load', () => {
  test('of priority and fairness is plain text with Retry-After', async () => {
    at.cluster.faults.add({resource: 'configmaps'}, {kind: 'overload'}, {times: 1});
    const {status, headers, text} = await at.http.get(CONFIG_MAPS);
    expect([status, text]).toEqual([429, 'Too many requests, please try again later.\n']);
    expect(headers).toMatchObject({'retry-after': '1', 'content-type': 'text/plain; charset=utf-8'});
  });

  test('as a Status says its Retry-After twice', async () => {
    const fault = {kind: 'status', code: 429, reason: 'TooManyRequests', retryAfterSeconds: 7} as const;
    at.cluster.faults.add({resource: 'configmaps'}, fault, {times: 1});
    const {headers, body} = await at.http.get(CONFIG_MAPS);
    expect([headers['retry-after'], body.details]).toEqual(['7', {retryAfterSeconds: 7}]);
  });

  test('is an error of KubeClient that may be tried again, and says when', async () => {
    asked = [];
    at.cluster.faults.add(CLIENT, {kind: 'overload', retryAfterSeconds: 3}, {times: 1});
    await expect(client.list(configMaps)).rejects.toMatchObject({status: 429, retryAfterMs: 3_000, retryable: true});
    expect(asked, 'it does not try again by itself').toHaveLength(1);
  });
});

/** A reflector whose waits are half of what they may be: its counts are the same in every run. */
function reflectorOf(backoff: {minMs: number; maxMs: number}): {
  reflector: Reflector<string>;
  stop: () => Promise<void>;
} {
  asked = [];
  const stopping = new AbortController();
  const reflector = new Reflector<string>({
    client,
    resource: configMaps,
    namespace: 'default',
    keep: (raw) => raw.metadata.name,
    logger: pino({level: 'silent'}),
    backoff,
    random: () => 0.5,
  });
  reflector.start(stopping.signal);
  return {
    reflector,
    stop: async () => {
      stopping.abort();
      await reflector.closed;
    },
  };
}

describe('a reflector in a storm', () => {
  test('of 429 waits as long as it is told each time', async () => {
    at.cluster.faults.add(CLIENT, {kind: 'overload'}, {times: 2});
    const started = performance.now();
    const {reflector, stop} = reflectorOf({minMs: 1, maxMs: 1});
    await reflector.synced;
    expect(performance.now() - started).toBeGreaterThanOrEqual(1_990);
    expect(asked.map(({verb, status}) => `${verb} ${status}`).slice(0, 3)).toEqual([
      'list 429',
      'list 429',
      'list 200',
    ]);
    await stop();
  });

  test('of 500 misses nothing, and asks no more often than its backoff allows', async () => {
    const {reflector, stop} = reflectorOf({minMs: 40, maxMs: 400});
    await reflector.synced;
    const before = asked.length;
    at.cluster.faults.add(CLIENT, {kind: 'status', code: 500, reason: 'InternalError'}, {share: 0.8, seed: 3});
    const started = performance.now();
    for (let i = 0; i < 20; i++) {
      await at.http.post(CONFIG_MAPS, configMap(`storm-${i}`));
      at.cluster.faults.dropWatches({resource: 'configmaps'});
      await eventually(
        `the reflector to see storm-${i}`,
        () => reflector.store.get(`default/storm-${i}`) !== undefined,
      );
    }
    const tookMs = performance.now() - started;
    at.cluster.faults.clear();
    const refused = asked.slice(before).filter(({status}) => status === 500).length;
    const answered = asked.length - before - refused;
    // The shortest wait is 20 ms, and a drop costs at most one good request more than the event it hid.
    expect(refused, `${refused} refused, ${answered} answered in ${tookMs} ms`).toBeLessThanOrEqual(tookMs / 20 + 1);
    expect(answered).toBeLessThanOrEqual(2 * 20);
    expect(refused, 'there was a storm').toBeGreaterThan(10);
    await stop();
  });

  test('of a server at its limit ends up where the limit is', async () => {
    at.cluster.faults.add(CLIENT, {kind: 'status', code: 429, reason: 'TooManyRequests'}, {abovePerSecond: 1});
    const {reflector, stop} = reflectorOf({minMs: 40, maxMs: 400});
    await reflector.synced;
    await eventually('the watch to be open', () => asked.some(({verb, status}) => verb === 'watch' && status === 200));
    expect(asked.length).toBeLessThanOrEqual(12);
    await stop();
  });
});

if (found.path === undefined) test(`kubectl in a storm (${found.reason})`, ({skip}) => skip());

describe.runIf(found.path !== undefined)('kubectl in a storm', () => {
  let kubectl: Kubectl;
  beforeAll(async () => {
    kubectl = new Kubectl(found.path ?? '', at.cluster.kubeconfig);
    await kubectl.ok(['get', 'cm', 'c1']);
  });
  afterAll(() => kubectl.close());

  const suffered = async (run: () => Promise<unknown>): Promise<number> => {
    const before = at.cluster.faults.suffered;
    await run();
    return at.cluster.faults.suffered - before;
  };

  test('of 429 tries again after its Retry-After, and gets what it asked for', async () => {
    at.cluster.faults.add({resource: 'configmaps', verb: 'get'}, {kind: 'overload'}, {times: 2});
    const started = performance.now();
    expect(await suffered(() => kubectl.ok(['get', 'cm', 'c1']))).toBe(2);
    expect(performance.now() - started).toBeGreaterThanOrEqual(1_990);
  });

  test('of 429 on a write tries again, too: it was not done', async () => {
    at.cluster.faults.add({resource: 'configmaps', verb: 'patch'}, {kind: 'overload'}, {times: 1});
    expect(await suffered(() => kubectl.ok(['label', '--overwrite', 'cm', 'c1', 'x=1']))).toBe(1);
  });

  test('of 500 gives up at once, with what the server said', async () => {
    const fault = {kind: 'status', code: 500, reason: 'InternalError', message: 'the disk is full'} as const;
    at.cluster.faults.add({resource: 'configmaps', verb: 'get'}, fault);
    expect(
      await suffered(async () => {
        expect(await kubectl.run(['get', 'cm', 'c1'])).toMatchObject({
          code: 1,
          stderr: 'Error from server (InternalError): the disk is full\n',
        });
      }),
    ).toBe(1);
  });
});
