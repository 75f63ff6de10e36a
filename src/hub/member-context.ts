import type {KubeClient} from '../kube/client.ts';
import type {Consumer} from './clusterset-exports.ts';
import type {ClustersetFacts} from './clusterset-facts.ts';
import type {DeliveryLedger} from './delivery-ledger.ts';
import type {MemberWatches} from './member-watches.ts';
import type {MemberWriters} from './member-writers.ts';
import type {WritePace} from './write-pace.ts';

/** What the reconcilers of one member work with. */
export interface MemberContext {
  readonly consumer: Consumer;
  readonly client: KubeClient;
  readonly watches: MemberWatches;
  readonly writers: MemberWriters;
  /** Of imported slices. */
  readonly slicePace: WritePace;
  /** Of this member's own API server. */
  readonly apiServerCIDRs: readonly string[];
  readonly ledger: DeliveryLedger;
  readonly facts: ClustersetFacts;
}
