import {readCredentials} from './credentials.ts';
import {startHubProcess} from './hub-process.ts';
import type {HubFlags} from './hub.ts';
import {createLogger} from './logger.ts';
import {writePortsFile} from './ports-file.ts';
import {untilStopped} from './until-stopped.ts';

/** Runs the hub until it is told to stop. */
export async function runHub(flags: HubFlags): Promise<void> {
  const logger = createLogger(flags.logLevel, 'isthmus-hub');
  if (flags.development === true) logger.warn('development mode: loopback API servers and gateways are accepted');
  const running = await startHubProcess({
    ...flags,
    credentials: await readCredentials(flags),
    webhookUrl: flags.webhookUrl,
    unreachableAfterMs: flags.unreachableAfter,
    development: flags.development ?? false,
    logger,
  });
  logger.info(running.ports, 'listening');
  if (flags.portsFile !== undefined) await writePortsFile(flags.portsFile, running.ports);
  logger.info({why: String(await untilStopped([]))}, 'stopping');
  await running.close();
}
