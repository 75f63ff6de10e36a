import type {KubeObject} from '../../../src/api/meta.ts';
import type {Resource} from '../../../src/api/resources.ts';
import type {Faults} from '../../../src/dev/faults.ts';
import type {Hub} from '../../../src/hub/hub.ts';
import type {LightCall} from '../../tools/light/light-request.ts';

export const MEMBERS = ['cluster-1', 'cluster-2', 'cluster-3'] as const;
export type MemberName = (typeof MEMBERS)[number];

/** What users of one cluster do and see; the API server behind it may be a light or an embedded one. */
export interface Place {
  readonly faults: Faults;
  /** True: a Service gets its address from the API server. */
  readonly allocates: boolean;
  find<T extends KubeObject>(resource: Resource, key: string): T | undefined;
  list<T extends KubeObject>(resource: Resource): readonly T[];
  /** @returns the status of the answer, as far as it is known at once */
  user(call: LightCall): number;
  /** Sends the last events of a kind once more; does nothing where that can't be. */
  repeatEvents(resource: Resource, count: number): void;
}

/** A hub cluster, three members and a hub that comes and goes. */
export interface Playground {
  readonly hubApi: Place;
  readonly hub: Hub | undefined;
  readonly clustersetId: string;
  /** Of Kubernetes, of every member, as RemoteClusters say it. */
  readonly version: string;
  member(name: MemberName): Place;
  /** Makes its Cluster object, which is not there, with a kubeconfig in it. */
  register(name: MemberName): void;
  startHub(): void;
  /** @param how - a hub that crashes says nothing to anybody any more; one that is stopped gives its Leases back */
  stopHub(how: 'crash' | 'stop'): Promise<void>;
  /** Until what is under way is done. */
  settle(): Promise<void>;
  pass(ms: number): Promise<void>;
}
