import type {Logger} from 'pino';
import {describeError, IsthmusError} from '../errors.ts';
import {pause} from '../kube/backoff.ts';
import {KubeClient, type RequestReport} from '../kube/client.ts';
import type {ClusterCredentials} from '../kube/credentials.ts';
import {KubeError} from '../kube/kube-error.ts';
import type {HubMark} from './hub-mark.ts';
import {admitMember, endsMembership} from './member-admission.ts';
import {type Claim, MemberIdentity} from './member-identity.ts';
import type {MemberSession} from './member-session.ts';
import {forbiddenOpinion, type Opinion} from './plan-cluster-status.ts';
import type {Reachability} from './reachability.ts';

export interface ConnectionOptions {
  readonly clusterId: string;
  readonly userAgent: string;
  readonly clustersetId: string;
  readonly namespace: string;
  readonly mark: () => HubMark;
  readonly credentials: ClusterCredentials;
  readonly reachability: Reachability;
  readonly unreachableAfterMs: number;
  readonly claim: (uid: string) => Claim;
  /** It may be a member: from now on only the cluster with this `kube-system` uid is. */
  readonly onAdmitted: (uid: string) => void;
  /** Makes the session of an admitted member. */
  readonly open: (parts: OpenedConnection) => MemberSession;
  /** Something that conditions or other members speak of has changed. */
  readonly onChange: () => void;
  readonly onRequest?: ((report: RequestReport) => void) | undefined;
  readonly nowMs: () => number;
  readonly logger: Logger;
}

export interface OpenedConnection {
  readonly client: KubeClient;
  readonly identity: MemberIdentity;
  readonly admitted: Awaited<ReturnType<typeof admitMember>>;
  readonly backoff: {readonly minMs: number; readonly maxMs: number};
  readonly onEnd: (error: unknown) => void;
}

const MIN_PROBE_MS = 200;
const MAX_PROBE_MS = 2_500;
const FORBIDDEN_AFTER = 3;

/**
 * The connection to one member with one set of credentials. It identifies and admits the cluster, runs a session with it, and
 * probes: an answer every few seconds is the evidence for `Reachable`. Whatever ends the session, it begins again from the
 * start, until the signal is aborted.
 */
export class MemberConnection {
  readonly client: KubeClient;
  readonly #options: ConnectionOptions;
  readonly #identity: MemberIdentity;
  readonly #closing = Promise.withResolvers<void>();
  readonly #probeMs: number;
  #session: MemberSession | undefined;
  #version: string | undefined;
  #refusal: {readonly reason: string; readonly message: string} | undefined;
  #lastError: string | undefined;
  /** What the member didn't let us ask, in its words, and how often in a row. */
  #forbidden: {readonly why: string; readonly times: number} | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#probeMs = Math.max(MIN_PROBE_MS, Math.min(MAX_PROBE_MS, options.unreachableAfterMs / 4));
    this.client = new KubeClient({
      credentials: options.credentials,
      userAgent: options.userAgent,
      nowMs: options.nowMs,
      onRequest: (report) => this.#observe(report),
    });
    this.#identity = new MemberIdentity({client: this.client, claim: options.claim, timeoutMs: this.#probeTimeoutMs});
  }

  get session(): MemberSession | undefined {
    return this.#session;
  }

  get version(): string | undefined {
    return this.#version;
  }

  get lastError(): string | undefined {
    return this.#lastError;
  }

  /** Why the cluster isn't taken, though it answers. */
  get refusal(): {readonly reason: string; readonly message: string} | undefined {
    return this.#refusal;
  }

  get closed(): Promise<void> {
    return this.#closing.promise;
  }

  start(signal: AbortSignal): void {
    void this.#run(signal).then(this.#closing.resolve, this.#closing.reject);
  }

  opinion(): Opinion {
    // An API server that has just started refuses everything, for a moment.
    if (this.#forbidden !== undefined && this.#forbidden.times >= FORBIDDEN_AFTER) {
      return forbiddenOpinion(this.#forbidden.why);
    }
    if (this.#session !== undefined) return this.#session.opinion();
    return {status: 'Unknown', reason: 'Connecting', message: 'Waits for the connection.', passing: true};
  }

  get #probeTimeoutMs(): number {
    return Math.max(500, Math.min(5_000, this.#options.unreachableAfterMs));
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#connect(signal);
      } catch (error) {
        if (!signal.aborted) this.#noteFailure(error);
      }
      this.#judge();
      await pause(this.#probeMs, signal);
    }
    await this.client.close();
  }

  async #connect(signal: AbortSignal): Promise<void> {
    const {clusterId, clustersetId, namespace, mark, open, onChange, logger} = this.#options;
    await this.#identity.verify(signal);
    const admitted = await admitMember({
      client: this.client,
      clusterId,
      clustersetId,
      namespace,
      mark: mark(),
      signal,
    });
    this.#options.onAdmitted(this.#identity.uid ?? '');
    this.#version = admitted.version;
    this.#refusal = undefined;
    this.#lastError = undefined;
    this.#forbidden = undefined;
    const ended = Promise.withResolvers<never>();
    const backoff = {minMs: 100, maxMs: Math.max(1_000, Math.min(15_000, this.#options.unreachableAfterMs))};
    const session = open({client: this.client, identity: this.#identity, admitted, backoff, onEnd: ended.reject});
    this.#session = session;
    session.start();
    logger.info({version: admitted.version}, 'member connected');
    onChange();
    const probing = new AbortController();
    try {
      await Promise.race([ended.promise, this.#probe(session, AbortSignal.any([signal, probing.signal]))]);
    } finally {
      // A session that ended by itself must not be probed on beside the next one.
      probing.abort();
      this.#session = undefined;
      await session.close();
      onChange();
    }
  }

  /** Until the signal is aborted, or it is another cluster that answers. */
  async #probe(session: MemberSession, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#identity.verify(signal);
        this.#forbidden = undefined;
      } catch (error) {
        if (endsMembership(error)) throw error;
        if (!signal.aborted) this.#noteFailure(error);
      }
      if (signal.aborted) return;
      this.#judge();
      session.review();
      await pause(this.#probeMs, signal);
    }
  }

  #judge(): void {
    if (!this.#options.reachability.judge(this.client.lastSuccessMs)) return;
    const {signal} = this.#options.reachability;
    this.#options.logger.info({state: signal?.state}, 'member reachability changed');
    this.#session?.review();
    this.#options.onChange();
  }

  #noteFailure(error: unknown): void {
    const {reachability, logger, onChange} = this.#options;
    this.#lastError = describeError(error);
    const isForbidden = error instanceof KubeError && error.isForbidden;
    const times = (this.#forbidden?.times ?? 0) + 1;
    this.#forbidden = isForbidden ? {why: this.#lastError, times} : undefined;
    reachability.noteFailure(error);
    if (endsMembership(error)) {
      const reason = String(error.details['reason'] ?? 'Refused');
      if (this.#refusal?.reason !== reason) logger.warn({err: error}, 'member refused');
      this.#refusal = {reason, message: error.message};
    } else if (error instanceof KubeError || error instanceof IsthmusError) {
      logger.debug({err: error}, 'member does not answer');
    } else {
      logger.error({err: error}, 'member connection failed');
    }
    onChange();
  }

  #observe(report: RequestReport): void {
    // A watch that begins anew may have been cut by whatever put another cluster in this one's place.
    if (report.status === 0 || report.verb === 'watch') this.#identity.noteInterruption();
    // The first answer after a silence: don't wait for the next probe.
    if (report.status > 0 && this.#options.reachability.signal?.state === 'Unreachable')
      setImmediate(() => this.#judge());
    this.#options.onRequest?.(report);
  }
}
