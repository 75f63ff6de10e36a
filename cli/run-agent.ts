import {isDnsLabel} from '../src/api/names.ts';
import {IsthmusError} from '../src/errors.ts';
import {startAgentProcess} from './agent-process.ts';
import type {AgentFlags} from './agent.ts';
import {toTransportOptions} from './dns-transport.ts';
import {readCredentials} from './credentials.ts';
import {createLogger} from './logger.ts';
import {runUntilStopped} from './run-until-stopped.ts';

/** Runs one agent until it is told to stop. */
export async function runAgent(flags: AgentFlags): Promise<void> {
  if (!isDnsLabel(flags.clusterId)) {
    const what = "must be one DNS label: lower-case letters, digits, '-'";
    throw new IsthmusError('ISTHMUS_USAGE', `--cluster-id ${flags.clusterId} ${what}`);
  }
  const logger = createLogger(flags.logLevel, 'isthmus-agent');
  if (flags.development === true) logger.warn('development mode: loopback API servers and gateways are accepted');
  const credentials = await readCredentials(flags);
  const start = (): ReturnType<typeof startAgentProcess> =>
    startAgentProcess({
      ...flags,
      credentials,
      webhookUrl: flags.webhookUrl,
      ttlSeconds: flags.dnsTtl,
      dnsOptions: {
        ...toTransportOptions(flags),
        zone: flags.dnsZone,
        answer: flags.dnsAnswer,
        ...(flags.stateDir === undefined ? {} : {state: {dir: flags.stateDir, clusterId: flags.clusterId}}),
      },
      lingerMs: flags.linger,
      probeGateways: flags.probeGateways ? {} : undefined,
      development: flags.development ?? false,
      logger,
    });
  await runUntilStopped({start, portsFile: flags.portsFile, logger});
}
