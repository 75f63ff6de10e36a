import {Command, Option} from 'commander';

import {parseDuration} from './arguments.ts';
import type {OperatorFlags} from './operator-hub.ts';
import {hubContextOption, hubKubeconfigOption, withOperatorHub} from './operator-hub.ts';
import {namespaceOption} from './shared-options.ts';
import {processTerminal} from './terminal.ts';

/** `isthmus confirm CLUSTER`: shows what the guard against mass deletion holds back, and lets it through. */
export function confirmCommand(): Command {
  return new Command('confirm')
    .description('let deletions through that the hub holds back because too many came at once')
    .argument('<cluster>', 'the cluster id')
    .addOption(hubKubeconfigOption())
    .addOption(hubContextOption())
    .addOption(namespaceOption())
    .option('-y, --yes', 'don’t ask')
    .addOption(
      new Option('--wait <duration>', 'how long to wait for the hub').argParser(parseDuration).default(30_000, '30s'),
    )
    .action(async (name: string, flags: OperatorFlags & {readonly yes?: boolean; readonly wait: number}) => {
      const {runConfirm} = await import('./run-confirm.ts');
      await withOperatorHub(flags, async (hub) =>
        runConfirm({
          ...{name, hub, agreed: flags.yes ?? false, waitMs: flags.wait},
          terminal: processTerminal(),
          signal: new AbortController().signal,
        }),
      );
    });
}
