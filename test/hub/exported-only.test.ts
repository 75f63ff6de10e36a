import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {KubeObject} from '../../src/api/meta.ts';
import {services} from '../../src/api/resources.ts';
import {ExportedOnly} from '../../src/hub/exported-only.ts';
import type {KubeClient, WatchEvent} from '../../src/kube/client.ts';
import {quietLogger} from './clusterset.ts';
import {KubeError} from '../../src/kube/kube-error.ts';
import {eventually} from '../tools/eventually.ts';

/** Races between dropping objects, asking for them again and the watch, with a server that a test plays step by step. */

interface Thing extends KubeObject {
  readonly color: string;
}

function thing(name: string, color: string, resourceVersion: string): Thing {
  const metadata = {namespace: 'bar', name, uid: `uid-${name}`, resourceVersion};
  return {apiVersion: 'v1', kind: 'Service', metadata, color};
}

const EXPIRED = {status: 410, reason: 'Expired'};

let listed: Thing[];
let events: (event: WatchEvent) => void;
let answers: ((found: readonly Thing[]) => void)[];
let versions: (string | undefined)[];
let touched: string[];
let stop: AbortController;
let store: ExportedOnly<string>;

beforeEach(() => {
  listed = [];
  answers = [];
  versions = [];
  touched = [];
  stop = new AbortController();
  const waiting: WatchEvent[] = [];
  let wake = (): void => undefined;
  events = (event) => {
    waiting.push(event);
    wake();
  };
  const client = {
    async *pages() {
      yield {items: listed, resourceVersion: '1', continue: undefined};
    },
    async *watch(_: unknown, {onOpen, signal}: {onOpen?: () => void; signal: AbortSignal}) {
      onOpen?.();
      while (!signal.aborted) {
        for (const event of waiting.splice(0)) {
          if ((event.type as string) === 'ERROR') throw new KubeError('ISTHMUS_KUBE_STATUS', 'gone', EXPIRED);
          yield event;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
          signal.addEventListener('abort', () => resolve(), {once: true});
        });
      }
    },
  } as unknown as KubeClient;
  store = new ExportedOnly<string>({
    client,
    resource: services,
    logger: quietLogger,
    backoff: {minMs: 1, maxMs: 1},
    nowMs: Date.now,
    serviceOf: ({metadata}) => `${metadata.namespace}/${metadata.name}`,
    facts: (raw) => {
      if ((raw as Thing).color === 'bad') throw new Error('no such color');
      return (raw as Thing).color;
    },
    fetch: async (_, {notOlderThan}) => {
      versions.push(notOlderThan);
      return new Promise((resolve) => answers.push(resolve));
    },
    onChange: (names) => touched.push(...names),
  });
});
afterEach(async () => {
  stop.abort();
  for (const answer of answers) answer([]);
  await store.closed;
});

async function start(): Promise<void> {
  store.start(stop.signal);
  await store.synced;
}

async function asked(): Promise<(found: readonly Thing[]) => void> {
  return eventually('it is asked for', () => answers[0]);
}

const changed = (type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'ERROR', object: Thing): void =>
  events({type, object} as never);

describe('objects of services', () => {
  test('exported before the list: kept from it, nothing is asked for', async () => {
    listed = [thing('foo', 'red', '1')];
    store.begin('bar/foo');
    await start();
    expect(store.of('bar/foo')).toEqual(['red']);
    expect(answers).toEqual([]);
  });

  test('not exported: only the name is kept', async () => {
    listed = [thing('foo', 'red', '1')];
    await start();
    expect(store.of('bar/foo')).toEqual([]);
    expect(store.exists('bar/foo')).toBe(true);
    expect(touched).toEqual([]);
  });

  test('exported later: unknown until the answer is there, then known', async () => {
    listed = [thing('foo', 'red', '1')];
    await start();
    store.begin('bar/foo');
    expect(store.of('bar/foo')).toBeUndefined();
    (await asked())([thing('foo', 'red', '1')]);
    await eventually('known', () => store.of('bar/foo')?.join() === 'red');
    expect(touched).toEqual(['bar/foo']);
  });

  test('an answer that lacks what the watch has shown is not believed: nothing is known until a whole one is there', async () => {
    listed = [thing('foo', 'red', '1')];
    await start();
    store.begin('bar/foo');
    (await asked())([]);
    const again = await eventually('it is asked for again', () => answers[1]);
    expect(store.of('bar/foo')).toBeUndefined();
    expect(touched).toEqual([]);
    again([thing('foo', 'red', '1')]);
    await eventually('known', () => store.of('bar/foo')?.join() === 'red');
  });

  test('it is asked for as of where the watch has come: older would be wrong, the newest would wait for etcd', async () => {
    listed = [thing('foo', 'red', '1')];
    await start();
    store.begin('bar/foo');
    await asked();
    changed('MODIFIED', thing('foo', 'blue', '7'));
    await eventually('the change came', () => store.status().resourceVersion === '7');
    store.begin('bar/other');
    await eventually('both are asked for', () => versions.length === 2);
    expect(versions).toEqual(['1', '7']);
  });

  test('the watch is faster than an older answer: the newer state stays', async () => {
    listed = [thing('foo', 'red', '1')];
    await start();
    store.begin('bar/foo');
    const answer = await asked();
    changed('MODIFIED', thing('foo', 'blue', '2'));
    await eventually('the change came', () => touched.length > 0);
    answer([thing('foo', 'red', '1')]);
    await eventually('known', () => store.of('bar/foo')?.join() === 'blue');
  });

  test('the last one deleted before our eyes is known to be gone; one that a list lacks is not', async () => {
    listed = [thing('foo', 'red', '1')];
    store.begin('bar/foo');
    store.begin('bar/other');
    await start();
    expect([store.wasEmptied('bar/foo'), store.wasEmptied('bar/other')]).toEqual([false, false]);
    changed('DELETED', thing('foo', 'red', '2'));
    await eventually('the deletion came', () => !store.exists('bar/foo'));
    expect([store.wasEmptied('bar/foo'), store.wasEmptied('bar/other')]).toEqual([true, false]);
    changed('ADDED', thing('foo', 'blue', '3'));
    await eventually('it came again', () => store.of('bar/foo')?.join() === 'blue');
    expect(store.wasEmptied('bar/foo')).toBe(false);
    // Too old: it is listed again, and the list lacks it.
    listed = [];
    changed('ERROR', thing('foo', '', ''));
    await eventually('the list lacks it', () => !store.exists('bar/foo'));
    expect(store.of('bar/foo')).toEqual([]);
    expect(store.wasEmptied('bar/foo')).toBe(false);
  });

  test('deleted while it is asked for: a late answer does not bring it back', async () => {
    listed = [thing('foo', 'red', '1')];
    await start();
    store.begin('bar/foo');
    const answer = await asked();
    changed('DELETED', thing('foo', 'red', '2'));
    await eventually('the deletion came', () => !store.exists('bar/foo'));
    answer([thing('foo', 'red', '1')]);
    await eventually('known', () => store.of('bar/foo') !== undefined);
    expect(store.of('bar/foo')).toEqual([]);
  });

  test('deleted after it was asked for: gone, and that is told', async () => {
    listed = [thing('foo', 'red', '1')];
    await start();
    store.begin('bar/foo');
    (await asked())([thing('foo', 'red', '1')]);
    await eventually('known', () => store.of('bar/foo')?.length === 1);
    changed('DELETED', thing('foo', 'red', '2'));
    await eventually('gone', () => store.of('bar/foo')?.length === 0);
    expect(touched).toEqual(['bar/foo', 'bar/foo']);
  });

  test('exported no more: a late answer is not kept', async () => {
    listed = [thing('foo', 'red', '1')];
    await start();
    store.begin('bar/foo');
    const answer = await asked();
    store.end('bar/foo');
    answer([thing('foo', 'red', '1')]);
    changed('ADDED', thing('fox', 'red', '2'));
    await eventually('the watch went on', () => store.exists('bar/fox'));
    expect(store.of('bar/foo')).toEqual([]);
    expect(touched).toEqual([]);
  });

  test('a hostile object is there and says nothing; others are not touched by it', async () => {
    listed = [thing('foo', 'bad', '1'), thing('fox', 'red', '1')];
    store.begin('bar/foo');
    store.begin('bar/fox');
    await start();
    expect(store.of('bar/foo')).toEqual([]);
    expect(store.exists('bar/foo')).toBe(true);
    expect(store.of('bar/fox')).toEqual(['red']);
  });
});
