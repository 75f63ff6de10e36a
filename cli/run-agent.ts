import {isDnsLabel} from '../src/api/names.ts';
import {IsthmusError} from '../src/errors.ts';
import type {AgentFlags} from './agent.ts';
import {startAgentProcess} from './agent-process.ts';
import {readCredentials} from './credentials.ts';
import {createLogger} from './logger.ts';
import {writePortsFile} from './ports-file.ts';
import {untilStopped} from './until-stopped.ts';

/** Runs one agent until it is told to stop. */
export async function runAgent(flags: AgentFlags): Promise<void> {
  if (!isDnsLabel(flags.clusterId)) {
    throw new IsthmusError(
      'ISTHMUS_USAGE',
      `--cluster-id ${flags.clusterId} must be one DNS label: lower-case letters, digits, '-'`,
    );
  }
  const logger = createLogger(flags.logLevel, 'isthmus-agent');
  if (flags.development === true) logger.warn('development mode: loopback API servers and gateways are accepted');
  const running = await startAgentProcess({
    ...flags,
    credentials: await readCredentials(flags),
    webhookUrl: flags.webhookUrl,
    ttlSeconds: flags.dnsTtl,
    lingerMs: flags.linger,
    development: flags.development ?? false,
    logger,
  });
  logger.info(running.ports, 'listening');
  if (flags.portsFile !== undefined) await writePortsFile(flags.portsFile, running.ports);
  const why = await untilStopped([running.failed]);
  logger.info({why: String(why)}, 'stopping');
  await running.close();
  if (why instanceof Error) throw why;
}
