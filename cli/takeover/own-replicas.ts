import type {Lease} from '../../src/api/kinds.ts';
import {COMPONENT_LABEL, HUB_REPLICA_COMPONENT} from '../../src/api/names.ts';
import {leases} from '../../src/api/resources.ts';
import {pause} from '../../src/kube/backoff.ts';
import {KubeError} from '../../src/kube/kube-error.ts';
import type {OperatorHub} from '../operator-hub.ts';

const CALL_MS = 5_000;
const LOOKS = 20;

/**
 * Identities of the replicas of this hub that are alive: their Leases in its own cluster (design §3) are renewed while they are watched.
 * One that is not renewed may be of a replica that died, or have come with a snapshot from the cluster of another hub.
 *
 * @param watchMs - looks for so long at most: until all that there are were renewed
 * @returns empty where they may not be listed: then nobody is taken for one
 * @throws KubeError
 */
export async function ownReplicas(
  {client, namespace}: Pick<OperatorHub, 'client' | 'namespace'>,
  {watchMs, signal}: {readonly watchMs: number; readonly signal: AbortSignal},
): Promise<ReadonlySet<string>> {
  const query = {namespace, labelSelector: `${COMPONENT_LABEL}=${HUB_REPLICA_COMPONENT}`, timeoutMs: CALL_MS, signal};
  const first = new Map<string, string | undefined>();
  const renewed = new Set<string>();
  const untilMs = performance.now() + watchMs;
  try {
    for (;;) {
      for (const {spec} of (await client.list<Lease>(leases, query)).items) {
        const {holderIdentity, renewTime} = spec ?? {};
        if (holderIdentity === undefined || holderIdentity === '') continue;
        if (!first.has(holderIdentity)) first.set(holderIdentity, renewTime);
        else if (first.get(holderIdentity) !== renewTime) renewed.add(holderIdentity);
      }
      if (signal.aborted || renewed.size === first.size || performance.now() >= untilMs) return renewed;
      await pause(watchMs / LOOKS, signal);
    }
  } catch (error) {
    if (error instanceof KubeError && error.isForbidden) return new Set();
    throw error;
  }
}
