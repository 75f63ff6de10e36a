import type {Logger} from 'pino';
import type {Cluster} from '../api/kinds.ts';
import {describeError, IsthmusError} from '../errors.ts';
import {pause} from '../kube/backoff.ts';
import {KubeClient} from '../kube/client.ts';
import type {ClusterCredentials} from '../kube/credentials.ts';
import type {EventRecorder} from '../kube/event-recorder.ts';
import {parseUntrustedKubeconfig} from '../kube/untrusted-kubeconfig.ts';
import {clearMember} from './clear-member.ts';
import type {ClusterAccess} from './cluster-access.ts';
import type {ClusterKeeper} from './cluster-keeper.ts';
import type {HubMark} from './hub-mark.ts';
import {hubUserAgent} from './hub-options.ts';
import type {MemberMemory} from './member-memory.ts';
import type {Departed} from './member-record.ts';
import type {MemberSecrets} from './member-secrets.ts';

export interface DeparturesOptions {
  readonly memory: MemberMemory;
  readonly secrets: MemberSecrets;
  readonly keeper: ClusterKeeper;
  readonly recorder: EventRecorder;
  readonly own: ClusterCredentials;
  readonly namespace: string;
  readonly clustersetId: string;
  readonly hubIdentity: string;
  /** Resolves when it is known: what another hub wrote must not be taken back. */
  readonly mark: () => Promise<HubMark>;
  readonly leaseRenewMs: number;
  readonly development: boolean;
  /** A Cluster that can't be reached is let go after this; clearing its member goes on. */
  readonly letGoAfterMs: number;
  readonly nowMs: () => number;
  /** False: another replica of this hub clears it, and this one waits for that, ready to go on. */
  readonly isResponsible: (name: string) => boolean;
  /** Whether the Cluster object is there, as it was listed. */
  readonly isListed: (name: string) => boolean;
  /** The Cluster of that name that is registered now. */
  readonly registered: (name: string) => Cluster | undefined;
  /** What is said of this one may be different. */
  readonly onChange: (name: string) => void;
  readonly logger: Logger;
}

interface Departure {
  readonly name: string;
  readonly stop: AbortController;
  /** When this replica first tried to clear it; undefined: another one does, or it is not known yet who. */
  startedMs: number | undefined;
  /** Being deleted, with our finalizer on it; undefined: it is gone. */
  cluster: Cluster | undefined;
  access: ClusterAccess | undefined;
  failure: string | undefined;
  failures: number;
  missing: number;
  /** Another replica was seen to be responsible for it. */
  isFollowed: boolean;
  closed: Promise<void>;
}

/** In Events and in the log. */
const HOW: Record<Departed | 'GivenUp', string> = {
  Cleared: 'everything that was written into it was taken back',
  Elsewhere: 'another hub has it now, so nothing was taken from it',
  JoinedAgain: 'it is a member under another name, so nothing was taken from it',
  GivenUp: 'its tombstone was deleted, so it was given up, and what was written into it is still there',
};

const TOLD_TIMES = 5;
const MIN_PAUSE_MS = 250;
const MAX_PAUSE_IN_LET_GO = 6;

/**
 * Members that leave. What they exported is gone from the others already; here what was written into them is taken back. The
 * tombstone in `isthmus-member-<cluster>` is set first and goes last, so no crash forgets it. A Cluster that can't be reached is let go
 * after a while: its kubeconfig stays in a Secret, and it is tried until the cluster answers or somebody deletes the tombstone.
 */
export class Departures {
  readonly #options: DeparturesOptions;
  readonly #running = new Map<string, Departure>();
  #signal: AbortSignal = AbortSignal.abort();

  constructor(options: DeparturesOptions) {
    this.#options = options;
  }

  get names(): readonly string[] {
    return [...this.#running.keys()];
  }

  get closed(): Promise<unknown> {
    return Promise.all([...this.#running.values()].map(async ({closed}) => closed));
  }

  /** Undefined: it isn't leaving. Otherwise why it has not left yet, empty for no reason so far. */
  waitsFor(name: string): string | undefined {
    const departure = this.#running.get(name);
    return departure && (departure.failure ?? '');
  }

  /** True while the Cluster object itself is still there. */
  holds(name: string): boolean {
    return this.#running.get(name)?.cluster !== undefined;
  }

  start(signal: AbortSignal): void {
    this.#signal = signal;
  }

  /** @param of - `cluster` undefined: it is gone */
  begin(name: string, of: {cluster: Cluster | undefined; access: ClusterAccess | undefined}): void {
    const running = this.#running.get(name);
    if (running !== undefined) {
      running.cluster = of.cluster;
      if (of.access?.ok === true) running.access = of.access;
      return;
    }
    const departure: Departure = {
      name,
      ...of,
      stop: new AbortController(),
      startedMs: undefined,
      failure: undefined,
      failures: 0,
      missing: 0,
      isFollowed: false,
      closed: Promise.resolve(),
    };
    this.#running.set(name, departure);
    departure.closed = this.#run(departure);
  }

  /** It left before this hub started; nobody knows more than its record. */
  resume(name: string): void {
    if (!this.#running.has(name)) this.begin(name, {cluster: undefined, access: undefined});
  }

  /** The cluster with this `kube-system` uid is a member (again): nothing is taken from it any more. */
  rejoined(uid: string): void {
    const {memory, logger} = this.#options;
    for (const {name, stop} of this.#running.values()) {
      if (stop.signal.aborted || memory.get(name)?.uid !== uid) continue;
      logger.info({cluster: name}, 'it joined again before it was cleared');
      stop.abort();
    }
  }

  async #run(departure: Departure): Promise<void> {
    const {name, stop} = departure;
    const {onChange, letGoAfterMs} = this.#options;
    const signal = AbortSignal.any([stop.signal, this.#signal]);
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        if (await this.#isClearedElsewhere(departure, signal)) break;
        if (this.#options.isResponsible(name) && (await this.#attempt(departure, signal))) break;
      } catch (error) {
        if (signal.aborted) break;
        this.#noteFailure(departure, error);
        await this.#considerLettingGo(departure, signal);
      }
      onChange(name);
      const maxMs = this.#options.isResponsible(name) ? letGoAfterMs * MAX_PAUSE_IN_LET_GO : letGoAfterMs;
      await pause(Math.min(MIN_PAUSE_MS * 2 ** Math.min(attempt, 20), maxMs), signal);
    }
    if (stop.signal.aborted) await this.#giveWay(departure);
    this.#running.delete(name);
    onChange(name);
  }

  /** Another replica was or is at it: it is done when record and Cluster are gone. */
  async #isClearedElsewhere(departure: Departure, signal: AbortSignal): Promise<boolean> {
    const {isResponsible, isListed, memory} = this.#options;
    const {name} = departure;
    departure.isFollowed ||= !isResponsible(name);
    if (!departure.isFollowed || isListed(name) || (await memory.exists(name, signal))) return false;
    memory.drop(name);
    return true;
  }

  #noteFailure(departure: Departure, error: unknown): void {
    const failure = describeError(error).slice(0, 400);
    const {logger} = this.#options;
    // The same every minute for weeks would fill the log.
    const level = failure === departure.failure && departure.failures >= TOLD_TIMES ? 'debug' : 'warn';
    departure.failures++;
    logger[level]({err: error, cluster: departure.name}, 'member that left could not be cleared');
    departure.failure = failure;
  }

  /** It is a member again, under this name or another: the tombstone goes, and the Cluster of before with it. */
  async #giveWay(departure: Departure): Promise<void> {
    const {memory, logger, letGoAfterMs} = this.#options;
    const {name} = departure;
    while (!this.#signal.aborted) {
      try {
        if (this.#options.registered(name) === undefined) await this.#finish(departure, 'JoinedAgain', this.#signal);
        else memory.set(name, {left: undefined});
        return;
      } catch (err) {
        logger.warn({err, cluster: name}, 'tombstone of a member that joined again could not be removed');
        await pause(letGoAfterMs, this.#signal);
      }
    }
  }

  /** @returns true where there is nothing left to do */
  async #attempt(departure: Departure, signal: AbortSignal): Promise<boolean> {
    const {memory, nowMs} = this.#options;
    const {name, access} = departure;
    departure.startedMs ??= performance.now();
    const {uid, left} = await memory.load(name, signal);
    if (uid === undefined || left?.over !== undefined) {
      // Never identified, so never written to; or all was done but the last steps.
      await this.#finish(departure, left?.over, signal);
      return true;
    }
    if (left === undefined) {
      const isInCluster = access?.ok === true && access.fingerprint === 'own';
      const tombstone = {left: {sinceMs: nowMs(), isInCluster}, held: undefined, cappedAges: {}, lists: undefined};
      await memory.setNow(name, tombstone, signal);
    } else if (!(await memory.exists(name, signal))) {
      await this.#finish(departure, 'GivenUp', signal);
      return true;
    }
    return this.#clear(departure, uid, signal);
  }

  async #clear(departure: Departure, uid: string, signal: AbortSignal): Promise<boolean> {
    const credentials = await this.#credentials(departure, signal);
    const {nowMs, logger, namespace, clustersetId, hubIdentity, leaseRenewMs} = this.#options;
    const mark = await this.#options.mark();
    const client = new KubeClient({credentials, userAgent: hubUserAgent(hubIdentity), nowMs});
    const {name, missing} = departure;
    try {
      const result = await clearMember({
        ...{client, namespace, clustersetId, uid, hubIdentity, mark, leaseRenewMs, nowMs, signal},
        missingBefore: missing,
        logger: logger.child({cluster: name}),
      });
      departure.missing = result === 'KindsMissing' ? missing + 1 : 0;
      if (result === 'KindsMissing') return false;
      await this.#finish(departure, result, signal);
      return true;
    } finally {
      await client.close();
    }
  }

  /** Newest first: the Secret may have been mended since. */
  async #credentials({name, access}: Departure, signal: AbortSignal): Promise<ClusterCredentials> {
    const {memory, secrets, own, development} = this.#options;
    if (memory.get(name)?.left?.isInCluster === true) return own;
    const kubeconfig = (await secrets.read(name, signal))?.kubeconfig;
    if (kubeconfig !== undefined) return parseUntrustedKubeconfig(kubeconfig, {development});
    if (access?.ok === true) return access.credentials;
    throw new IsthmusError('ISTHMUS_HUB_NOT_CLEARED', `nothing says how to get into it; register it again as ${name}`);
  }

  /** A Cluster must not hang in deletion for a cluster that burned down. */
  async #considerLettingGo(departure: Departure, signal: AbortSignal): Promise<void> {
    const {memory, secrets, keeper, recorder, logger, letGoAfterMs} = this.#options;
    const {name, cluster, access, startedMs} = departure;
    const hasWayIn = access?.ok === true;
    if (hasWayIn && performance.now() - (startedMs ?? performance.now()) < letGoAfterMs) return;
    try {
      // Not before the tombstone is there, and the way in with it.
      const {left} = memory.get(name) ?? {};
      if (left === undefined) return;
      const isNeeded = hasWayIn && left.over === undefined;
      if (isNeeded && access.kubeconfig !== undefined && (await secrets.read(name, signal)) === undefined) {
        await secrets.write(name, {kubeconfig: access.kubeconfig, movedAtMs: [], isPutBack: false}, signal);
      }
      if (cluster === undefined) return;
      await keeper.release(cluster, signal);
      departure.cluster = undefined;
      if (left.over !== undefined) {
        this.#tellLeft(cluster, left.over);
        return;
      }
      const message = `It left, and what was written into it is still there: ${departure.failure}. It is tried again until it works, or until ConfigMap isthmus-member-${name} is deleted.`;
      recorder.record(cluster, {type: 'Warning', reason: 'NotCleared', message});
    } catch (err) {
      if (!signal.aborted) logger.warn({err, cluster: name}, 'could not let the Cluster go');
    }
  }

  /**
   * The last steps. What is left to do is written down first, then the way in goes, then the record of it, and the Cluster last: a hub
   * that is stopped between any two of them goes on where it was.
   *
   * @param how - undefined: it never was a member
   */
  async #finish(departure: Departure, how: Departed | 'GivenUp' | undefined, signal: AbortSignal): Promise<void> {
    const {memory, secrets, keeper, logger, registered} = this.#options;
    const {name, cluster} = departure;
    const {left} = memory.get(name) ?? {};
    // A record that somebody deleted must not come back.
    if (left !== undefined && left.over === undefined && how !== undefined && how !== 'GivenUp')
      await memory.setNow(name, {left: {...left, over: how}}, signal);
    const isUsed = registered(name)?.spec?.kubeconfigSecretRef?.name === secrets.refOf(name).name;
    if (!isUsed) await secrets.delete(name, signal);
    await memory.forget(name, signal);
    if (cluster !== undefined) await keeper.release(cluster, signal);
    if (how === undefined) return;
    logger.info({cluster: name, how: HOW[how]}, 'member left');
    if (cluster !== undefined) this.#tellLeft(cluster, how);
  }

  #tellLeft(cluster: Cluster, how: Departed | 'GivenUp'): void {
    const type = how === 'GivenUp' ? 'Warning' : 'Normal';
    this.#options.recorder.record(cluster, {type, reason: 'Left', message: `It left: ${HOW[how]}.`});
  }
}
