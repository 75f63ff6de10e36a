import type {Namespace} from '../api/kinds.ts';
import {namespaces} from '../api/resources.ts';
import {IsthmusError} from '../errors.ts';
import type {KubeClient} from '../kube/client.ts';

/** What the hub says to a `kube-system` uid: whether the cluster behind a connection is the one that joined. */
export type Claim = {readonly ok: true} | {readonly ok: false; readonly reason: string; readonly message: string};

export interface MemberIdentityOptions {
  readonly client: KubeClient;
  readonly claim: (uid: string) => Claim;
  readonly timeoutMs: number;
}

/**
 * Makes sure that it is still the same cluster that answers (design §5). The uid of `kube-system` is asked for again after
 * every interruption, before anything that was read is believed and before anything is written: a kubeconfig may point to a
 * name, and a name to another cluster tomorrow.
 */
export class MemberIdentity {
  readonly #options: MemberIdentityOptions;
  /** Grows with each interruption; what was verified before it says nothing about what came after. */
  #interruptions = 1;
  #verified = 0;
  #uid: string | undefined;
  #running: {readonly since: number; readonly result: Promise<void>} | undefined;

  constructor(options: MemberIdentityOptions) {
    this.#options = options;
  }

  /** Of the cluster that was verified last. */
  get uid(): string | undefined {
    return this.#uid;
  }

  get isVerified(): boolean {
    return this.#verified === this.#interruptions;
  }

  /** A connection was lost, or a list or watch began: whoever answers now may be somebody else. */
  noteInterruption(): void {
    this.#interruptions++;
  }

  /** Returns at once while nothing was interrupted. @throws as {@link verify} */
  async ensure(signal: AbortSignal): Promise<void> {
    if (!this.isVerified) await this.verify(signal);
  }

  /**
   * Asks now; callers that ask together share one request.
   *
   * @throws IsthmusError ISTHMUS_HUB_CLUSTER_CHANGED, ISTHMUS_HUB_JOIN_REFUSED; KubeError where nobody answered
   */
  async verify(signal: AbortSignal): Promise<void> {
    if (this.#running?.since !== this.#interruptions) {
      const since = this.#interruptions;
      const result = this.#ask(since, signal).finally(() => {
        if (this.#running?.since === since) this.#running = undefined;
      });
      this.#running = {since, result};
    }
    await this.#running.result;
  }

  async #ask(since: number, signal: AbortSignal): Promise<void> {
    const {client, claim, timeoutMs} = this.#options;
    const {uid = ''} = (await client.get<Namespace>(namespaces, {name: 'kube-system'}, {signal, timeoutMs})).metadata;
    const answer = claim(uid);
    if (answer.ok) {
      this.#verified = since;
      this.#uid = uid;
      return;
    }
    const code = answer.reason === 'ClusterChanged' ? 'ISTHMUS_HUB_CLUSTER_CHANGED' : 'ISTHMUS_HUB_JOIN_REFUSED';
    throw new IsthmusError(code, answer.message, {reason: answer.reason});
  }
}
