import {pino} from 'pino';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {ServerResponse} from 'node:http';
import type {KubeObject} from '../../src/api/meta.ts';
import {configMaps} from '../../src/api/resources.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {Reflector} from '../../src/kube/reflector.ts';
import type {ReflectorOptions, StoreChange} from '../../src/kube/reflector.ts';
import {configMap, json, listOf, newClient, startRawServer, status} from './raw-server.ts';
import type {RawServer} from './raw-server.ts';
import {eventually} from './eventually.ts';

interface Kept {
  readonly uid: string;
  readonly value: string;
}

let server: RawServer;
let client: KubeClient;
let stop: AbortController;
let reflector: Reflector<Kept>;
let changes: StoreChange<Kept>[][];
let lists: object[];
let watches: ServerResponse[];
/** What the server does with a list and a watch; tests replace them. */
let onList: (response: ServerResponse) => void;
let onWatch: (response: ServerResponse) => void;

beforeEach(async () => {
  changes = [];
  lists = [];
  watches = [];
  stop = new AbortController();
  onList = (response) => json(response, 200, lists.length > 1 ? (lists.shift() ?? {}) : (lists[0] ?? listOf([], '1')));
  onWatch = (response) => {
    response.writeHead(200).flushHeaders();
    watches.push(response);
  };
  server = await startRawServer((request, response) => {
    if (request.url?.includes('watch=true') === true) onWatch(response);
    else onList(response);
  });
  client = newClient(server);
});
afterEach(async () => {
  stop.abort();
  await reflector.closed;
  await client.close();
  await server.close();
});

const toKept = (raw: KubeObject): Kept => {
  const {data} = raw as KubeObject & {data?: Record<string, string>};
  if (data?.['throw'] !== undefined) throw new Error('keep failed');
  return {uid: raw.metadata.uid ?? '', value: data?.['value'] ?? ''};
};

function start(options: Partial<ReflectorOptions<Kept>> = {}): Reflector<Kept> {
  reflector = new Reflector<Kept>({
    client,
    resource: configMaps,
    keep: toKept,
    onChange: (batch) => changes.push([...batch]),
    logger: pino({level: 'silent'}),
    backoff: {minMs: 1, maxMs: 20},
    ...options,
  });
  reflector.start(stop.signal);
  return reflector;
}

const item = (name: string, version: string, value = '', uid = `uid-${name}`): object => {
  const object = configMap(name, version, {value}) as {metadata: object};
  return {...object, metadata: {...object.metadata, uid, managedFields: [{manager: 'x'}]}};
};

function send(type: string, object: object, to: ServerResponse | undefined = watches.at(-1)): void {
  to?.write(`${JSON.stringify({type, object})}\n`);
}

const watching = (count: number) => eventually(() => watches.length).toBe(count);
const listsAsked = (): number => server.requests.filter(({url}) => !url.includes('watch=true')).length;
const urlOfWatch = (index: number): string =>
  server.requests.filter(({url}) => url.includes('watch=true'))[index]?.url ?? '';
const values = (): Record<string, string> =>
  Object.fromEntries([...reflector.store.entries()].map(([key, {value}]) => [key, value]));

describe('listing and watching', () => {
  test('one list of all pages is one call, then changes follow in order', async () => {
    lists = [listOf([item('a', '1', '1'), item('b', '2', '1')], '5', 'more'), listOf([item('c', '3', '1')], '5')];
    start();
    await reflector.synced;
    await watching(1);
    expect(changes.map((batch) => batch.map(({key}) => key))).toEqual([['default/a', 'default/b', 'default/c']]);
    expect(urlOfWatch(0)).toContain('resourceVersion=5');
    send('MODIFIED', item('a', '6', '2'));
    send('DELETED', item('b', '7', '1'));
    send('ADDED', item('d', '8', '1'));
    await eventually(() => changes.length).toBe(4);
    expect(values()).toEqual({'default/a': '2', 'default/c': '1', 'default/d': '1'});
    expect(changes[1]?.[0]).toMatchObject({key: 'default/a', previous: {value: '1'}, current: {value: '2'}});
    expect(changes[2]?.[0]).toMatchObject({key: 'default/b', previous: {value: '1'}, current: undefined});
    expect(reflector.status()).toMatchObject({
      lists: 1,
      watches: 1,
      events: 3,
      state: 'Watching',
      resourceVersion: '8',
    });
  });

  test('told that the list lacks something it lists anew at once, and watches from there', async () => {
    lists = [listOf([item('a', '1')], '5'), listOf([item('a', '1'), item('b', '2', '1')], '6')];
    start();
    await reflector.synced;
    await watching(1);
    reflector.relist();
    await watching(2);
    expect(values()).toEqual({'default/a': '', 'default/b': '1'});
    expect(urlOfWatch(1)).toContain('resourceVersion=6');
    // What the watch before it still tells counts no more.
    send('DELETED', item('a', '7'), watches[0]);
    send('ADDED', item('c', '8', '1'), watches[1]);
    await eventually(() => changes.length).toBe(3);
    expect(Object.keys(values())).toEqual(['default/a', 'default/b', 'default/c']);
    expect(reflector.status()).toMatchObject({lists: 2, listFailures: 0, failures: 0, state: 'Watching'});
    expect(reflector.status().lastError).toBeUndefined();
  });

  test('told so while it lists, it lists once more: that list may be the very one that lacks something', async () => {
    lists = [listOf([item('a', '1')], '5'), listOf([item('a', '1'), item('b', '2', '1')], '6')];
    const answer = onList;
    const asked: ServerResponse[] = [];
    onList = (response) => void asked.push(response);
    start();
    await eventually(() => asked.length).toBe(1);
    reflector.relist();
    onList = answer;
    for (const response of asked) answer(response);
    await watching(1);
    expect(Object.keys(values())).toEqual(['default/a', 'default/b']);
    expect(reflector.status()).toMatchObject({lists: 2, state: 'Watching'});
  });

  test('told so while its watch is not answered yet: no failure, and nothing to wait for', async () => {
    lists = [listOf([item('a', '1')], '5'), listOf([item('a', '1'), item('b', '2', '1')], '6')];
    const answer = onWatch;
    let asked = 0;
    onWatch = () => void asked++;
    start({backoff: {minMs: 60_000, maxMs: 60_000}});
    await eventually(() => asked).toBe(1);
    onWatch = answer;
    reflector.relist();
    await watching(1);
    expect(Object.keys(values())).toEqual(['default/a', 'default/b']);
    expect(reflector.status()).toMatchObject({lists: 2, watches: 1, state: 'Watching'});
    expect(reflector.status().lastError).toBeUndefined();
  });

  test('a list that fails is told of, also where another one was asked for meanwhile', async () => {
    const answer = onList;
    let asked: ServerResponse | undefined;
    onList = (response) => void (asked = response);
    start();
    await eventually(() => asked).toBeDefined();
    reflector.relist();
    onList = answer;
    if (asked !== undefined) json(asked, 403, status(403, 'Forbidden', 'no'));
    await watching(1);
    expect(reflector.status()).toMatchObject({listFailures: 1, lists: 1});
  });

  test('managedFields never reach what keeps', async () => {
    lists = [listOf([item('a', '1')], '1')];
    const seen: KubeObject[] = [];
    start({
      keep: (raw) => {
        seen.push(raw);
        return {uid: '', value: ''};
      },
    });
    await reflector.synced;
    await watching(1);
    send('MODIFIED', item('a', '2'));
    await eventually(() => seen.length).toBe(2);
    expect(seen.some(({metadata}) => 'managedFields' in metadata)).toBe(false);
  });

  test('an object that stops being kept is a removal, and one never kept is nothing', async () => {
    lists = [listOf([item('a', '1', 'yes'), item('b', '1', 'no')], '1')];
    start({
      keep: (raw) => {
        const kept = toKept(raw);
        return kept.value === 'no' ? undefined : kept;
      },
    });
    await reflector.synced;
    await watching(1);
    expect([...reflector.store.keys()]).toEqual(['default/a']);
    send('MODIFIED', item('a', '2', 'no'));
    send('DELETED', item('b', '3', 'no'));
    await eventually(() => reflector.status().events).toBe(2);
    expect(changes.slice(1).flat()).toEqual([
      {key: 'default/a', previous: {uid: 'uid-a', value: 'yes'}, current: undefined},
    ]);
  });

  test('created again under a new uid while nobody looked: one change with both', async () => {
    lists = [listOf([item('a', '1', 'old', 'u1')], '1'), listOf([item('a', '9', 'new', 'u2')], '9')];
    start();
    await watching(1);
    send('ERROR', status(410, 'Expired', 'too old'));
    await watching(2);
    expect(changes[1]).toEqual([
      {key: 'default/a', previous: {uid: 'u1', value: 'old'}, current: {uid: 'u2', value: 'new'}},
    ]);
  });

  test('a late DELETED of an earlier uid does not remove its successor', async () => {
    lists = [listOf([item('a', '5', 'new', 'u2')], '5')];
    start();
    await watching(1);
    send('DELETED', item('a', '6', 'old', 'u1'));
    await eventually(() => reflector.status().events).toBe(1);
    expect(values()).toEqual({'default/a': 'new'});
  });

  test('objects whose names could point elsewhere are left out', async () => {
    const strange = {...item('x', '1'), metadata: {name: 'a/b', namespace: 'n', uid: 'u', resourceVersion: '1'}};
    const bare = {...item('x', '1'), metadata: {name: 'x', uid: 'u', resourceVersion: '1'}};
    lists = [listOf([strange, bare, item('a', '1')], '1')];
    start();
    await reflector.synced;
    expect([...reflector.store.keys()]).toEqual(['default/a']);
    expect(reflector.status().failures).toBe(2);
  });
});

describe('taking up a watch', () => {
  test('that the server ended: at once, from the last event, without a list', async () => {
    lists = [listOf([], '5')];
    let now = 0;
    start({nowMs: () => now});
    await watching(1);
    send('ADDED', item('a', '6'));
    await eventually(() => reflector.status().events).toBe(1);
    now = 300_000;
    watches[0]?.end();
    await watching(2);
    expect(urlOfWatch(1)).toContain('resourceVersion=6');
    expect([listsAsked(), reflector.status().restarts]).toEqual([1, 1]);
  });

  test('that broke inside of an event: from the event before it, so that nothing is lost', async () => {
    lists = [listOf([], '5')];
    start();
    await watching(1);
    send('ADDED', item('a', '6'));
    watches[0]?.write(JSON.stringify({type: 'ADDED', object: item('b', '7')}).slice(0, 40));
    await eventually(() => reflector.status().events).toBe(1);
    server.destroySockets();
    await watching(2);
    expect(urlOfWatch(1)).toContain('resourceVersion=6');
    send('ADDED', item('b', '7'));
    await eventually(() => reflector.store.has('default/b')).toBe(true);
    expect(listsAsked()).toBe(1);
  });

  test('that is half-open: bookmarks count as life, silence does not', async () => {
    lists = [listOf([], '5')];
    start({watchIdleMs: 200});
    await watching(1);
    send('BOOKMARK', {kind: 'ConfigMap', metadata: {resourceVersion: '42'}});
    await watching(2);
    expect(urlOfWatch(1)).toContain('resourceVersion=42');
    await eventually(() => reflector.status().lastError).toBeUndefined();
    expect(listsAsked()).toBe(1);
  });

  test.each([
    {name: 'in the stream', expire: () => send('ERROR', status(410, 'Expired', 'too old'))},
    {name: 'by the word Expired alone', expire: () => send('ERROR', {kind: 'Status', reason: 'Expired'})},
  ])('that is too old, said $name: one list', async ({expire}) => {
    lists = [listOf([item('a', '1'), item('b', '1')], '5'), listOf([item('b', '1'), item('c', '8')], '9')];
    start();
    await watching(1);
    expire();
    await watching(2);
    expect(changes[1]?.map(({key, current}) => [key, current !== undefined])).toEqual([
      ['default/a', false],
      ['default/c', true],
    ]);
    expect(urlOfWatch(1)).toContain('resourceVersion=9');
    expect(reflector.status()).toMatchObject({lists: 2, expired: 1});
  });

  test('after an outage the first 410 is followed by a list at once, not after what the outage made of the backoff', async () => {
    lists = [listOf([], '5'), listOf([item('a', '8')], '9')];
    let outage = 5;
    const answering = onWatch;
    // Delays double from 10 ms: the sixth would be 5 s, were it not for the answer that ends the outage.
    start({backoff: {minMs: 10, maxMs: 5_000}, random: (): number => (outage > 0 ? 0 : 0.999)});
    await watching(1);
    onWatch = (response) => {
      if (--outage >= 0) response.destroy();
      else {
        onWatch = answering;
        response.end(`${JSON.stringify({type: 'ERROR', object: status(410, 'Expired', 'old')})}\n`);
      }
    };
    watches[0]?.destroy();
    await eventually(() => reflector.status().expired).toBe(1);
    const began = performance.now();
    await eventually(() => Object.keys(values())).toEqual(['default/a']);
    expect(performance.now() - began).toBeLessThan(200);
  });

  test('a server that calls every version too old is not stormed with lists', async () => {
    lists = [listOf([], '5')];
    onWatch = (response) => response.end(`${JSON.stringify({type: 'ERROR', object: status(410, 'Expired', 'old')})}\n`);
    // random() = almost 1: each delay is its ceiling.
    start({backoff: {minMs: 10, maxMs: 80}, random: () => 0.999});
    const began = performance.now();
    await eventually(() => reflector.status().expired).toBeGreaterThanOrEqual(6);
    // 9 + 19 + 39 + 79 + 79 ms between six lists.
    expect(performance.now() - began).toBeGreaterThan(200);
    expect(listsAsked()).toBeLessThanOrEqual(8);
  });

  test('garbage in the stream: the list says what is true', async () => {
    lists = [listOf([item('a', '1')], '5'), listOf([item('b', '6')], '7')];
    start();
    await watching(1);
    watches[0]?.write('garbage\n');
    await watching(2);
    expect(Object.keys(values())).toEqual(['default/b']);
  });

  test('an end right after the begin, again and again, is slowed down', async () => {
    lists = [listOf([], '5')];
    onWatch = (response) => response.writeHead(200).end();
    start({backoff: {minMs: 20, maxMs: 1_000}, random: () => 0.999});
    const began = performance.now();
    await eventually(() => reflector.status().watches).toBe(5);
    // 0, 39, 79, 159 ms
    expect(performance.now() - began).toBeGreaterThan(200);
    expect(listsAsked()).toBe(1);
  });

  test('Retry-After is a lower bound', async () => {
    onList = (response) =>
      json(response, 429, status(429, 'TooManyRequests', 'storage is (re)initializing'), {'retry-after': '1'});
    start();
    await eventually(() => reflector.status().listFailures).toBe(1);
    const began = performance.now();
    onList = (response) => json(response, 200, listOf([], '1'));
    await reflector.synced;
    expect(performance.now() - began).toBeGreaterThan(800);
  });
});

describe('what is not known changes nothing', () => {
  const refusals: [string, (response: ServerResponse) => void][] = [
    ['503', (response) => json(response, 503, status(503, 'ServiceUnavailable', 'no'))],
    ['403', (response) => json(response, 403, status(403, 'Forbidden', 'no'))],
    ['a reset', (response) => response.socket?.destroy()],
    ['garbage', (response) => response.end('[]')],
    [
      'a list without items',
      (response) => json(response, 200, {kind: 'ConfigMapList', metadata: {resourceVersion: '9'}}),
    ],
    ['a second page that fails', (response) => json(response, 200, listOf([item('z', '1')], '9', 'broken'))],
    ['a missing type', (response) => response.writeHead(404, {'content-type': 'text/plain'}).end('404 page not found')],
  ];

  test.each(refusals)('%s in place of a list keeps the store, and is tried again', async (name, refuse) => {
    lists = [listOf([item('a', '1', 'kept')], '5')];
    start();
    await watching(1);
    const listAgain = onList;
    let refused = 0;
    onList = (response) => {
      const url = server.requests.at(-1)?.url ?? '';
      if (url.includes('continue=')) response.socket?.destroy();
      else refuse(response);
      refused++;
    };
    send('ERROR', status(410, 'Expired', 'too old'));
    await eventually(() => reflector.status().listFailures).toBeGreaterThanOrEqual(2);
    expect(refused).toBeGreaterThanOrEqual(2);
    expect(values()).toEqual({'default/a': 'kept'});
    expect(changes).toHaveLength(1);
    expect(reflector.status().kindMissing).toBe(name === 'a missing type');
    expect(reflector.status().lastError).toBeDefined();
    lists = [listOf([item('b', '9', 'new')], '10')];
    // The second page of a list that began before: it still fails, so that no half of that one counts.
    onList = (response) => {
      if (server.requests.at(-1)?.url.includes('continue=') === true) response.socket?.destroy();
      else listAgain(response);
    };
    await watching(2);
    expect(values()).toEqual({'default/b': 'new'});
    await eventually(() => reflector.status()).toMatchObject({kindMissing: false, lastError: undefined});
  });

  test('a type that is not there yet: not synced; synced when it comes', async () => {
    onList = (response) => response.writeHead(404, {'content-type': 'text/plain'}).end('404 page not found');
    start();
    await eventually(() => reflector.status().listFailures).toBeGreaterThanOrEqual(2);
    expect(reflector.status()).toMatchObject({synced: false, kindMissing: true});
    onList = (response) => json(response, 200, listOf([item('a', '1')], '1'));
    await reflector.synced;
    expect(reflector.status()).toMatchObject({synced: true, kindMissing: false});
  });
});

describe('faults of ours', () => {
  test('keep that throws: that object is left out, all else goes on', async () => {
    const bad = configMap('bad', '2', {throw: ''});
    lists = [listOf([item('a', '1', '1'), bad], '5')];
    start();
    await watching(1);
    expect(values()).toEqual({'default/a': '1'});
    send('ADDED', configMap('worse', '6', {throw: ''}));
    send('ADDED', item('b', '7', '1'));
    await eventually(() => reflector.store.has('default/b')).toBe(true);
    expect(reflector.status()).toMatchObject({failures: 2, restarts: 0, resourceVersion: '7'});
  });

  test('onChange that throws: counted, and the next change arrives', async () => {
    let calls = 0;
    start({
      onChange: () => {
        calls++;
        throw new Error('handler failed');
      },
    });
    await watching(1);
    send('ADDED', item('a', '6'));
    send('ADDED', item('b', '7'));
    await eventually(() => calls).toBe(2);
    expect(reflector.status()).toMatchObject({failures: 2, restarts: 0, events: 2});
  });
});

describe('stopping', () => {
  test.each([
    {name: 'while it lists', ready: () => eventually(() => listsAsked()).toBe(1), hang: true},
    {name: 'while it watches', ready: () => watching(1), hang: false},
  ])('$name: closed at once, no call and no change after it', async ({ready, hang}) => {
    if (hang) onList = () => undefined;
    start();
    await ready();
    stop.abort();
    await reflector.closed;
    const asked = server.requests.length;
    if (hang) expect(changes).toEqual([]);
    await eventually(() => server.open()).toBeLessThanOrEqual(1);
    expect(server.requests).toHaveLength(asked);
    expect(reflector.status().state).toBe('Stopped');
  });

  test('while it backs off', async () => {
    onList = (response) => json(response, 500, {});
    start({backoff: {minMs: 60_000, maxMs: 60_000}, random: () => 0.999});
    await eventually(() => reflector.status().state).toBe('BackingOff');
    stop.abort();
    await reflector.closed;
    expect(listsAsked()).toBe(1);
  });

  test('before it began', async () => {
    stop.abort();
    start();
    await reflector.closed;
    expect(server.requests).toHaveLength(0);
  });
});
