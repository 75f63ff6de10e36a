import {Command, InvalidArgumentError, Option} from 'commander';

import {DEFAULT_NAMESPACE} from '../src/api/names.ts';
import {isCidr} from '../src/clusterset/addresses.ts';
import {parseDuration, parseId, parseWholeNumber} from './arguments.ts';
import type {JoinSettings} from './join/join-plan.ts';
import type {OperatorFlags} from './operator-hub.ts';
import {hubContextOption, hubKubeconfigOption, withOperatorHub} from './operator-hub.ts';
import {developmentOption} from './shared-options.ts';
import {processTerminal} from './terminal.ts';

interface JoinFlags extends Omit<OperatorFlags, 'namespace'> {
  readonly memberKubeconfig: string;
  readonly memberContext?: string;
  readonly memberServer?: string;
  readonly clustersetId?: string;
  readonly gatewayHost?: string;
  readonly gatewayPort?: number;
  readonly network?: string;
  readonly podCidrs?: readonly string[];
  readonly region?: string;
  readonly zone?: string;
  readonly group?: string;
  readonly withAgent?: boolean;
  readonly wait: number;
  readonly dryRun?: boolean;
}

/** `isthmus join CLUSTER`: account, rights and token in the member, Secret and Cluster in the hub's cluster. */
export function joinCommand(): Command {
  return new Command('join')
    .description('make a cluster a member: an account for the hub in it, and its registration with the hub')
    .argument('<cluster>', 'the cluster id: one DNS label')
    .addOption(hubKubeconfigOption())
    .addOption(hubContextOption())
    .requiredOption('--member-kubeconfig <file>', 'an administrator’s kubeconfig of the cluster that joins')
    .option('--member-context <name>', 'context of that kubeconfig (default: its current one)')
    .option('--member-server <url>', 'where the hub reaches its API server (default: as in the kubeconfig)')
    .option(
      '--clusterset-id <id>',
      'of this hub; needed only for a cluster that says it is in a clusterset already',
      parseId,
    )
    .option('--gateway-host <host>', 'address or DNS name at which other clusters reach its gateway')
    .option('--gateway-port <port>', 'port of it (default: 80)', parseWholeNumber(1, 65_535))
    .option('--network <name>', 'the same for clusters that reach each other’s pods (default: one of its own)')
    .option('--pod-cidrs <ranges>', 'address ranges of its pods, comma-separated (default: any)', parseRanges)
    .option('--region <name>', 'region of the cluster')
    .option('--zone <name>', 'zone of the cluster')
    .option('--group <name>', 'group of the cluster')
    .option('--with-agent', 'apply what an agent needs in the member too (manifests/install/agent.yaml)')
    .addOption(
      new Option('--wait <duration>', 'how long to wait until the hub has taken it up; 0s: not at all')
        .argParser(parseDuration)
        .default(60_000, '60s'),
    )
    .option('--dry-run', 'look at everything and say what would be done, but change nothing')
    .addOption(developmentOption())
    .action(async (name: string, flags: JoinFlags) => {
      const {runJoin} = await import('./join/run-join.ts');
      const {readCredentials} = await import('./credentials.ts');
      const {memberKubeconfig, memberContext, memberServer, clustersetId, withAgent, dryRun, wait} = flags;
      const context = memberContext === undefined ? {} : {context: memberContext};
      const member = await readCredentials({kubeconfig: memberKubeconfig, ...context});
      await withOperatorHub({...flags, namespace: DEFAULT_NAMESPACE}, async (hub) =>
        runJoin({
          ...{name, hub, member, memberServer, clustersetId, memberKubeconfig},
          settings: settingsOf(flags),
          withAgent: withAgent ?? false,
          dryRun: dryRun ?? false,
          waitMs: wait,
          terminal: processTerminal(),
          signal: new AbortController().signal,
        }),
      );
    });
}

function settingsOf({gatewayHost, gatewayPort, network, podCidrs, region, zone, group}: JoinFlags): JoinSettings {
  const given = {gatewayHost, gatewayPort, network, podCIDRs: podCidrs, region, zone, group};
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function parseRanges(text: string): readonly string[] {
  const ranges = text.split(',').map((range) => range.trim());
  const wrong = ranges.find((range) => !isCidr(range));
  if (wrong !== undefined) throw new InvalidArgumentError(`"${wrong}" is not a range such as 10.1.0.0/16`);
  return ranges;
}
