import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {presenterOf} from '../../../src/dev/apiserver/read/presenter.ts';
import {WatchStream} from '../../../src/dev/apiserver/read/watch-stream.ts';
import {widget, widgetType} from './support/widget-type.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const presenter = presenterOf(widgetType(), {presentation: 'Object', includeObject: null, nowMs: () => 0});

function stream(options: {everyMs?: number; timeoutMs?: number} = {}) {
  const said: string[] = [];
  let backlog = 0;
  let revision = 100;
  const watch = new WatchStream({
    writer: {
      get backlog() {
        return backlog;
      },
      write: (line) => void said.push(JSON.parse(line).type),
      end: () => void said.push('end'),
      destroy: () => void said.push('destroy'),
    },
    presenter,
    bookmarks: options.everyMs === undefined ? undefined : {everyMs: options.everyMs, revision: () => revision++},
    timeoutMs: options.timeoutMs ?? 1000,
    onClose: () => void said.push('closed'),
    rewrite: undefined,
  });
  watch.start();
  return {watch, said, stuck: () => (backlog = 100 * 1024 * 1024)};
}

describe('a watch on the wire', () => {
  test('says a bookmark every so often and one right before its end', () => {
    const {said} = stream({everyMs: 400, timeoutMs: 1000});
    vi.advanceTimersByTime(1000);
    expect(said).toEqual(['BOOKMARK', 'BOOKMARK', 'BOOKMARK', 'end', 'closed']);
    vi.advanceTimersByTime(10_000);
    expect(said).toHaveLength(5);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('without bookmarks just ends', () => {
    const {said} = stream();
    vi.advanceTimersByTime(1000);
    expect(said).toEqual(['end', 'closed']);
  });

  test('whose client does not read is cut, not kept in memory', () => {
    const {watch, said, stuck} = stream();
    watch.event('ADDED', widget('a'));
    watch.caughtUp();
    stuck();
    watch.event('ADDED', widget('b'));
    watch.event('ADDED', widget('c'));
    expect(said).toEqual(['ADDED', 'ADDED', 'destroy', 'closed']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('may start with any amount of what there is already', () => {
    const {watch, said, stuck} = stream();
    stuck();
    watch.event('ADDED', widget('a'));
    watch.caughtUp();
    watch.event('ADDED', widget('b'));
    expect(said).toEqual(['ADDED', 'ADDED']);
  });

  test('that failed says so and ends', () => {
    const {watch, said} = stream();
    watch.fail({kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code: 410});
    watch.event('ADDED', widget('late'));
    expect(said).toEqual(['ERROR', 'end', 'closed']);
  });

  test('that is muted says nothing, not even its end', () => {
    const {watch, said} = stream({everyMs: 100, timeoutMs: 500});
    watch.mute();
    watch.event('ADDED', widget('a'));
    vi.advanceTimersByTime(1000);
    expect(said).toEqual(['closed']);
  });

  test('closes once, whoever closes it', () => {
    const {watch, said} = stream();
    watch.close();
    watch.close();
    watch.event('ADDED', widget('a'));
    expect(said).toEqual(['closed']);
  });
});
