import {Command, Option} from 'commander';

import type {ListenAddress} from './arguments.ts';
import {readCredentials} from './credentials.ts';
import {startHubProcess} from './hub-process.ts';
import type {LogLevel} from './logger.ts';
import {createLogger} from './logger.ts';
import {writePortsFile} from './ports-file.ts';
import * as shared from './shared-options.ts';
import {untilStopped} from './until-stopped.ts';

interface HubFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace: string;
  readonly identity: string;
  readonly clustersetId: string;
  readonly webhookListen: ListenAddress;
  readonly healthListen: ListenAddress;
  readonly webhookUrl?: string;
  readonly portsFile?: string;
  readonly createNamespaces: boolean;
  readonly unreachableAfter: number;
  readonly development?: boolean;
  readonly logLevel: LogLevel;
}

/** `isthmus hub`: connects the members, against any kubeconfig. */
export function hubCommand(): Command {
  return new Command('hub')
    .description('connect the members: turn their ServiceExports into ServiceImports everywhere')
    .addOption(shared.kubeconfigOption())
    .addOption(shared.contextOption())
    .addOption(shared.namespaceOption())
    .addOption(shared.identityOption())
    .addOption(
      new Option('--clusterset-id <id>', 'name of the clusterset; a member of another one is not touched').default(
        'isthmus',
      ),
    )
    .addOption(shared.webhookListenOption())
    .addOption(shared.healthListenOption())
    .addOption(shared.webhookUrlOption())
    .addOption(shared.portsFileOption())
    .option('--no-create-namespaces', 'import only into namespaces that exist; by default missing ones are created')
    .addOption(shared.unreachableAfterOption(10_000, '10s'))
    .addOption(shared.developmentOption())
    .addOption(shared.logLevelOption('info'))
    .action((flags: HubFlags) => runHub(flags));
}

async function runHub(flags: HubFlags): Promise<void> {
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
