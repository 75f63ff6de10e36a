import type {Logger} from 'pino';
import type {RequestReport} from '../kube/client.ts';
import type {DefaultExportPolicy} from '../clusterset/export-policy.ts';
import type {DefaultRouting} from '../clusterset/view.ts';
import type {ClusterCredentials} from '../kube/credentials.ts';
import type {GatewayProbing} from '../probes/gateway-prober.ts';

/** So that a log of requests shows which replica asked. */
export function hubUserAgent(identity: string): string {
  return `isthmus-hub/${identity.replaceAll(/[^\w.-]/g, '-').slice(0, 100)}`;
}

export interface HubOptions {
  /** Of the API server that the Cluster objects are in. */
  readonly credentials: ClusterCredentials;
  /** Isthmus' namespace, the same in every cluster. */
  readonly namespace: string;
  readonly clustersetId: string;
  /** Of this process alone. */
  readonly identity: string;
  readonly development: boolean;
  /** Namespaces that are missing in a member are made there (FSM's way). */
  readonly createNamespaces: boolean;
  /** How long a member may be silent before it counts as unreachable. */
  readonly unreachableAfterMs: number;
  /** Default 10 s; another replica may take over after two and a half of them. */
  readonly leaseRenewMs?: number | undefined;
  /** Default 1. A member that has seen a higher one is never written to (design §2). */
  readonly epoch?: number | undefined;
  /** Default `all`: up to `sliceLimit` slices a member, then those of headless services only (design §3). */
  readonly importSlices?: 'all' | 'headless' | undefined;
  /** Default 5,000. */
  readonly sliceLimit?: number | undefined;
  /** What holds for exports that no rule speaks about. Default: Allow (the standard). */
  readonly defaultExportPolicy?: DefaultExportPolicy | undefined;
  /** How members route imports that no GlobalTrafficPolicy is bound to. Default: the own cluster first. */
  readonly defaultRouting?: DefaultRouting | undefined;
  /** Default: gateways of members are not probed, and their health is not known. */
  readonly probeGateways?: GatewayProbing | undefined;
  /** Default 15 min (design §6): for how long a member may be unreachable before its dead gateway takes its endpoints away. */
  readonly stalenessBoundMs?: number | undefined;
  readonly logger: Logger;
  readonly nowMs?: (() => number) | undefined;
  /** Of requests to members; `hub` stands for the hub's own API server. */
  readonly onRequest?: ((report: RequestReport & {readonly cluster: string}) => void) | undefined;
}
