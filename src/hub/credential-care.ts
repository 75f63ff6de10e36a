import type {Logger} from 'pino';
import {HUB_MANAGER, memberRecordName} from '../api/names.ts';
import {describeError, IsthmusError} from '../errors.ts';
import type {KubeClient} from '../kube/client.ts';
import type {EventRecorder} from '../kube/event-recorder.ts';
import {KubeError} from '../kube/kube-error.ts';
import {readServerClock} from '../kube/server-clock.ts';
import {tokenLifetime} from '../kube/token-lifetime.ts';
import {WorkQueue} from '../kube/work-queue.ts';
import {excessOpinion, findExcess} from './access-excess.ts';
import type {ClusterAccess} from './cluster-access.ts';
import type {Member} from './member.ts';
import {MemberSecrets} from './member-secrets.ts';
import type {ClusterSituation, Opinion} from './plan-cluster-status.ts';
import {planTokenRenewal, type TokenSituation} from './plan-token-renewal.ts';
import {renewToken} from './renew-token.ts';

export interface CredentialCareOptions {
  /** Of the hub's own API server: where the Secrets are. */
  readonly client: KubeClient;
  readonly members: ReadonlyMap<string, Member>;
  readonly recorder: EventRecorder;
  /** False: another replica does for this member what only one should. */
  readonly isResponsible: (name: string) => boolean;
  /** What is said about the credential of this Cluster may be different. */
  readonly onOpinion: (name: string) => void;
  /** Its Secret has another token in it. */
  readonly onRenewed: (name: string) => void;
  /** Isthmus' own, in every cluster. */
  readonly namespace: string;
  readonly userAgent: string;
  /** Default: {@link renewToken}. */
  readonly renew?: typeof renewToken | undefined;
  readonly nowMs: () => number;
  readonly logger: Logger;
}

/** Rights change behind our back, and nothing tells. */
const EXCESS_AGAIN_MS = 3_600_000;
/** Another replica may have stopped caring. */
const NOT_OURS_AGAIN_MS = 60_000;
const RENEWED_AGAIN_MS = 60_000;
const INLINE_AGAIN_MS = 5_000;
const ASK_TIMEOUT_MS = 10_000;
/** Clocks of the API servers of one cluster differ by less. */
const CLOCK_GRACE_MS = 60_000;

interface Known {
  /** Of the credential that the rest is about. */
  readonly fingerprint: string;
  readonly token?: Opinion | 'none';
  readonly excess?: Opinion | 'none';
  readonly excessAskedMs?: number;
  readonly failure?: string | undefined;
  /** It was seen in the Cluster itself. */
  readonly wasInline?: boolean;
}

/**
 * Looks after the credentials that the hub has for members (design §10): renews bound tokens where it may, tells in time where it can't,
 * and tells where a credential may do more than the hub needs. It never keeps a member from being synced.
 */
export class CredentialCare {
  readonly #options: CredentialCareOptions;
  readonly #secrets: MemberSecrets;
  readonly #queue: WorkQueue;
  readonly #known = new Map<string, Known>();
  readonly #told = new Map<string, string>();
  /** How far the clocks of members were seen to be ahead of ours, milliseconds. */
  readonly #aheadMs = new Map<string, number>();
  /** Of the monotonic clock; by name, since a renewed token is another credential. */
  readonly #renewedMs = new Map<string, number>();

  constructor(options: CredentialCareOptions) {
    this.#options = options;
    this.#secrets = new MemberSecrets(options.client, options.namespace);
    this.#queue = new WorkQueue({
      concurrency: 4,
      handle: async (name, signal) => this.#handle(name, signal),
      onError: (cluster, err, attempt) => options.logger.warn({err, cluster, attempt}, 'credential not looked after'),
    });
  }

  get closed(): Promise<void> {
    return this.#queue.closed;
  }

  start(signal: AbortSignal): void {
    this.#queue.start(signal);
  }

  /** `TokenRenewed` and `OverPrivileged` of a Cluster; undefined: not known yet. */
  opinions(name: string): Pick<ClusterSituation, 'token' | 'excess'> {
    const {token, excess} = this.#known.get(name) ?? {};
    return {token, excess};
  }

  /** Its connection or its credentials may be others now; costs nothing where they aren't. */
  noteMember(name: string): void {
    const member = this.#options.members.get(name);
    if (member === undefined) {
      for (const kept of [this.#known, this.#told, this.#aheadMs, this.#renewedMs]) kept.delete(name);
      return;
    }
    const {kubeconfig, kubeconfigSecretRef} = member.cluster.spec ?? {};
    const kept = [kubeconfig !== undefined, kubeconfigSecretRef?.name, kubeconfigSecretRef?.key].join();
    const text = [fingerprintOf(member.access), member.session !== undefined, kept].join(' ');
    if (this.#told.get(name) === text) return;
    this.#told.set(name, text);
    this.#queue.add(name);
  }

  async #handle(name: string, signal: AbortSignal): Promise<void | {requeueAfterMs: number}> {
    const {members, isResponsible} = this.#options;
    const member = members.get(name);
    const access = member?.access;
    // It is looked at again as soon as it is connected.
    if (member === undefined || access?.ok !== true || member.session === undefined) return undefined;
    if (!isResponsible(name)) return {requeueAfterMs: NOT_OURS_AGAIN_MS};
    const againMs = await this.#careForToken(member, access, signal);
    await this.#askForExcess(member, access, signal);
    return {requeueAfterMs: Math.min(againMs, EXCESS_AGAIN_MS)};
  }

  /** @returns when to look again, milliseconds from now */
  async #careForToken(member: Member, access: ClusterAccess & {ok: true}, signal: AbortSignal): Promise<number> {
    const {userAgent, onRenewed, logger, recorder, renew = renewToken} = this.#options;
    const secrets = this.#secrets;
    const {id: name, cluster} = member;
    const {failure, wasInline} = this.#of(name, access);
    if (cluster.spec?.kubeconfig !== undefined && wasInline !== true) {
      // It is about to move to a Secret that is the hub's.
      this.#say(member, access, {wasInline: true});
      return INLINE_AGAIN_MS;
    }
    const situation = {
      ...(await this.#situation(member, access, signal)),
      ...{failure, renewedAgoMs: performance.now() - (this.#renewedMs.get(name) ?? -Infinity)},
    };
    if (situation.lifetime !== undefined) await this.#compareClocks(member, signal);
    const thereMs = (): number => this.#thereMs(name, situation.lifetime);
    const plan = planTokenRenewal({...situation, nowMs: thereMs()});
    const {account} = situation.lifetime ?? {};
    const uid = member.session?.uid;
    if (plan.do === 'wait' || account === undefined || access.kubeconfig === undefined || uid === undefined) {
      this.#say(member, access, {token: plan.opinion ?? 'none'});
      return plan.againMs;
    }
    try {
      const {credentials, kubeconfig} = access;
      const isRenewed = await renew({name, credentials, kubeconfig, account, uid, secrets, userAgent, signal});
      onRenewed(name);
      if (!isRenewed) return RENEWED_AGAIN_MS;
      this.#renewedMs.set(name, performance.now());
      logger.info({cluster: name}, 'token of a member renewed');
      const message = `Its token was renewed: Secret ${secrets.refOf(name).name}.`;
      recorder.record(cluster, {type: 'Normal', reason: 'TokenRenewed', message});
      return RENEWED_AGAIN_MS;
    } catch (error) {
      if (!(error instanceof IsthmusError)) throw error;
      if (signal.aborted) return plan.againMs;
      const why = failureText(error);
      logger.warn({err: error, cluster: name}, 'token of a member could not be renewed');
      const {opinion} = planTokenRenewal({...situation, failure: why, nowMs: thereMs()});
      this.#say(member, access, {token: opinion ?? 'none', failure: why});
      return plan.againMs;
    }
  }

  /** What time it is by the clock that made the token, as far as can be told. */
  #thereMs(name: string, lifetime: TokenSituation['lifetime']): number {
    const hereMs = this.#options.nowMs();
    const thereMs = hereMs + (this.#aheadMs.get(name) ?? 0);
    // A proxy that keeps answers, or a replica of the API server whose clock is wrong: at that time the token was still to be made.
    return lifetime !== undefined && thereMs < lifetime.issuedAtMs - CLOCK_GRACE_MS ? hereMs : thereMs;
  }

  /** What a token says of its times is by the clock of the API server that made it; ours may be hours away from that. */
  async #compareClocks({id: name, connection}: Member, signal: AbortSignal): Promise<void> {
    if (connection === undefined) return;
    try {
      const clock = await readServerClock(connection.client, {signal, timeoutMs: ASK_TIMEOUT_MS});
      if (clock !== undefined) this.#aheadMs.set(name, clock.aheadMs);
    } catch (error) {
      // Clocks don't jump, as a rule: what was seen before is the best that is known.
      if (!(error instanceof KubeError)) throw error;
      this.#options.logger.debug({cluster: name, reason: describeError(error)}, 'clock there not known');
    }
  }

  async #situation(
    {id: name, cluster}: Member,
    {credentials, kubeconfig, fingerprint}: ClusterAccess & {ok: true},
    signal: AbortSignal,
  ): Promise<Pick<TokenSituation, 'lifetime' | 'obstacle'>> {
    // The hub's own token is renewed by its node.
    const lifetime = fingerprint === 'own' ? undefined : tokenLifetime(credentials.token ?? '');
    if (lifetime === undefined) return {lifetime, obstacle: undefined};
    const {namespace} = this.#options;
    const {account} = lifetime;
    const isOwn = account?.namespace === namespace && account.name === HUB_MANAGER;
    if (!isOwn || credentials.clientCert !== undefined) {
      const obstacle = `it is not of ServiceAccount ${namespace}/${HUB_MANAGER} alone, and no other is the hub's to renew`;
      return {lifetime, obstacle};
    }
    const kept = await this.#secrets.read(name, signal);
    const isKept =
      kubeconfig !== undefined && kept?.kubeconfig === kubeconfig && cluster.spec?.kubeconfig === undefined;
    const obstacle = `it is not in a Secret ${memberRecordName(name)} of the hub's own, and no other is changed`;
    return {lifetime, obstacle: isKept ? undefined : obstacle};
  }

  async #askForExcess(
    {id, connection}: Member,
    access: ClusterAccess & {ok: true},
    signal: AbortSignal,
  ): Promise<void> {
    const member = this.#options.members.get(id);
    const {excessAskedMs} = this.#of(id, access);
    const nowMs = this.#options.nowMs();
    const isRecent =
      excessAskedMs !== undefined && nowMs - excessAskedMs < EXCESS_AGAIN_MS / 2 && nowMs >= excessAskedMs;
    if (isRecent || connection === undefined || member === undefined) return;
    try {
      const excess = await findExcess(connection.client, {signal, timeoutMs: ASK_TIMEOUT_MS});
      this.#say(member, access, {excess: excessOpinion(excess) ?? 'none', excessAskedMs: nowMs});
    } catch (error) {
      // What was known of this credential stays; one that can't be asked about says nothing.
      if (!(error instanceof KubeError)) throw error;
      this.#options.logger.debug({cluster: id, reason: describeError(error)}, 'rights of the hub there not known');
    }
  }

  /** What is known of this very credential; of another one nothing counts. */
  #of(name: string, {fingerprint}: ClusterAccess & {ok: true}): Known {
    const known = this.#known.get(name);
    return known?.fingerprint === fingerprint ? known : {fingerprint};
  }

  #say({id, cluster}: Member, access: ClusterAccess & {ok: true}, news: Partial<Known>): void {
    const {recorder, onOpinion} = this.#options;
    const before = this.#known.get(id);
    const now = {...this.#of(id, access), ...news};
    this.#known.set(id, now);
    // Other transitions are told with the conditions.
    if (isExpiring(now.token) && !isExpiring(before?.token))
      recorder.record(cluster, {type: 'Warning', reason: 'TokenExpiring', message: now.token.message});
    onOpinion(id);
  }
}

function isExpiring(opinion: Known['token']): opinion is Opinion {
  return opinion !== undefined && opinion !== 'none' && opinion.reason === 'Expiring';
}

function fingerprintOf(access: ClusterAccess | undefined): string {
  return access?.ok === true ? access.fingerprint : '';
}

function failureText(error: IsthmusError): string {
  const isForbidden = error instanceof KubeError && error.isForbidden;
  const hint = isForbidden ? '; manifests/install/member.yaml gives that right' : '';
  return `${describeError(error).slice(0, 400)}${hint}`;
}
