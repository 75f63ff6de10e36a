import {Command, Option} from 'commander';

import {HEARTBEAT_EXPIRY_MS} from '../src/agent/hub-heartbeat.ts';
import type {OperatorFlags} from './operator-hub.ts';
import {hubContextOption, hubKubeconfigOption, withOperatorHub} from './operator-hub.ts';
import {clustersetIdOption, developmentOption, namespaceOption} from './shared-options.ts';
import {processTerminal} from './terminal.ts';

interface TakeoverFlags extends OperatorFlags {
  readonly clustersetId: string;
  readonly force?: boolean;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** `isthmus hub takeover`: puts the hub of this cluster in the place of one that is lost. */
export function takeoverCommand(): Command {
  return new Command('takeover')
    .description(
      'put the hub of this cluster in the place of one that is lost; its Cluster objects must be applied here',
    )
    .addOption(hubKubeconfigOption())
    .addOption(hubContextOption())
    .addOption(namespaceOption())
    .addOption(clustersetIdOption())
    .option('--dry-run', 'look, and say what would be done')
    .option('--force', 'also members whose hub is alive: it stops writing to them at once')
    .option('-y, --yes', 'don’t ask')
    .addOption(
      new Option('--watch-ms <ms>')
        .argParser(Number)
        .default(HEARTBEAT_EXPIRY_MS + 1_000)
        .hideHelp(),
    )
    .addOption(developmentOption())
    .action(async (flags: TakeoverFlags & {readonly watchMs: number}) => {
      const {runTakeover} = await import('./takeover/run-takeover.ts');
      const {clustersetId, force = false, yes = false, dryRun = false, watchMs} = flags;
      await withOperatorHub(flags, async (hub) =>
        runTakeover({
          ...{hub, clustersetId, force, dryRun, watchMs, agreed: yes},
          terminal: processTerminal(),
          signal: new AbortController().signal,
        }),
      );
    });
}
