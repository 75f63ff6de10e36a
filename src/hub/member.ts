import type {Logger} from 'pino';
import type {Cluster} from '../api/kinds.ts';
import {clusterKey, CONFIRM_DELETIONS_ANNOTATION} from '../api/names.ts';
import type {MemberExport} from '../clusterset/member-export.ts';
import {readConfirmation} from '../clusterset/deletion-confirmation.ts';
import type {RequestReport} from '../kube/client.ts';
import {AcceptedExports, type GuardSituation} from './accepted-exports.ts';
import type {ClusterAccess} from './cluster-access.ts';
import type {Consumer} from './clusterset-exports.ts';
import type {ClustersetFacts} from './clusterset-facts.ts';
import {DeliveryLedger} from './delivery-ledger.ts';
import {ExportAges} from './export-ages.ts';
import type {HubMark} from './hub-mark.ts';
import {hubUserAgent} from './hub-options.ts';
import type {MemberStatus} from './hub-status.ts';
import {MemberConnection, type OpenedConnection} from './member-connection.ts';
import type {Claim} from './member-identity.ts';
import type {ReplicaChoice} from './member-lease.ts';
import type {MemberMemory} from './member-memory.ts';
import type {MemberRecord} from './member-record.ts';
import {MemberSession} from './member-session.ts';
import type {Opinion} from './plan-cluster-status.ts';
import type {PolicyKind} from './policy-kinds.ts';
import type {ApiSignal} from './plan-remote-cluster.ts';
import {Reachability} from './reachability.ts';
import {tokenExpiryMs} from './token-expiry.ts';

export interface MemberOptions {
  readonly facts: ClustersetFacts;
  readonly memory: MemberMemory;
  readonly hubIdentity: string;
  /** Loopback addresses of endpoints are let through. */
  readonly development: boolean;
  readonly mark: () => HubMark;
  readonly unreachableAfterMs: number;
  readonly leaseRenewMs: number;
  readonly replicas: ReplicaChoice;
  /** Every member was read, as far as it can be. */
  readonly isGathered: () => boolean;
  /** False while a hub that starts has others to read first. */
  readonly isStarted: () => boolean;
  /** Whether the cluster with this `kube-system` uid may be this member. */
  readonly claim: (id: string, uid: string) => Claim;
  readonly onExport: (id: string, key: string, accepted: MemberExport | undefined) => void;
  readonly onSlices: (key: string) => void;
  readonly onDelivery: (key: string) => void;
  /** Copies of policies changed there, keys of the originals. */
  readonly onCopies: (kind: PolicyKind, keys: readonly string[]) => void;
  /** All its objects have been read for the first time over this connection. */
  readonly onRead: (id: string) => void;
  /** Conditions, the API signal or the like may be different. */
  readonly onChange: (id: string) => void;
  readonly onRequest?: ((id: string, report: RequestReport) => void) | undefined;
  readonly logger: Logger;
}

/** Times of lists are written down no oftener (design §14: no write where nothing changed). */
const LISTS_AGAIN_MS = 3_600_000;

/**
 * One registered cluster for as long as its Cluster object lives. What it was seen to export outlives every connection: new
 * credentials, a restart of its API server or a partition take nothing away.
 */
export class Member {
  readonly id: string;
  readonly accepted: AcceptedExports;
  readonly ledger: DeliveryLedger;
  readonly #ages = new ExportAges();
  readonly #options: MemberOptions;
  readonly #reachability: Reachability;
  readonly #logger: Logger;
  #cluster: Cluster;
  #consumer: (Consumer & {readonly of: Cluster}) | undefined;
  #access: ClusterAccess | undefined;
  #lastAccess: ClusterAccess | undefined;
  #connection: {readonly run: MemberConnection; readonly stop: AbortController} | undefined;
  /** A hub of this very API has read it before. */
  readonly #isRecorded: boolean;
  #hasLeft = false;
  #absenceTrusted = false;
  #savedAges = 0;
  #changedAtMs: number | undefined;

  /** @param record - what is remembered of it */
  constructor(cluster: Cluster, record: MemberRecord, options: MemberOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.id = cluster.metadata.name;
    this.#logger = options.logger.child({cluster: this.id});
    const {nowMs} = options.facts;
    this.#reachability = new Reachability({unreachableAfterMs: options.unreachableAfterMs, nowMs});
    this.ledger = new DeliveryLedger(options.onDelivery);
    this.accepted = new AcceptedExports({
      nowMs,
      onChange: (key, accepted) => this.#onAccepted(key, accepted),
      onSlices: options.onSlices,
    });
    // What it was when it was a member before says nothing now.
    if (record.left === undefined) this.#ages.restore(record.cappedAges, record.lists);
    this.#isRecorded = record.left === undefined && record.lists !== undefined;
    if (record.left === undefined && record.held !== undefined) this.accepted.restoreHeld(record.held);
  }

  get cluster(): Cluster {
    return this.#cluster;
  }

  /** Asked for with every object that is compared. */
  get consumer(): Consumer {
    if (this.#consumer?.of !== this.#cluster)
      this.#consumer = {of: this.#cluster, id: this.id, key: clusterKey({...this.#cluster.spec, name: this.id})};
    return this.#consumer;
  }

  get session(): MemberSession | undefined {
    return this.#connection?.run.session;
  }

  get connection(): MemberConnection | undefined {
    return this.#connection?.run;
  }

  /** False: that a name is not among its exports doesn't mean that it isn't exported. */
  get isKnown(): boolean {
    return this.#absenceTrusted;
  }

  /**
   * False in a hub that took over from a lost one, until all members were read, as far as they can be: only their imports together tell
   * what was decided before (design §5), and what is written now would change that.
   */
  get mayBegin(): boolean {
    const {mark, isGathered, isStarted} = this.#options;
    return isStarted() && (this.#isRecorded || mark().epoch === 1 || isGathered());
  }

  /** True once this hub, or one before it, has admitted it. */
  get hasJoined(): boolean {
    const {uid, left} = this.#options.memory.get(this.id) ?? {};
    return uid !== undefined && left === undefined;
  }

  /** The way in; the last one that was a way, where the newest is none. */
  get access(): ClusterAccess | undefined {
    return this.#lastAccess ?? this.#access;
  }

  /** Settled means: read, refused or unreachable; nobody has to wait for it any longer. */
  get isSettled(): boolean {
    if (this.#access?.ok === false || this.connection?.refusal !== undefined) return true;
    return this.session?.watches.isSynced === true || this.#reachability.signal?.state === 'Unreachable';
  }

  /** Its lists have been read whole, and what it exports was taken in. */
  get isRead(): boolean {
    return this.session?.isTakenIn === true;
  }

  /** True where it is likely to be read in a moment: nothing speaks against it yet. */
  get isAwaited(): boolean {
    if (this.#access?.ok !== true || this.connection === undefined || this.isRead) return false;
    const {session, refusal, lastError} = this.connection;
    return refusal === undefined && (session !== undefined || lastError === undefined);
  }

  get api(): ApiSignal | undefined {
    const isOther = this.connection?.refusal?.reason === 'ClusterChanged';
    if (!isOther) return this.#reachability.signal;
    return {state: 'Unreachable', sinceMs: this.#changedAtMs ?? this.#options.facts.nowMs()};
  }

  reachable(): Opinion {
    if (this.#access?.ok === false)
      return {status: 'False', reason: this.#access.reason, message: this.#access.message};
    const refusal = this.connection?.refusal;
    if (refusal?.reason === 'ClusterChanged') return {status: 'False', ...refusal};
    return this.#reachability.opinion();
  }

  synced(): Opinion {
    const refusal = this.connection?.refusal;
    if (refusal !== undefined) return {status: 'False', ...refusal};
    if (this.api?.state === 'Unreachable' || this.connection === undefined) {
      const message = 'What was applied before stays; it catches up when its API server answers.';
      return {status: 'Unknown', reason: 'Unreachable', message};
    }
    return this.connection.opinion();
  }

  /** The Cluster object as it is now, and how to get in. Other credentials mean another connection, at once. */
  update(cluster: Cluster, access: ClusterAccess): void {
    const rangesBefore = this.#cluster.spec?.podCIDRs?.join();
    this.#cluster = cluster;
    if (rangesBefore !== cluster.spec?.podCIDRs?.join()) this.session?.reconsider();
    const before = this.#access;
    this.#access = access;
    if (access.ok) this.#lastAccess = access;
    const isSame = before?.ok === true && access.ok && before.fingerprint === access.fingerprint;
    if (isSame) this.session?.review();
    else {
      void this.#disconnect();
      if (access.ok) this.#connect(access);
      else this.#reachability.lose(access.message);
    }
    this.#options.onChange(this.id);
  }

  /**
   * From now on absence means absence. What this member is remembered to have exported is judged like anything that was
   * accepted before: a hub that starts with a faulty list must not take it away.
   */
  trustAbsence(remembered: ReadonlySet<string>, ages: ReadonlyMap<string, number> = new Map()): void {
    if (this.#absenceTrusted) return;
    if (!this.#isRecorded) {
      this.#ages.recall(ages);
      // At once: what is written from now on must not be decided by what they claim.
      for (const [key, ageMs] of ages) this.accepted.raiseAge(key, ageMs);
    }
    for (const key of remembered) this.accepted.remember(key);
    this.#absenceTrusted = true;
    this.session?.reconsider();
  }

  /** Another replica of this hub wrote down what it knows of this member. */
  adopt({cappedAges}: MemberRecord): void {
    if (this.#ages.adopt(cappedAges)) this.session?.reconsider();
    // What it holds back no more this replica may let go too.
    if (this.accepted.held !== undefined) this.session?.review();
  }

  /** It leaves: nothing of it counts any more, and nothing is written into it. */
  async retire(): Promise<void> {
    this.accepted.clear();
    // Taking conditions back from its exports makes events of them, and those must not count again.
    this.#hasLeft = true;
    await this.close();
  }

  async close(): Promise<void> {
    await this.#disconnect();
  }

  status(): MemberStatus {
    const {connection, session} = this;
    const conditions = {reachable: this.reachable(), synced: this.synced()};
    return {
      cluster: this.id,
      reachable: conditions.reachable.status === 'True',
      synced: conditions.synced.status === 'True',
      conditions,
      lastSuccessMs: connection?.client.lastSuccessMs,
      lastError: connection?.lastError,
      version: connection?.version,
      tokenExpiresMs: tokenExpiryMs(this.access),
      writing: session?.isWriting ?? false,
      holdsLease: session?.holdsLease ?? false,
      exports: this.accepted.size,
      heldBack: [...(this.accepted.held?.keys ?? [])].sort(),
      queueDepth: session?.queueDepth ?? 0,
      failing: session?.failing ?? 0,
      leftAlone: this.ledger.count('LeftAlone'),
      writes: session?.writes ?? 0,
      importedSlices: session?.watches.importedSlices.store.size ?? 0,
      reflectors: session?.watches.statuses() ?? {},
    };
  }

  #connect(access: ClusterAccess & {ok: true}): void {
    const {facts, mark, hubIdentity, unreachableAfterMs, onRequest} = this.#options;
    const stop = new AbortController();
    const run = new MemberConnection({
      clusterId: this.id,
      userAgent: hubUserAgent(hubIdentity),
      clustersetId: facts.clustersetId,
      namespace: facts.namespace,
      mark,
      unreachableAfterMs,
      credentials: access.credentials,
      reachability: this.#reachability,
      claim: (uid) => this.#claim(uid),
      onAdmitted: (uid) => this.#pin(uid),
      open: (parts) => this.#open(parts),
      onChange: () => this.#options.onChange(this.id),
      onRequest: onRequest && ((report) => onRequest(this.id, report)),
      nowMs: facts.nowMs,
      logger: this.#logger,
    });
    this.#connection = {run, stop};
    run.start(stop.signal);
  }

  async #disconnect(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.stop.abort();
    await connection?.run.closed;
  }

  #claim(uid: string): Claim {
    const {claim, facts} = this.#options;
    const answer = claim(this.id, uid);
    const isOther = !answer.ok && answer.reason === 'ClusterChanged';
    this.#changedAtMs = isOther ? (this.#changedAtMs ?? facts.nowMs()) : undefined;
    if (!answer.ok && answer.reason === 'DuplicateCluster') this.#standDown();
    return answer;
  }

  #pin(uid: string): void {
    const {memory} = this.#options;
    const known = memory.get(this.id);
    if (known?.uid !== uid || known.left !== undefined) memory.set(this.id, {uid, left: undefined});
  }

  /** It joined before its older twin did: that one exports all of it now, and this one must not be cleared when it goes. */
  #standDown(): void {
    if (!this.hasJoined) return;
    this.#logger.warn('an older Cluster is the same cluster; this one is no member any more');
    this.#options.memory.set(this.id, {uid: undefined, held: undefined, cappedAges: {}, lists: undefined});
    this.accepted.clear();
  }

  #open({client, identity, admitted, backoff, onEnd}: OpenedConnection): MemberSession {
    const {facts, hubIdentity, mark, leaseRenewMs, replicas, isGathered, onRead, onChange} = this.#options;
    return new MemberSession({
      client,
      identity,
      admitted,
      backoff,
      onEnd,
      facts,
      hubIdentity,
      mark,
      leaseRenewMs,
      replicas,
      mayTakeOver: isGathered,
      mayBegin: () => this.mayBegin,
      consumer: () => this.consumer,
      ledger: this.ledger,
      logger: this.#logger,
      isReachable: () => this.#reachability.signal?.state === 'Reachable',
      onCopies: this.#options.onCopies,
      onRead: () => onRead(this.id),
      onStatus: () => onChange(this.id),
      intake: {
        cluster: this.id,
        ownNamespace: facts.namespace,
        accepted: this.accepted,
        ages: this.#ages,
        identity,
        guard: () => this.#guardSituation(),
        sourceRules: () => ({podCIDRs: this.#cluster.spec?.podCIDRs, development: this.#options.development}),
        absenceTrusted: () => this.#absenceTrusted,
        onSettled: () => this.#remember(),
        onFailure: (err) => this.#logger.warn({err}, 'changes wait until the member is identified again'),
        logger: this.#logger,
      },
    });
  }

  #guardSituation(): GuardSituation {
    const {metadata, spec} = this.#cluster;
    const {memory, facts} = this.#options;
    const confirmation = readConfirmation(metadata.annotations?.[CONFIRM_DELETIONS_ANNOTATION], facts.nowMs());
    return {
      clusterLeaving: metadata.deletionTimestamp !== undefined || spec?.drain === true,
      confirmedAtMs: confirmation.state === 'Confirmed' ? confirmation.untilMs : undefined,
      decider: memory.toldOf(this.id),
    };
  }

  #onAccepted(key: string, accepted: MemberExport | undefined): void {
    if (this.#hasLeft) return;
    if (accepted === undefined) this.#ages.forget(key);
    this.#options.onExport(this.id, key, accepted);
  }

  #remember(): void {
    const {memory, onChange} = this.#options;
    const known = memory.get(this.id);
    const {held} = this.accepted;
    const isNews = this.#ages.revision !== this.#savedAges || known?.held !== held;
    if (!isNews && !this.#isListNews(known)) return;
    this.#savedAges = this.#ages.revision;
    memory.set(this.id, {cappedAges: this.#ages.capped(), lists: this.#ages.lists(), held});
    onChange(this.id);
  }

  /** Lists come with connections, so that in steady state there are none; after an hour the time of one is worth a write. */
  #isListNews(known: MemberRecord | undefined): boolean {
    const newestMs = this.#ages.newestListMs;
    if (newestMs === undefined || !this.#absenceTrusted || !this.hasJoined) return false;
    const savedMs = Math.max(...Object.values(known?.lists?.atMs ?? {}), 0);
    return newestMs - savedMs >= LISTS_AGAIN_MS;
  }
}
