import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import fc from 'fast-check';
import type {ServerResponse} from 'node:http';
import {configMaps} from '../../src/api/resources.ts';
import type {KubeClient, WatchEvent} from '../../src/kube/client.ts';
import {KubeError} from '../../src/kube/kube-error.ts';
import {LineSplitter} from '../../src/kube/watch-stream.ts';
import {configMap, json, newClient, startRawServer, status} from './raw-server.ts';
import type {RawServer} from './raw-server.ts';
import {eventually} from './eventually.ts';

let server: RawServer;
let client: KubeClient;
beforeEach(async () => {
  server = await startRawServer(() => undefined);
  client = newClient(server);
});
afterEach(async () => {
  await client.close();
  await server.close();
});

const line = (type: string, object: object): string => `${JSON.stringify({type, object})}\n`;
const bookmark = (version: string): string =>
  line('BOOKMARK', {kind: 'ConfigMap', metadata: {resourceVersion: version}});

function serveWatch(script: (response: ServerResponse) => void): void {
  server.serve((_request, response) => {
    response.writeHead(200, {'content-type': 'application/json'}).flushHeaders();
    script(response);
  });
}

interface Run {
  readonly events: WatchEvent[];
  readonly error: KubeError | undefined;
}

/** Watches to the end; `stopAfter` events it walks away. */
async function watch(o: {idleMs?: number; stopAfter?: number; signal?: AbortSignal} = {}): Promise<Run> {
  const events: WatchEvent[] = [];
  const {idleMs, signal} = o;
  try {
    for await (const event of client.watch(configMaps, {resourceVersion: '5', timeoutSeconds: 300, idleMs, signal})) {
      events.push(event);
      if (events.length === o.stopAfter) break;
    }
    return {events, error: undefined};
  } catch (error) {
    expect(error).toBeInstanceOf(KubeError);
    return {events, error: error as KubeError};
  }
}

describe('a watch', () => {
  test('asks for bookmarks and a time, and ends when the server ends it', async () => {
    serveWatch((response) => response.end(line('ADDED', configMap('a', '6')) + bookmark('9')));
    const {events, error} = await watch();
    expect(error).toBeUndefined();
    expect(events).toEqual([
      {type: 'ADDED', object: configMap('a', '6')},
      {type: 'BOOKMARK', resourceVersion: '9'},
    ]);
    expect(server.requests[0]?.url).toBe(
      '/api/v1/configmaps?watch=true&allowWatchBookmarks=true&resourceVersion=5&timeoutSeconds=300',
    );
  });

  test('events cut anywhere come whole, inside of a character too', async () => {
    const bytes = Buffer.from(line('MODIFIED', configMap('a', '6', {text: 'größer ✓'})) + bookmark('7'));
    serveWatch((response) => {
      let at = 0;
      const next = (): void => {
        if (at >= bytes.length) response.end();
        else response.write(bytes.subarray(at, (at += 3)), () => setImmediate(next));
      };
      next();
    });
    const {events} = await watch();
    expect(events).toEqual([
      {type: 'MODIFIED', object: configMap('a', '6', {text: 'größer ✓'})},
      {type: 'BOOKMARK', resourceVersion: '7'},
    ]);
  });

  test('an ERROR event of 410 with HTTP 200 is "expired"', async () => {
    serveWatch((response) => response.end(line('ERROR', status(410, 'Expired', 'too old resource version: 1 (261)'))));
    const {error} = await watch();
    expect([error?.isExpired, error?.status]).toEqual([true, 410]);
  });

  test.each([
    {name: 'of the API server', body: status(410, 'Expired', 'too old'), code: 410, is: 'isExpired'},
    {name: 'of a missing type', body: '404 page not found', code: 404, is: 'isKindMissing'},
    {name: 'of an overloaded server', body: 'Too many requests', code: 429, is: 'retryable'},
  ] as const)('a refusal $name before the stream is an error', async ({body, code, is}) => {
    server.serve((_request, response) => {
      if (typeof body === 'string') response.writeHead(code, {'content-type': 'text/plain'}).end(body);
      else json(response, code, body);
    });
    const {error} = await watch();
    expect([error?.status, error?.[is]]).toEqual([code, true]);
  });

  test.each([
    {name: 'no JSON', text: 'garbage\n'},
    {name: 'no event', text: '{"kind":"ConfigMap"}\n'},
    {name: 'an unknown type', text: line('RENAMED', configMap('a', '6'))},
    {name: 'an object without a name', text: line('ADDED', {metadata: {}})},
    {name: 'a bookmark without a version', text: line('BOOKMARK', {metadata: {}})},
  ])('a line that is $name is an error, after what came before it', async ({text}) => {
    serveWatch((response) => response.write(bookmark('6') + text));
    const {events, error} = await watch();
    expect(events).toHaveLength(1);
    expect(error?.code).toBe('ISTHMUS_KUBE_BAD_ANSWER');
  });

  test('half a line and then a reset, or a clean end: a broken connection, no event', async () => {
    const half = line('ADDED', configMap('a', '6')).slice(0, 30);
    serveWatch((response) => response.write(half, () => response.socket?.destroy()));
    const reset = await watch();
    serveWatch((response) => response.end(half));
    const ended = await watch();
    for (const {events, error} of [reset, ended]) {
      expect(events).toEqual([]);
      expect(error?.isTransport).toBe(true);
    }
  });

  test('silence is found', async () => {
    serveWatch((response) => response.write(bookmark('6')));
    const {events, error} = await watch({idleMs: 100});
    expect(events).toHaveLength(1);
    expect(error?.code).toBe('ISTHMUS_KUBE_TIMEOUT');
    await eventually(() => server.open()).toBe(0);
  });

  test('bytes that never become a line are silence', async () => {
    const timers: NodeJS.Timeout[] = [];
    serveWatch((response) => timers.push(setInterval(() => response.write('{'), 10)));
    const {error} = await watch({idleMs: 150});
    timers.forEach(clearInterval);
    expect(error?.code).toBe('ISTHMUS_KUBE_TIMEOUT');
  });

  test('a consumer that takes its time is not silence', async () => {
    serveWatch((response) => {
      response.write(bookmark('6'));
      setTimeout(() => response.end(bookmark('7')), 20);
    });
    const seen: string[] = [];
    for await (const event of client.watch(configMaps, {resourceVersion: '5', idleMs: 100})) {
      seen.push(event.type);
      // Longer than the silence that is allowed: time is what this rule is about.
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    expect(seen).toHaveLength(2);
  });

  test('a head that does not come ends at the timeout', async () => {
    const hasty = newClient(server, {requestTimeoutMs: 100});
    const iterator = hasty.watch(configMaps, {resourceVersion: '5'});
    await expect(iterator.next()).rejects.toMatchObject({code: 'ISTHMUS_KUBE_TIMEOUT'});
    await hasty.close();
  });

  test('walking away closes the connection', async () => {
    serveWatch((response) => response.write(bookmark('6')));
    await watch({stopAfter: 1});
    await eventually(() => server.open()).toBe(0);
  });

  test('the signal ends it while it waits', async () => {
    const stop = new AbortController();
    serveWatch((response) => response.write(bookmark('6'), () => setImmediate(() => stop.abort())));
    const {error} = await watch({signal: stop.signal});
    expect(error?.isAborted).toBe(true);
    await eventually(() => server.open()).toBe(0);
  });
});

describe('lines', () => {
  test('do not depend on how the bytes were cut', () => {
    const texts = fc.array(fc.string({unit: 'grapheme'}).map((text) => `x${text.replaceAll('\n', '')}`));
    fc.assert(
      fc.property(texts, fc.array(fc.nat(40)), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        const splitter = new LineSplitter('GET /');
        const result: string[] = [];
        let at = 0;
        for (const cut of cuts) result.push(...splitter.push(bytes.subarray(at, (at += cut))));
        result.push(...splitter.push(bytes.subarray(at)));
        expect(result).toEqual(lines);
        expect(splitter.pendingBytes).toBe(0);
      }),
    );
  });

  test('of more than 16 MiB are refused before they fill the memory', () => {
    const splitter = new LineSplitter('GET /');
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    expect(() => Array.from({length: 17}, () => splitter.push(chunk))).toThrow('larger than');
  });
});
