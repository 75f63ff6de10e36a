import type {KubeObject} from '../api/meta.ts';
import {badAnswer, statusError} from './status-error.ts';
import type {HttpStream} from './transport.ts';

/** An ERROR event is never one of these: it is thrown as a KubeError. */
export type WatchEvent =
  | {readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubeObject}
  | {readonly type: 'BOOKMARK'; readonly resourceVersion: string};

/** A single object is at most 2 MiB in etcd; JSON makes it longer, not ten times longer. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * The events of an open watch, until the server ends it. The connection is closed when the consumer stops.
 *
 * Throws KubeError: an ERROR event (410 comes this way, with HTTP 200), silence for `idleMs`, a broken connection, half an
 * event at the end, or something that is not an event.
 */
export async function* readWatchEvents(
  stream: HttpStream,
  o: {readonly request: string; readonly idleMs?: number | undefined},
): AsyncGenerator<WatchEvent, void, undefined> {
  const lines = new LineSplitter(o.request);
  try {
    for (;;) {
      // Only waiting counts as silence, not the consumer's own time; half a line does not end it.
      if (o.idleMs !== undefined) stream.limit.arm(o.idleMs, `the watch was silent for ${o.idleMs} ms`);
      const next = await stream.chunks.next();
      if (next.done === true) break;
      const complete = lines.push(next.value);
      if (complete.length > 0) stream.limit.disarm();
      for (const line of complete) yield parseWatchEvent(line, o.request);
    }
    if (lines.pendingBytes > 0) throw new Error('the watch ended in the middle of an event');
  } catch (error) {
    throw stream.limit.translate(error);
  } finally {
    stream.limit.end();
  }
}

/** Cuts a byte stream into lines; chunks may end anywhere, inside of a UTF-8 sequence too. */
export class LineSplitter {
  readonly #request: string;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;

  constructor(request: string) {
    this.#request = request;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** The lines that this chunk completes, without their newline; empty lines are left out. */
  push(chunk: Uint8Array): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = this.#take(chunk.subarray(start, end));
      if (line.trim() !== '') lines.push(line);
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines;
  }

  #take(tail: Uint8Array): string {
    const line = Buffer.concat([...this.#pending, tail]).toString('utf8');
    this.#pending = [];
    this.#pendingBytes = 0;
    return line;
  }

  #keep(rest: Uint8Array): void {
    if (rest.byteLength === 0) return;
    this.#pending.push(rest);
    this.#pendingBytes += rest.byteLength;
    if (this.#pendingBytes > MAX_LINE_BYTES) {
      throw badAnswer(this.#request, `an event of the watch is larger than ${MAX_LINE_BYTES} bytes`);
    }
  }
}

/** One line of a watch. Throws KubeError for an ERROR event and for anything that is not an event. */
export function parseWatchEvent(line: string, request: string): WatchEvent {
  const event = parseLine(line, request);
  if (typeof event !== 'object' || event === null || !('type' in event) || !('object' in event)) {
    throw badAnswer(request, 'a line of the watch is not an event');
  }
  const {type, object} = event;
  if (typeof object !== 'object' || object === null) throw badAnswer(request, 'an event of the watch has no object');
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      if (!isKubeObject(object)) throw badAnswer(request, `an ${type} event has an object without a name`);
      return {type, object};
    case 'BOOKMARK':
      return {type, resourceVersion: bookmarkVersion(object, request)};
    case 'ERROR':
      throw statusError(object, {request});
    default:
      throw badAnswer(request, 'an event of the watch has an unknown type');
  }
}

/** Whether it has what every object has: `metadata.name`. */
export function isKubeObject(value: unknown): value is KubeObject {
  if (typeof value !== 'object' || value === null || !('metadata' in value)) return false;
  const {metadata} = value;
  return typeof metadata === 'object' && metadata !== null && 'name' in metadata && typeof metadata.name === 'string';
}

function parseLine(line: string, request: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // The parser's own message quotes the line, which may be a Secret.
    throw badAnswer(request, 'a line of the watch is not JSON');
  }
}

function bookmarkVersion(object: object, request: string): string {
  const metadata: unknown = 'metadata' in object ? object.metadata : undefined;
  const version =
    typeof metadata === 'object' && metadata !== null && 'resourceVersion' in metadata
      ? metadata.resourceVersion
      : undefined;
  if (typeof version !== 'string' || version === '') throw badAnswer(request, 'a bookmark has no resourceVersion');
  return version;
}
