import {EventRecorder} from '../kube/event-recorder.ts';
import type {KubeClient} from '../kube/client.ts';
import {ClusterKeeper} from './cluster-keeper.ts';
import {Departures} from './departures.ts';
import {HubEpoch} from './hub-epoch.ts';
import type {HubOptions} from './hub-options.ts';
import type {HubStatus} from './hub-status.ts';
import type {Member} from './member.ts';
import {MemberMemory} from './member-memory.ts';
import {MemberSecrets} from './member-secrets.ts';
import {Replicas} from './replicas.ts';
import {Responsibility} from './responsibility.ts';

export interface SharedStateOptions {
  readonly hub: HubOptions;
  /** Of the hub's own API server. */
  readonly client: KubeClient;
  readonly members: ReadonlyMap<string, Member>;
  readonly nowMs: () => number;
  /** Whether the Cluster object is there, as it was listed. */
  readonly isListed: (name: string) => boolean;
  /** What is said of this Cluster may be different. */
  readonly onOpinion: (name: string) => void;
  /** Who writes to whom, and who tells of whom, may be different. */
  readonly onReplicas: () => void;
  /** From now on this replica does for it what only one should. */
  readonly onResponsible: (name: string) => void;
}

/**
 * What all replicas of one hub share by its own API: who of them lives, the epoch that they are in, what is remembered of members, and
 * what is changed on Clusters. For each member one of them is responsible.
 */
export class SharedState {
  readonly replicas: Replicas;
  readonly epoch: HubEpoch;
  readonly memory: MemberMemory;
  readonly recorder: EventRecorder;
  readonly keeper: ClusterKeeper;
  readonly departures: Departures;
  readonly #options: SharedStateOptions;
  readonly #responsibility: Responsibility;

  constructor(options: SharedStateOptions) {
    this.#options = options;
    const {client, members, nowMs, onOpinion, isListed} = options;
    const {namespace, logger, identity, clustersetId, development, leaseRenewMs = 10_000} = options.hub;
    const {isResponsible} = this;
    this.epoch = new HubEpoch({client, namespace}, options.hub.epoch, logger);
    this.replicas = new Replicas({
      ...{client, namespace, nowMs, logger, identity, leaseRenewMs},
      onChange: () => this.#onReplicas(),
    });
    this.#responsibility = new Responsibility(isResponsible, (name) => this.#onResponsible(name));
    this.memory = new MemberMemory({
      ...{client, namespace, logger, isResponsible},
      onWritten: (name, written) => members.get(name)?.adopt(written),
    });
    this.recorder = new EventRecorder({client, component: 'isthmus-hub', logger, nowMs});
    const secrets = new MemberSecrets(client, namespace);
    this.keeper = new ClusterKeeper({client, secrets, nowMs, logger, onOpinion});
    this.departures = new Departures({
      ...{memory: this.memory, secrets, keeper: this.keeper, recorder: this.recorder},
      ...{own: options.hub.credentials, namespace, clustersetId, development, nowMs, logger},
      ...{isResponsible, isListed, leaseRenewMs, hubIdentity: identity},
      mark: async () => {
        await this.epoch.known;
        return this.epoch.mark;
      },
      letGoAfterMs: options.hub.unreachableAfterMs,
      registered: (name) => members.get(name)?.cluster,
      onChange: onOpinion,
    });
  }

  get closed(): Promise<unknown> {
    return Promise.all([this.replicas.closed, this.epoch.closed, this.memory.closed]);
  }

  /** True where this replica does for a member, or one that leaves, what only one should. A Lease that is renewed is the best evidence. */
  readonly isResponsible = (name: string): boolean =>
    this.replicas.isResponsible(name) && this.#options.members.get(name)?.session?.isWrittenElsewhere !== true;

  status(): Pick<HubStatus, 'sharedLists' | 'replicas' | 'epoch'> {
    const {live} = this.replicas;
    return {
      sharedLists: {leases: this.replicas.list, configmaps: this.memory.list},
      replicas: live && [...live].sort(),
      epoch: this.epoch.mark.epoch,
    };
  }

  start(signal: AbortSignal): void {
    this.replicas.start(signal);
    this.epoch.start(signal);
    this.memory.start(signal);
    this.departures.start(signal);
  }

  /** This replica took the Lease of a member, or has it no more. */
  noteHeld(name: string, isHeld: boolean): void {
    this.replicas.noteHeld(name, isHeld);
    this.#responsibility.review([name]);
  }

  #onReplicas(): void {
    this.#responsibility.review([...this.#options.members.keys(), ...this.departures.names]);
    this.#options.onReplicas();
  }

  #onResponsible(name: string): void {
    this.memory.review(name);
    this.#options.onResponsible(name);
  }
}
