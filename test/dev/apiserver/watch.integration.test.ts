import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {CONFIG_MAPS, configMap, testCluster, WIDGET_CRD, widgetBody, WIDGETS} from './support/clusters.ts';
import type {TestCluster} from './support/clusters.ts';

let at: TestCluster;
let count = 0;

/** A name that nothing had before, not even in another try of the same test. */
const fresh = (prefix: string): string => `${prefix}-${++count}`;

beforeAll(async () => {
  at = await testCluster({bookmarkEveryMs: 20});
  await at.cluster.applyManifests(WIDGET_CRD);
});

afterAll(() => at.close());

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

async function currentVersion(): Promise<string> {
  return (await at.http.get(`${WIDGETS}?limit=1`)).body.metadata.resourceVersion;
}

describe('a watch over HTTP', () => {
  test('sends its headers at once, though nothing happens', async () => {
    const watch = await at.http.watch(`${WIDGETS}?watch=true&resourceVersion=${await currentVersion()}`);
    expect(watch.status).toBe(200);
    watch.close();
  });

  test('tells created, changed and deleted, the deletion with a version of its own', async () => {
    const name = fresh('w');
    const watch = await at.http.watch(`${WIDGETS}?watch=true&resourceVersion=${await currentVersion()}`);
    await at.http.post(WIDGETS, widgetBody(name));
    await at.http.merge(`${WIDGETS}/${name}`, {spec: {min: 1}});
    const last = (await at.http.get(`${WIDGETS}/${name}`)).body.metadata.resourceVersion;
    await at.http.delete(`${WIDGETS}/${name}`);
    await watch.until(({events}) => events.length === 3);
    expect(watch.summary()).toEqual(['ADDED', 'MODIFIED', 'DELETED'].map((type) => `${type} ${name}`));
    expect(Number(watch.events[2]?.object.metadata.resourceVersion)).toBeGreaterThan(Number(last));
    watch.close();
  });

  test('hears nothing of a write that changes nothing', async () => {
    const name = fresh('same');
    await at.http.post(WIDGETS, widgetBody(name, {min: 1}));
    const watch = await at.http.watch(`${WIDGETS}?watch=true&resourceVersion=${await currentVersion()}`);
    const before = await at.http.get(`${WIDGETS}/${name}`);
    const noop = await at.http.merge(`${WIDGETS}/${name}`, {spec: {min: 1}});
    expect(noop.body).toEqual(before.body);
    await at.http.merge(`${WIDGETS}/${name}`, {spec: {min: 2}});
    await watch.until(({events}) => events.length > 0);
    expect(watch.summary()).toEqual([`MODIFIED ${name}`]);
    expect(watch.events[0]?.object.spec.min).toBe(2);
    watch.close();
  });

  test('gets bookmarks with the current version, and one right before its end', async () => {
    const since = await currentVersion();
    const watch = await at.http.watch(
      `${WIDGETS}?watch=true&resourceVersion=${since}&allowWatchBookmarks=true&timeoutSeconds=3`,
    );
    const written = await at.http.apply(
      `${CONFIG_MAPS}/elsewhere`,
      configMap('elsewhere', {data: {now: since}}),
      'test',
    );
    const elsewhere = written.body.metadata.resourceVersion;
    await watch.until(({ended}) => ended !== undefined);
    expect(watch.ended).toBe('Clean');
    expect(watch.events.length).toBeGreaterThan(1);
    expect(watch.events.every(({type}) => type === 'BOOKMARK')).toBe(true);
    expect(watch.events.at(-1)?.object).toEqual({
      kind: 'Widget',
      apiVersion: 'example.dev/v1',
      metadata: {resourceVersion: elsewhere},
    });
  });

  test('gets no bookmarks that it did not ask for', async () => {
    const watch = await at.http.watch(
      `${WIDGETS}?watch=true&resourceVersion=${await currentVersion()}&timeoutSeconds=1`,
    );
    await watch.until(({ended}) => ended !== undefined);
    expect(watch.events).toEqual([]);
  });

  test('from a version that is too old is 200 with an ERROR event, then ends', async () => {
    at.cluster.faults.compact();
    const watch = await at.http.watch(`${WIDGETS}?watch=true&resourceVersion=1`);
    expect(watch.status).toBe(200);
    await watch.until(({ended}) => ended !== undefined);
    expect(watch.ended).toBe('Clean');
    expect(watch.events).toHaveLength(1);
    expect(watch.events[0]).toMatchObject({
      type: 'ERROR',
      object: {kind: 'Status', status: 'Failure', reason: 'Expired', code: 410},
    });
    expect(watch.events[0]?.object.message).toMatch(/^too old resource version: 1 \(\d+\)$/);
  });

  test('of what is not watchable is refused before it starts', async () => {
    const answer = await at.http.get(`${WIDGETS}?watch=true&sendInitialEvents=true`);
    expect(answer.status).toBe(422);
    expect(answer.body.message).toContain('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  });

  test('of one object by its own path is an ordinary GET', async () => {
    await at.http.post(WIDGETS, widgetBody('one'));
    const answer = await at.http.get(`${WIDGETS}/one?watch=true`);
    expect(answer.body.metadata.name).toBe('one');
  });

  test('of Tables carries the columns in the first event only', async () => {
    const response = await at.http.open('GET', `${WIDGETS}?watch=true&resourceVersion=${await currentVersion()}`, {
      headers: {accept: TABLE},
    });
    const events: any[] = [];
    const second = fresh('t');
    await at.http.post(WIDGETS, widgetBody(fresh('t')));
    await at.http.post(WIDGETS, widgetBody(second, {mode: 'Off'}));
    let text = '';
    for await (const chunk of response) {
      text += String(chunk);
      events.splice(
        0,
        events.length,
        ...text
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line)),
      );
      if (events.length === 2) break;
    }
    expect(events.map(({object}) => object.kind)).toEqual(['Table', 'Table']);
    expect(events[0].object.columnDefinitions.map((column: any) => column.name)).toEqual([
      'Name',
      'Mode',
      'Min',
      'Age',
    ]);
    expect(events[1].object.columnDefinitions).toBeNull();
    expect(events[1].object.rows[0].cells.slice(0, 2)).toEqual([second, 'Off']);
  });
});

describe('lists', () => {
  test('of core kinds have items without kind, those of custom kinds with, and always a continue', async () => {
    const core = (await at.http.get(CONFIG_MAPS)).body;
    const custom = (await at.http.get(WIDGETS)).body;
    expect(core).toMatchObject({kind: 'ConfigMapList', apiVersion: 'v1'});
    expect(core.items[0].kind).toBeUndefined();
    expect(core.metadata.continue).toBeUndefined();
    expect(custom).toMatchObject({kind: 'WidgetList', apiVersion: 'example.dev/v1', metadata: {continue: ''}});
    expect(custom.items[0]).toMatchObject({kind: 'Widget', apiVersion: 'example.dev/v1'});
  });

  test('by a selectable field find what has it', async () => {
    await at.http.post(WIDGETS, widgetBody('off', {mode: 'Off'}));
    const names = (await at.http.get(`${WIDGETS}?fieldSelector=spec.mode%3DOff`)).body.items.map(
      (item: any) => item.metadata.name,
    );
    expect(names).toContain('off');
    expect(names).not.toContain('one');
  });

  test('as PartialObjectMetadata carry metadata alone', async () => {
    const answer = await at.http.get(WIDGETS, {
      accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json',
    });
    expect(answer.body.kind).toBe('PartialObjectMetadataList');
    expect(answer.body.items[0].spec).toBeUndefined();
    expect(answer.body.items[0].kind).toBe('PartialObjectMetadata');
  });

  test('above 128 KiB are compressed for those who ask for it', async () => {
    for (const name of ['big1', 'big2'])
      await at.http.post(CONFIG_MAPS, configMap(name, {data: {a: 'x'.repeat(100_000)}}));
    const packed = await at.http.get(CONFIG_MAPS, {'accept-encoding': 'gzip'});
    const plain = await at.http.get(CONFIG_MAPS);
    expect(packed.headers).toMatchObject({'content-encoding': 'gzip', 'vary': 'Accept-Encoding'});
    expect(packed.text.length).toBeLessThan(20_000);
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plain.body.items.length).toBeGreaterThan(1);
  });
});
