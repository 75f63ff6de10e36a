import {Command} from 'commander';

import type {TraceStep} from '../src/clusterset/decision.ts';
import {explainMerge} from '../src/clusterset/explain.ts';
import type {Collected, Sought} from './collect-exports.ts';
import * as shared from './shared-options.ts';

interface ExplainFlags extends Omit<Sought, 'service'> {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly output: 'text' | 'json';
}

/** `isthmus explain SERVICE -n NAMESPACE`: who exports it, who won, and why; asked of the members themselves. */
export function explainCommand(): Command {
  return new Command('explain')
    .description('why an import is what it is: every export of one service, and how they were merged')
    .argument('<service>', 'name of the exported Service')
    .requiredOption('-n, --namespace <namespace>', 'namespace of the Service')
    .addOption(shared.kubeconfigOption())
    .addOption(shared.contextOption())
    .option('--isthmus-namespace <name>', "Isthmus' own namespace in the hub's cluster", 'isthmus-system')
    .option('-o, --output <format>', 'text or json', 'text')
    .addOption(shared.developmentOption())
    .action(async (service: string, flags: ExplainFlags) => {
      const {collectExports} = await import('./collect-exports.ts');
      const {readCredentials} = await import('./credentials.ts');
      const {exports, silent} = await collectExports(await readCredentials(flags), {...flags, service});
      const trace = exports.length === 0 ? [] : explainMerge(exports);
      process.stdout.write(
        flags.output === 'json' ? `${JSON.stringify({trace, silent}, null, 2)}\n` : printed(trace, silent),
      );
      if (exports.length === 0) process.exitCode = 1;
    });
}

function printed(trace: readonly TraceStep[], silent: Collected['silent']): string {
  const lines = trace.map(
    ({step, subject, verdict, because}) => `${step.padEnd(7)} ${subject}: ${verdict}\n        because ${because}`,
  );
  const unknown = silent.map(
    ({cluster, because}) => `unknown ${cluster}: could not be asked\n        because ${because}`,
  );
  const none = lines.length === 0 ? ['no member that could be asked exports it'] : [];
  return `${[...lines, ...none, ...unknown].join('\n')}\n`;
}
