import type {ClusterProperty, Lease} from '../api/kinds.ts';
import {HUB_LEASE} from '../api/names.ts';
import {clusterProperties, leases, type Resource} from '../api/resources.ts';
import {IsthmusError} from '../errors.ts';
import type {KubeClient} from '../kube/client.ts';
import {checkClaim, type HubMark} from './hub-mark.ts';
import {refuseJoin} from './plan-cluster-property.ts';
import {discoverServed} from './served-resources.ts';

export interface AdmissionOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly clusterId: string;
  readonly clustersetId: string;
  readonly mark: HubMark;
  readonly signal: AbortSignal;
}

export interface AdmittedMember {
  readonly version: string;
  readonly isServed: (resource: Resource) => boolean;
}

/**
 * Looks at a cluster before anything in it is watched or written: does it serve our kinds, is it in no other clusterset, is
 * it no other hub's?
 *
 * @throws IsthmusError ISTHMUS_HUB_JOIN_REFUSED, ISTHMUS_HUB_EPOCH_PASSED, ISTHMUS_HUB_FENCED; KubeError
 */
export async function admitMember(options: AdmissionOptions): Promise<AdmittedMember> {
  const {client, namespace, signal} = options;
  const {gitVersion} = await client.version({signal});
  const tooOld = refuseVersion(gitVersion);
  if (tooOld !== undefined) throw new IsthmusError('ISTHMUS_HUB_JOIN_REFUSED', tooOld, {reason: 'VersionTooOld'});
  const isServed = await discoverServed(client, signal);
  const [properties, lease] = await Promise.all([
    client.list<ClusterProperty>(clusterProperties, {signal}),
    client.find<Lease>(leases, {namespace, name: HUB_LEASE}, {signal}),
  ]);
  const found = new Map(properties.items.map((property) => [property.metadata.name, property]));
  const refusal = refuseJoin(found, options);
  if (refusal !== undefined) {
    throw new IsthmusError('ISTHMUS_HUB_JOIN_REFUSED', refusal.message, {reason: refusal.reason});
  }
  checkClaim(lease, options.mark);
  return {version: gitVersion, isServed};
}

/** The first with ValidatingAdmissionPolicies in v1, which hold the hub to its own objects (design §10). */
const OLDEST_MINOR = 30;

/** @returns why an API server of this version can't be a member; a version that can't be read is believed to be new enough */
export function refuseVersion(gitVersion: string): string | undefined {
  const [, major = '', minor = ''] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  if (major !== '1' || Number(minor) >= OLDEST_MINOR) return undefined;
  return `Its API server is ${gitVersion.slice(0, 64)}; at least v1.${OLDEST_MINOR} is needed. Upgrade it, then it joins by itself.`;
}

const ENDING: readonly string[] = [
  'ISTHMUS_HUB_CLUSTER_CHANGED',
  'ISTHMUS_HUB_JOIN_REFUSED',
  'ISTHMUS_HUB_EPOCH_PASSED',
  'ISTHMUS_HUB_FENCED',
];

/** True for what no repetition of a request heals: the connection must be looked at from the start. */
export function endsMembership(error: unknown): error is IsthmusError {
  if (!(error instanceof IsthmusError)) return false;
  return ENDING.includes(error.code);
}
