import type {HealthServer, HealthServerOptions} from '../webhooks/health-server.ts';
import {startHealthServer} from '../webhooks/health-server.ts';
import type {ListenAddress} from './arguments.ts';
import {shownAddress} from './arguments.ts';
import {blameFlag} from './blame-flag.ts';

/** `/healthz`, `/readyz` and `/metrics` of a process. */
export function startHealth(
  listen: ListenAddress,
  options: Omit<HealthServerOptions, 'listen'>,
): Promise<HealthServer> {
  return blameFlag('--health-listen', shownAddress(listen), () => startHealthServer({...options, listen}));
}
