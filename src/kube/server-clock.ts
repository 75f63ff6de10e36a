import type {CallOptions} from './call-options.ts';
import type {KubeClient} from './client.ts';

/** What a clock of an API server was seen to say. All in milliseconds. */
export interface ServerClock {
  /** How far it is ahead of ours; behind: negative. */
  readonly aheadMs: number;
  /** How far that may be off: half of the way there and back, and half of the second that the header is cut to. */
  readonly errorMs: number;
}

/**
 * Reads the clock of an API server off the `Date` header of an answer (RFC 9110 §6.6.1), which every one sends.
 *
 * @returns undefined where there is no such header
 * @throws KubeError where nobody answers
 */
export async function readServerClock(client: KubeClient, limits: CallOptions = {}): Promise<ServerClock | undefined> {
  const beforeMs = Date.now();
  const {headers} = await client.raw('GET', '/version', limits);
  const tookMs = Date.now() - beforeMs;
  const saidMs = Date.parse(String(headers['date'] ?? ''));
  if (Number.isNaN(saidMs)) return undefined;
  // It is cut to whole seconds, so that half of one passed since, on average.
  return {aheadMs: saidMs + 500 - (beforeMs + tookMs / 2), errorMs: 500 + tookMs / 2};
}
