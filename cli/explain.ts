import {Command, Option} from 'commander';

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
    .addOption(new Option('-o, --output <format>', 'how it is printed').choices(['text', 'json']).default('text'))
    .addOption(shared.developmentOption())
    .action(async (service: string, flags: ExplainFlags) => {
      const {collectExports} = await import('./collect-exports.ts');
      const {readCredentials} = await import('./credentials.ts');
      const collected = await collectExports(await readCredentials(flags), {...flags, service});
      const {exports, silent} = collected;
      const trace = exports.length === 0 ? [] : explainMerge(exports);
      process.stdout.write(
        flags.output === 'json' ? `${JSON.stringify({trace, silent}, null, 2)}\n` : printed(trace, collected),
      );
      if (exports.length === 0) process.exitCode = 1;
    });
}

function printed(trace: readonly TraceStep[], {silent, asked}: Collected): string {
  const lines = trace.map(
    ({step, subject, verdict, because}) => `${step.padEnd(7)} ${subject}: ${verdict}\n        because ${because}`,
  );
  const unknown = silent.map(
    ({cluster, because}) => `unknown ${cluster}: could not be asked\n        because ${because}`,
  );
  // What nobody could be asked about is not known to be absent.
  const none = lines.length > 0 || silent.length === asked ? [] : ['no member that could be asked exports it'];
  const nobody = asked === 0 ? ['no Cluster is registered'] : [];
  return `${[...lines, ...none, ...nobody, ...unknown].join('\n')}\n`;
}
