import {createHash, randomUUID} from 'node:crypto';
import {hostname} from 'node:os';
import type {InternalApi} from '../apiserver/internal-api.ts';
import {unlessRaced} from '../apiserver/storage-api.ts';
import type {JsonObject} from '../schema/json.ts';

const LEASES = {group: 'coordination.k8s.io', plural: 'leases'};
const NAMESPACE = 'kube-system';
const MANAGER = 'kube-apiserver';
const DURATION_S = 3600;
/** Upstream renews every ten seconds; nobody is to take over here, and a quiet cluster should be quiet. */
const RENEW_EVERY_MS = 600_000;

export interface ApiServerLeaseOptions {
  readonly name: string;
  /** Where other API servers of the cluster would reach this one: `host:port`. */
  readonly address: string;
  readonly nowMs: () => number;
}

/**
 * The Lease `apiserver-*` in `kube-system` by which a kube-apiserver says that it lives (KEP-1965).
 *
 * @returns stops it; the Lease stays, as after a crash
 */
export function startApiServerLease(api: InternalApi, options: ApiServerLeaseOptions): () => void {
  const digest = createHash('sha256').update(options.name).digest('hex');
  // 26 characters, as many as 16 bytes in base32 have.
  const name = `apiserver-${BigInt(`0x${digest}`).toString(32).slice(0, 26)}`;
  const holderIdentity = `${name}_${randomUUID()}`;
  const renew = (): void => {
    const spec = {holderIdentity, leaseDurationSeconds: DURATION_S, renewTime: microTime(options.nowMs())};
    const lease = api.get(LEASES, NAMESPACE, name);
    if (lease === undefined) api.create(LEASES, newLease(name, options.address, spec), MANAGER);
    else unlessRaced(() => void api.update(LEASES, {...lease, spec}));
  };
  renew();
  const timer = setInterval(renew, RENEW_EVERY_MS).unref();
  return () => clearInterval(timer);
}

function newLease(name: string, address: string, spec: JsonObject): JsonObject {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name,
      namespace: NAMESPACE,
      labels: {'apiserver.kubernetes.io/identity': MANAGER, 'kubernetes.io/hostname': hostname()},
      annotations: {'kubernetes.io/peer-advertise-address': address},
    },
    spec,
  };
}

function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
