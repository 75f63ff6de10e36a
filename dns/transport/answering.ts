import type {Counters} from '../counters.ts';
import type {Forwarder} from '../forward/forwarder.ts';
import type {Responder} from '../responder.ts';
import {FLAG_TC} from '../wire/codes.ts';
import type {ReplyMemory} from '../wire/reply-memory.ts';
import type {ConnectionCaps} from './connection-caps.ts';
import type {RateLimiter} from './rate-limiter.ts';
import type {TcpLimits} from './tcp-limits.ts';

/** What the listeners of one worker share. */
export interface Answering {
  readonly responder: Responder;
  readonly counters: Counters;
  /** Left out: queries for other zones are refused. */
  readonly forwarder?: Forwarder | undefined;
  readonly limiter?: RateLimiter | undefined;
  /** Where the responder writes answers over UDP. */
  readonly replies?: ReplyMemory | undefined;
}

/** As {@link Answering}, for what comes over connections. */
export interface StreamAnswering extends Answering {
  readonly limits: TcpLimits;
  readonly caps: ConnectionCaps;
}

/** @param start - where the answer begins: behind its length, if that is before it */
export function isTruncated(reply: Buffer, start: number): boolean {
  return (reply[start + 2]! & FLAG_TC) !== 0;
}
