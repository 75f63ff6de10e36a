import type {Cluster, RemoteCluster} from '../../src/api/kinds.ts';
import type {Condition} from '../../src/api/meta.ts';
import {HUB_MANAGER} from '../../src/api/names.ts';
import {apiVersionOf, clusters, remoteClusters} from '../../src/api/resources.ts';
import {HUB_CLUSTER} from '../dev-apis.ts';
import type {StepContext} from './step-context.ts';

/** Step 1: Cluster objects as in the seed; each becomes a member on evidence, and every member learns of every member. */
export async function registerMembers(context: StepContext): Promise<void> {
  for (const name of context.members) await registerMember(context, name);
  for (const name of context.members) {
    const conditions = await untilMember(context, name);
    context.observe(`Cluster ${name}: ${conditions.map(shown).join(', ')}`);
  }
  for (const name of context.members) await untilKnowing(context, name, context.members);
  context.observe(`RemoteCluster: every member holds one for each of ${context.members.join(', ')}`);
}

export async function registerMember(context: StepContext, name: string): Promise<void> {
  const {kubeconfig} = context.options.clusterset.apis.access(name, HUB_MANAGER);
  const object: Cluster = {
    apiVersion: apiVersionOf(clusters),
    kind: 'Cluster',
    metadata: {name},
    spec: {gatewayHost: gatewayHostOf(name), gatewayPort: 80, kubeconfig},
  };
  await context.apply(HUB_CLUSTER, clusters, object);
}

/** An address of the documentation range (RFC 5737) for each member: nothing listens there, and nothing is sent there. */
export function gatewayHostOf(member: string): string {
  return `192.0.2.${Number(/\d+$/.exec(member)?.[0] ?? 0)}`;
}

/** Waits for `Reachable` and `Synced`; `Managed` has to wait for gateways, and must say so rather than turn True. */
export async function untilMember(context: StepContext, name: string): Promise<readonly Condition[]> {
  return context.until(`Cluster ${name} to be Reachable and Synced`, async () => {
    const cluster = await context.find<Cluster>(HUB_CLUSTER, clusters, {name});
    const conditions = cluster?.status?.conditions ?? [];
    const status = (type: string): string | undefined =>
      conditions.find((condition) => condition.type === type)?.status;
    const isMember = status('Reachable') === 'True' && status('Synced') === 'True';
    return isMember && status('Managed') !== undefined && status('Managed') !== 'True' ? conditions : undefined;
  });
}

export async function untilKnowing(context: StepContext, member: string, others: readonly string[]): Promise<void> {
  await context.until(`RemoteClusters in ${member}`, async () => {
    const {items} = await context.client(member).list<RemoteCluster>(remoteClusters);
    const known = new Set(items.map((item) => item.metadata.name));
    return others.every((name) => known.has(name)) ? true : undefined;
  });
}

function shown({type, status, reason}: Condition): string {
  return status === 'True' ? type : `${type}=${status} (${reason})`;
}
