import {Command, Option} from 'commander';

import type {DnsAnswer} from '../dns/zone/zone-compiler.ts';
import {DEFAULT_SIDECAR_IMAGE} from '../webhooks/injection/sidecar.ts';
import type {ListenAddress} from './arguments.ts';
import {parseDuration, parseWholeNumber} from './arguments.ts';
import type {DnsTransportFlags} from './dns-transport.ts';
import {dnsTransportOptions} from './dns-transport.ts';
import type {DnsWiring} from './dns-wiring-part.ts';
import type {LogLevel} from './logger.ts';
import * as shared from './shared-options.ts';

/** As commander reads them. */
export interface AgentFlags extends DnsTransportFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly clusterId: string;
  readonly namespace: string;
  readonly identity: string;
  readonly webhookListen: ListenAddress;
  readonly healthListen: ListenAddress;
  readonly webhookUrl?: string;
  readonly portsFile?: string;
  readonly sidecarImage: string;
  readonly dnsTtl: number;
  readonly dnsZone: string;
  readonly dnsAnswer: DnsAnswer;
  readonly stateDir?: string;
  readonly dnsWiring: DnsWiring;
  readonly linger: number;
  readonly maxVips: number;
  readonly defaultExportPolicy: 'Allow' | 'Deny';
  readonly probeGateways: boolean;
  readonly development?: boolean;
  readonly logLevel: LogLevel;
}

/** `isthmus agent`: one member's DNS, webhooks and writers, against any kubeconfig. */
export function agentCommand(): Command {
  const command = new Command('agent')
    .description('serve one member: clusterset DNS, admission webhooks, gateway VIPs')
    .requiredOption('--cluster-id <id>', 'the name of this cluster: the metadata.name of its Cluster in the hub')
    .addOption(shared.kubeconfigOption())
    .addOption(shared.contextOption())
    .addOption(shared.namespaceOption())
    .addOption(shared.identityOption())
    .addOption(shared.webhookListenOption())
    .addOption(shared.healthListenOption())
    .addOption(shared.webhookUrlOption())
    .addOption(shared.portsFileOption())
    .option('--sidecar-image <image>', 'the Envoy image that is injected', DEFAULT_SIDECAR_IMAGE)
    .option('--dns-ttl <seconds>', 'TTL of answers', parseWholeNumber(1, 3600), 5)
    .addOption(shared.dnsZoneOption('the clusterset zone, the same in every cluster'))
    .addOption(
      new Option('--dns-answer <what>', 'answer with the VIPs of imports, or with the gateways that carry them')
        .choices(['vips', 'gateways'])
        .default('vips'),
    )
    .option(
      '--state-dir <dir>',
      'keep the last DNS zone there, and serve it as stale after a restart without API server',
    )
    .addOption(
      new Option(
        '--dns-wiring <what>',
        "look after what `isthmus dns wire` wrote into the cluster's DNS: say so when it is gone, or write it again",
      )
        .choices(['off', 'check', 'repair'])
        .default('off'),
    )
    .addOption(
      new Option('--linger <duration>', 'how long a gateway VIP outlives its import')
        .argParser(parseDuration)
        .default(60_000, '60s'),
    )
    .option(
      '--max-vips <count>',
      'most gateway VIPs; never more than half of the service range',
      parseWholeNumber(0, 1_000_000),
      2_000,
    )
    .addOption(shared.defaultExportPolicyOption())
    .addOption(shared.noProbeGatewaysOption())
    .addOption(shared.developmentOption())
    .addOption(shared.logLevelOption('info'));
  for (const option of dnsTransportOptions()) command.addOption(option);
  return command.action(async (flags: AgentFlags) => {
    const {runAgent} = await import('./run-agent.ts');
    await runAgent(flags);
  });
}
