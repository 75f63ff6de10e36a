import {Command} from 'commander';

import type {Cluster} from '../src/api/kinds.ts';
import {clusters} from '../src/api/resources.ts';
import type {TraceStep} from '../src/clusterset/decision.ts';
import {explainMerge} from '../src/clusterset/explain.ts';
import type {MemberExport} from '../src/clusterset/member-export.ts';
import {describeError} from '../src/errors.ts';
import {resolveAccess} from '../src/hub/cluster-access.ts';
import {readMemberExport} from '../src/hub/read-export.ts';
import {KubeClient} from '../src/kube/client.ts';
import type {ClusterCredentials} from '../src/kube/credentials.ts';
import {readCredentials} from './credentials.ts';
import * as shared from './shared-options.ts';

interface ExplainFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace: string;
  readonly isthmusNamespace: string;
  readonly output: 'text' | 'json';
  readonly development?: boolean;
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
      const {exports, silent} = await collectExports(await readCredentials(flags), {...flags, service});
      const trace = explainMerge(exports);
      process.stdout.write(
        flags.output === 'json' ? `${JSON.stringify({trace, silent}, null, 2)}\n` : printed(trace, silent),
      );
      if (exports.length === 0) process.exitCode = 1;
    });
}

interface Collected {
  readonly exports: readonly MemberExport[];
  /** Members that could not be asked: what they export is unknown, not nothing. */
  readonly silent: readonly {readonly cluster: string; readonly because: string}[];
}

async function collectExports(own: ClusterCredentials, flags: ExplainFlags & {service: string}): Promise<Collected> {
  const client = new KubeClient({credentials: own, userAgent: 'isthmus-explain'});
  const signal = AbortSignal.timeout(15_000);
  try {
    const {items} = await client.list<Cluster>(clusters, {signal});
    const asked = await Promise.all(items.map((cluster) => askMember(cluster, {client, own, flags, signal})));
    return {
      exports: asked.flatMap((answer) => ('found' in answer && answer.found !== undefined ? [answer.found] : [])),
      silent: asked.flatMap((answer) => ('because' in answer ? [answer] : [])),
    };
  } finally {
    await client.close();
  }
}

interface Asking {
  readonly client: KubeClient;
  readonly own: ClusterCredentials;
  readonly flags: ExplainFlags & {service: string};
  readonly signal: AbortSignal;
}

type Answer = {readonly found: MemberExport | undefined} | {readonly cluster: string; readonly because: string};

async function askMember(cluster: Cluster, {client, own, flags, signal}: Asking): Promise<Answer> {
  const {name} = cluster.metadata;
  const development = flags.development ?? false;
  const access = await resolveAccess(cluster, {client, own, namespace: flags.isthmusNamespace, development, signal});
  if (!access.ok) return {cluster: name, because: access.message};
  const member = new KubeClient({credentials: access.credentials, userAgent: 'isthmus-explain'});
  try {
    const at = {namespace: flags.namespace, name: flags.service};
    return {found: await readMemberExport({client: member, cluster: name, at, signal})};
  } catch (error) {
    return {cluster: name, because: describeError(error)};
  } finally {
    await member.close();
  }
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
