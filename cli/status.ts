import {Command, Option} from 'commander';

import type {OperatorFlags} from './operator-hub.ts';
import {hubContextOption, hubKubeconfigOption, withOperatorHub} from './operator-hub.ts';
import {developmentOption, namespaceOption} from './shared-options.ts';

/** For all members together. */
const WITHIN_MS = 15_000;

/** `isthmus status [CLUSTER]`: what the hub says of each cluster, and what each shows itself. */
export function statusCommand(): Command {
  return new Command('status')
    .description('a table of the clusters: conditions, exports, imports, conflicts, what is held back or drained')
    .argument('[cluster]', 'this one alone, with names in full')
    .addOption(hubKubeconfigOption())
    .addOption(hubContextOption())
    .addOption(namespaceOption())
    .addOption(new Option('-o, --output <format>', 'how it is printed').choices(['text', 'json']).default('text'))
    .addOption(developmentOption())
    .action(async (name: string | undefined, flags: OperatorFlags & {readonly output: 'text' | 'json'}) => {
      const {collectStatus} = await import('./status/collect-status.ts');
      const {statusText} = await import('./status/status-text.ts');
      await withOperatorHub(flags, async (hub) => {
        const status = await collectStatus(hub, name, AbortSignal.timeout(WITHIN_MS));
        const text = statusText(status, {nowMs: Date.now(), full: name !== undefined});
        process.stdout.write(flags.output === 'json' ? `${JSON.stringify(status, null, 2)}\n` : text);
      });
    });
}
