import {readCredentials} from './credentials.ts';
import {growHeapSlowly} from './heap-growth.ts';
import {startHubProcess} from './hub-process.ts';
import type {HubFlags} from './hub.ts';
import {createLogger} from './logger.ts';
import {runUntilStopped} from './run-until-stopped.ts';

/** Runs the hub until it is told to stop. */
export async function runHub(flags: HubFlags): Promise<void> {
  growHeapSlowly();
  const logger = createLogger(flags.logLevel, 'isthmus-hub');
  if (flags.development === true) logger.warn('development mode: loopback API servers and gateways are accepted');
  const credentials = await readCredentials(flags);
  const start = (): ReturnType<typeof startHubProcess> =>
    startHubProcess({
      ...flags,
      credentials,
      webhookUrl: flags.webhookUrl,
      unreachableAfterMs: flags.unreachableAfter,
      probeGateways: flags.probeGateways ? {} : undefined,
      development: flags.development ?? false,
      logger,
    });
  await runUntilStopped({start, portsFile: flags.portsFile, logger});
}
