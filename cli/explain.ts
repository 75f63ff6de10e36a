import {Command, Option} from 'commander';

import type {TraceStep} from '../src/clusterset/decision.ts';
import {explain, formatTrace} from '../src/clusterset/explain.ts';
import type {Collected, Sought} from './collect-exports.ts';
import * as shared from './shared-options.ts';

interface ExplainFlags extends Omit<Sought, 'service'> {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly output: 'text' | 'json';
}

/** `isthmus explain SERVICE -n NAMESPACE`: who exports it, who won, where the traffic goes, and why; asked of the members themselves. */
export function explainCommand(): Command {
  return new Command('explain')
    .description('why an import is what it is, and with --from where its traffic goes')
    .argument('<service>', 'name of the exported Service')
    .requiredOption('-n, --namespace <namespace>', 'namespace of the Service')
    .option(
      '--from <cluster>',
      'the cluster whose traffic is asked about: policy, health, staleness, tiers, who is left out',
    )
    .addOption(shared.kubeconfigOption())
    .addOption(shared.contextOption())
    .option('--isthmus-namespace <name>', "Isthmus' own namespace in the hub's cluster", 'isthmus-system')
    .addOption(shared.defaultExportPolicyOption())
    .addOption(new Option('-o, --output <format>', 'how it is printed').choices(['text', 'json']).default('text'))
    .addOption(shared.developmentOption())
    .action(async (service: string, flags: ExplainFlags) => {
      const {collectExports} = await import('./collect-exports.ts');
      const {readCredentials} = await import('./credentials.ts');
      const collected = await collectExports(await readCredentials(flags), {...flags, service});
      const {exports, existing, route, silent} = collected;
      const trace = explain({
        ...(exports.length === 0 ? {} : {exports}),
        ...(existing === undefined ? {} : {existing}),
        ...(route === undefined ? {} : {route}),
      });
      process.stdout.write(
        flags.output === 'json' ? `${JSON.stringify({trace, silent}, null, 2)}\n` : printed(trace, collected, flags),
      );
      if (exports.length === 0) process.exitCode = 1;
    });
}

function printed(
  trace: readonly TraceStep[],
  {exports, route, silent, asked, notTargeted, forgotten, unremembered}: Collected,
  {from}: Pick<ExplainFlags, 'from'>,
): string {
  const unknown = silent.map(
    ({cluster, because}) => `unknown ${cluster}: could not be asked\n        because ${because}`,
  );
  // What nobody could be asked about is not known to be absent.
  const none = exports.length > 0 || silent.length === asked ? [] : ['no member that could be asked exports it'];
  const nobody = asked === 0 ? ['no Cluster is registered'] : [];
  const isSilent = silent.some(({cluster}) => cluster === from);
  const noRoute =
    from === undefined || route !== undefined || isSilent ? [] : [`${from} has no import of it${notFor(notTargeted)}`];
  const held = forgotten.map(
    (cluster) =>
      `unknown ${cluster}: its export was deleted, which is held back (MassDeletion), and no import remembers it`,
  );
  const ages =
    unremembered === undefined
      ? []
      : [`ages are as members claim them: what the hub remembers of them can't be read (${unremembered})`];
  const traced = trace.length === 0 ? [] : [formatTrace(trace)];
  return `${[...traced, ...none, ...nobody, ...noRoute, ...held, ...ages, ...unknown].join('\n')}\n`;
}

function notFor(clusterIds: readonly string[]): string {
  return clusterIds.length === 0 ? '' : `: ${clusterIds.join(', ')} export it to others only (targetClusters)`;
}
