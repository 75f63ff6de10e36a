import type {Logger} from 'pino';
import type {DnsServer} from '../dns/server.ts';
import type {Agent} from '../src/agent/agent.ts';
import {STALENESS_BOUND_MS} from '../src/clusterset/staleness.ts';

const LOOK_EVERY_MS = 10_000;

export interface SilentApiOptions {
  readonly agent: Pick<Agent, 'status'>;
  readonly dns: Pick<DnsServer, 'markSilent'>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly nowMs?: () => number;
}

/**
 * Lets answers say how old they are while the agent's own API server is away: for as long as any other source may be silent before it
 * counts as stale (design §6) they are live, as a watch may be quiet for a minute. What a restarted agent serves out of its file is old
 * from the beginning, and the server knows that itself.
 */
export function markAnswersOfSilentApi({agent, dns, logger, signal, nowMs = Date.now}: SilentApiOptions): void {
  let wasSilent = false;
  const look = (): void => {
    const heardMs = lastHeardMs(agent);
    const isSilent = heardMs !== undefined && nowMs() - heardMs > STALENESS_BOUND_MS;
    dns.markSilent(isSilent ? heardMs : undefined);
    if (isSilent !== wasSilent)
      logger.warn(
        {heardMs},
        isSilent ? 'the API server is silent: answers say their age' : 'the API server is heard again',
      );
    wasSilent = isSilent;
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  timer.unref();
  signal.addEventListener('abort', () => clearInterval(timer), {once: true});
}

/** By whatever it watches: one kind that is refused is no silence. Undefined: nothing was heard yet, so there is nothing to be old. */
function lastHeardMs(agent: Pick<Agent, 'status'>): number | undefined {
  const heard = Object.values(agent.status().sources).flatMap(({lastContactAtMs}) => lastContactAtMs ?? []);
  return heard.length === 0 ? undefined : Math.max(...heard);
}
