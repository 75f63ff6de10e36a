import {afterAll, afterEach, beforeAll, describe, expect, test} from 'vitest';
import {CONFIG_MAPS, configMap, testCluster} from './support/clusters.ts';
import type {TestCluster} from './support/clusters.ts';

let at: TestCluster;

beforeAll(async () => {
  at = await testCluster({bookmarkEveryMs: 20});
  await at.http.post(CONFIG_MAPS, configMap('c1'));
});

afterEach(() => at.cluster.faults.clear());
afterAll(() => at.close());

const LIST = {resource: 'configmaps', verb: 'list'} as const;

async function watch(query = ''): ReturnType<TestCluster['http']['watch']> {
  const {resourceVersion} = (await at.http.get('/api/v1/nodes')).body.metadata;
  return at.http.watch(`${CONFIG_MAPS}?watch=true&resourceVersion=${resourceVersion}${query}`);
}

describe('a fault on demand', () => {
  test('latency delays the answer', async () => {
    at.cluster.faults.add(LIST, {kind: 'latency', ms: 60});
    const started = performance.now();
    expect((await at.http.get(CONFIG_MAPS)).status).toBe(200);
    expect(performance.now() - started).toBeGreaterThanOrEqual(55);
  });

  test('status refuses with that code', async () => {
    at.cluster.faults.add(LIST, {kind: 'status', code: 429, reason: 'TooManyRequests', message: 'slow down'});
    expect((await at.http.get(CONFIG_MAPS)).body).toMatchObject({
      code: 429,
      reason: 'TooManyRequests',
      message: 'slow down',
    });
  });

  test('is used up after its times, and can be removed before', async () => {
    at.cluster.faults.add(LIST, {kind: 'status', code: 500}, {times: 2});
    const codes = [];
    for (let i = 0; i < 3; i++) codes.push((await at.http.get(CONFIG_MAPS)).status);
    expect(codes).toEqual([500, 500, 200]);
    const remove = at.cluster.faults.add(LIST, {kind: 'status', code: 500});
    remove();
    expect((await at.http.get(CONFIG_MAPS)).status).toBe(200);
  });

  test('emptyList lies about what there is, at a current version', async () => {
    at.cluster.faults.add(LIST, {kind: 'emptyList'});
    const {status, body} = await at.http.get(CONFIG_MAPS);
    expect([status, body.items]).toEqual([200, []]);
    expect(Number(body.metadata.resourceVersion)).toBeGreaterThan(1);
    expect((await at.http.get(`${CONFIG_MAPS}/c1`)).status).toBe(200);
  });

  test('gone is a 410 for a list, and 200 with an ERROR event for a watch', async () => {
    at.cluster.faults.add({resource: 'configmaps'}, {kind: 'gone'});
    expect((await at.http.get(CONFIG_MAPS)).body).toMatchObject({code: 410, reason: 'Expired'});
    const watched = await watch();
    await watched.until(({ended}) => ended !== undefined);
    expect([watched.status, watched.summary()]).toEqual([200, ['ERROR Expired']]);
  });

  test('dropWatch cuts a watch after a while', async () => {
    at.cluster.faults.add({verb: 'watch'}, {kind: 'dropWatch', afterMs: 20});
    const watched = await watch();
    await watched.until(({ended}) => ended !== undefined);
    expect(watched.ended).toBe('Cut');
  });

  test('halfOpenWatch stays open and silent: no events, no bookmarks', async () => {
    at.cluster.faults.add({verb: 'watch', userAgent: 'half-open'}, {kind: 'halfOpenWatch'});
    const {resourceVersion} = (await at.http.get('/api/v1/nodes')).body.metadata;
    const path = `${CONFIG_MAPS}?watch=true&resourceVersion=${resourceVersion}&allowWatchBookmarks=true`;
    const silent = await at.http.open('GET', path, {headers: {'user-agent': 'half-open/1'}});
    let heard = 0;
    silent.on('data', () => heard++);
    silent.on('error', () => undefined);
    const other = await watch('&allowWatchBookmarks=true');
    await at.http.post(CONFIG_MAPS, configMap('unheard'));
    await other.until(({events}) => events.length > 4);
    expect([heard, silent.readableEnded]).toEqual([0, false]);
    silent.destroy();
    other.close();
  });

  test('reset destroys the socket before an answer', async () => {
    at.cluster.faults.add(LIST, {kind: 'reset'});
    await expect(at.http.get(CONFIG_MAPS)).rejects.toThrow(/socket hang up|ECONNRESET/);
  });

  test('hang never answers', async () => {
    at.cluster.faults.add(LIST, {kind: 'hang'});
    const hanging = at.http.open('GET', CONFIG_MAPS);
    const first = await Promise.race([hanging.then(() => 'answered'), at.http.get('/version').then(() => 'silent')]);
    expect(first).toBe('silent');
    hanging.then((response) => response.destroy()).catch(() => undefined);
  });

  test('rewriteBody changes answers and watch events', async () => {
    const rewrite = (body: any): unknown => ({...body, kind: 'Rewritten'});
    at.cluster.faults.add({resource: 'configmaps'}, {kind: 'rewriteBody', rewrite});
    expect((await at.http.get(`${CONFIG_MAPS}/c1`)).body.kind).toBe('Rewritten');
    const watched = await watch();
    await at.http.post(CONFIG_MAPS, configMap('rewritten'));
    await watched.until(({events}) => events.length > 0);
    expect(watched.events[0]?.object.kind).toBe('Rewritten');
    watched.close();
  });

  test('hits only what fits all that it names', async () => {
    at.cluster.faults.add({resource: 'configmaps', verb: 'patch', fieldManager: 'm1'}, {kind: 'status', code: 418});
    const patch = (manager: string) => at.http.apply(`${CONFIG_MAPS}/c1`, configMap('c1'), manager);
    expect([(await patch('m1')).status, (await patch('m2')).status]).toEqual([418, 200]);
  });

  test('dropWatches cuts the open watches that fit and counts them', async () => {
    const mine = await watch();
    const others = await at.http.watch('/api/v1/secrets?watch=true');
    expect(at.cluster.faults.dropWatches({resource: 'configmaps'})).toBe(1);
    await mine.until(({ended}) => ended !== undefined);
    expect([mine.ended, others.ended]).toEqual(['Cut', undefined]);
    others.close();
  });

  test('partition destroys every socket and lets none in until it is over', async () => {
    const watched = await watch();
    at.cluster.faults.partition(true);
    await watched.until(({ended}) => ended !== undefined);
    await expect(at.http.get('/version')).rejects.toThrow(/ECONNRESET|socket|ECONNREFUSED/);
    at.cluster.faults.partition(false);
    expect((await at.http.get('/version')).status).toBe(200);
  });
});
