import {Command, Option} from 'commander';

import type {ListenAddress} from './arguments.ts';
import {parseDuration, parseListenAddress} from './arguments.ts';
import * as shared from './shared-options.ts';

export interface WireFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace: string;
  readonly dnsZone: string;
  readonly dryRun?: boolean;
  readonly undo?: boolean;
  readonly restart?: boolean;
  readonly clusterDns?: ListenAddress;
  readonly wait: number;
}

/** `isthmus dns wire`: makes the cluster's DNS forward the clusterset zone to Isthmus, and proves it (docs/dns-wiring.md). */
export function dnsWireCommand(): Command {
  return new Command('wire')
    .description("make the cluster's DNS forward the clusterset zone to Isthmus")
    .addOption(shared.kubeconfigOption())
    .addOption(shared.contextOption())
    .addOption(shared.namespaceOption())
    .addOption(shared.dnsZoneOption('the clusterset zone, as the agents have it'))
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--undo', 'take it back: everything is as it was')
    .option('--restart', 'restart DNS servers that do not look at their configuration again by themselves')
    .option(
      '--cluster-dns <host:port>',
      'ask there for the proof (default: the address of Service kube-dns)',
      parseListenAddress,
    )
    .addOption(
      new Option('--wait <duration>', 'how long to wait for the proof').argParser(parseDuration).default(120_000, '2m'),
    )
    .action(async (flags: WireFlags) => {
      const {runDnsWire} = await import('./run-dns-wire.ts');
      process.exitCode = await runDnsWire(flags, (line) => process.stdout.write(`${line}\n`));
    });
}
