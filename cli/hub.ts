import {Command, Option} from 'commander';

import type {DefaultRouting} from '../src/clusterset/view.ts';
import type {ListenAddress} from './arguments.ts';
import type {LogLevel} from './logger.ts';
import * as shared from './shared-options.ts';
import {takeoverCommand} from './takeover.ts';

/** As commander reads them. */
export interface HubFlags {
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
  readonly importSlices: 'all' | 'headless';
  readonly defaultExportPolicy: 'Allow' | 'Deny';
  readonly defaultRouting: DefaultRouting;
  readonly probeGateways: boolean;
  readonly development?: boolean;
  readonly logLevel: LogLevel;
}

/** `isthmus hub`: connects the members, against any kubeconfig. */
export function hubCommand(): Command {
  return (
    new Command('hub')
      .description('connect the members: turn their ServiceExports into ServiceImports everywhere')
      // Else options of the same names would be taken from the command below.
      .enablePositionalOptions()
      .addCommand(takeoverCommand())
      .addOption(shared.kubeconfigOption())
      .addOption(shared.contextOption())
      .addOption(shared.namespaceOption())
      .addOption(shared.identityOption())
      .addOption(shared.clustersetIdOption())
      .addOption(shared.webhookListenOption())
      .addOption(shared.healthListenOption())
      .addOption(shared.webhookUrlOption())
      .addOption(shared.portsFileOption())
      .option('--no-create-namespaces', 'import only into namespaces that exist; by default missing ones are created')
      .addOption(shared.unreachableAfterOption(10_000, '10s'))
      .addOption(
        new Option(
          '--import-slices <which>',
          'which EndpointSlices members import: `all`, up to 5,000 a member and then `headless`, or those of headless services only',
        )
          .choices(['all', 'headless'])
          .default('all'),
      )
      .addOption(shared.defaultExportPolicyOption())
      .addOption(
        new Option(
          '--default-routing <how>',
          'how members route imports that no GlobalTrafficPolicy is bound to: the own cluster first, it alone, or all exporters alike',
        )
          .choices(['local-first', 'Locality', 'ActiveActive'])
          .default('local-first'),
      )
      .addOption(shared.noProbeGatewaysOption())
      .addOption(shared.developmentOption())
      .addOption(shared.logLevelOption('info'))
      .action(async (flags: HubFlags) => {
        const {runHub} = await import('./run-hub.ts');
        await runHub(flags);
      })
  );
}
