import {randomUUID} from 'node:crypto';
import type {Logger} from 'pino';
import {ApiError, badRequest, forbidden, internal} from '../apiserver/api-error.ts';
import type {InternalApi} from '../apiserver/internal-api.ts';
import type {ResourceType} from '../apiserver/resource-type.ts';
import type {Authorizer} from '../authorization/authorizer.ts';
import {meetsConditions} from '../expressions/match-conditions.ts';
import {admittedName, requestVariables} from '../expressions/request-variables.ts';
import {jsonEquals} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {inVersion, toAdmissionReview} from './admission-review.ts';
import {applyWebhookPatch, decodeWebhookPatch} from './webhook-patch.ts';
import {compileWebhooks, isExempt, isWebhookConfiguration} from './compiled-webhook.ts';
import type {CompiledWebhook, WebhookKind} from './compiled-webhook.ts';
import {Reinvocation} from './reinvocation.ts';
import {readReviewAnswer, toDenial} from './review-answer.ts';
import type {ReviewAnswer} from './review-answer.ts';
import {matchingType} from './rule-matching.ts';
import {selects} from './selector-matching.ts';
import {resolveWebhook} from './webhook-address.ts';
import type {ReachPod, WebhookNetwork} from './webhook-address.ts';
import {WebhookClient} from './webhook-client.ts';
import {WebhookFailure} from './webhook-failure.ts';

export interface AdmissionInput {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly type: ResourceType;
  readonly subresource?: string;
  /** What the object is, where a subresource has a kind of its own. */
  readonly objectKind?: Pick<ResourceType, 'group' | 'version' | 'kind'>;
  readonly namespace?: string;
  readonly name?: string;
  readonly object: JsonObject | null;
  readonly oldObject: JsonObject | null;
  readonly userInfo: JsonObject;
  readonly dryRun: boolean;
  readonly options: JsonObject;
}

type Warn = (text: string) => void;

export interface WebhookAdmissionOptions {
  readonly api: InternalApi;
  /** Who may do what, for conditions that ask. */
  readonly authorizer: Authorizer;
  readonly logger: Logger;
  readonly reachPod?: ReachPod | undefined;
}

/** A webhook that wants to see a request, and the version it wants to see it in. */
interface Candidate {
  readonly hook: CompiledWebhook;
  readonly shown: ResourceType;
}

/**
 * The admission webhooks of one embedded cluster (apiserver.md §5). Configurations take effect with the next request; which webhooks
 * a kind of request concerns is worked out once, so that requests nobody asked for cost one lookup.
 */
export class WebhookAdmission {
  readonly #api: InternalApi;
  readonly #authorizer: Authorizer;
  readonly #network: WebhookNetwork;
  readonly #logger: Logger;
  readonly #client = new WebhookClient();
  readonly #stopListening: () => void;
  #compiled: Record<WebhookKind, readonly CompiledWebhook[]> | undefined;
  /** By type, since a changed CustomResourceDefinition makes new ones: an equivalent version may have come or gone. */
  #candidates = new WeakMap<ResourceType, Map<string, readonly Candidate[]>>();

  constructor(options: WebhookAdmissionOptions) {
    this.#api = options.api;
    this.#authorizer = options.authorizer;
    this.#network = {api: options.api, reachPod: options.reachPod};
    this.#logger = options.logger;
    this.#stopListening = options.api.onChange(({type}) => {
      if (isWebhookConfiguration(type.group, type.plural)) this.#compiled = undefined;
    });
  }

  /**
   * Asks the mutating webhooks, one after another: each sees what the one before it made of the object. Those that asked for it and
   * did not see a later change are asked once more.
   *
   * @returns the object as they leave it, null for a DELETE
   * @throws ApiError of a denial, or of a webhook that failed under `failurePolicy: Fail`
   */
  async mutate(input: AdmissionInput, warn: Warn): Promise<JsonObject | null> {
    // One list for both rounds: a configuration that changes in between is for the next request.
    const candidates = this.#candidatesFor('mutating', input);
    const reinvocation = new Reinvocation();
    const object = await this.#mutateByAll(candidates, input, {warn, reinvocation});
    if (!reinvocation.isNeeded) return object;
    return this.#mutateByAll(candidates, {...input, object}, {warn, reinvocation, again: true});
  }

  async #mutateByAll(
    candidates: readonly Candidate[],
    input: AdmissionInput,
    {warn, reinvocation, again = false}: {warn: Warn; reinvocation: Reinvocation; again?: boolean},
  ): Promise<JsonObject | null> {
    let {object} = input;
    for (const candidate of candidates) {
      const now = {...input, object};
      if (!selects(candidate.hook, now, this.#api)) continue;
      if (again && !reinvocation.concerns(candidate.hook)) continue;
      if (!this.#isWanted(candidate, now)) continue;
      const before = object;
      object = await this.#mutateBy(candidate, now, warn);
      reinvocation.asked(candidate.hook, !jsonEquals(before, object));
    }
    return object;
  }

  /**
   * Asks the validating webhooks, all at once.
   *
   * @throws ApiError of the first denial or failure in the order of configuration; the warnings of all arrive
   */
  async validate(input: AdmissionInput, warn: Warn): Promise<void> {
    const asked = this.#candidatesFor('validating', input).filter(
      (candidate) => selects(candidate.hook, input, this.#api) && this.#isWanted(candidate, input),
    );
    if (asked.length === 0) return;
    const results = await Promise.allSettled(
      asked.map((candidate) => this.#review(candidate, input, {warn, mayPatch: false})),
    );
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  close(): Promise<void> {
    this.#stopListening();
    this.#client.close();
    return Promise.resolve();
  }

  /**
   * `matchConditions`.
   *
   * @throws ApiError 403 where one can't be evaluated and failures are not ignored
   */
  #isWanted({hook, shown}: Candidate, input: AdmissionInput): boolean {
    if (hook.matchConditions === undefined) return true;
    const variables = requestVariables({input, shown, namespace: null, authorizer: this.#authorizer});
    const meets = meetsConditions(hook.matchConditions, variables);
    if (typeof meets === 'boolean') return meets;
    throw forbidden(input.type, admittedName(input), meets.error);
  }

  #candidatesFor(kind: WebhookKind, input: AdmissionInput): readonly Candidate[] {
    const hooks = this.#hooks()[kind];
    const {type, operation, subresource = ''} = input;
    if (hooks.length === 0 || isExempt(type.group, type.plural)) return [];
    let ofType = this.#candidates.get(type);
    if (ofType === undefined) {
      ofType = new Map();
      this.#candidates.set(type, ofType);
    }
    const key = `${kind} ${operation} ${subresource}`;
    let found = ofType.get(key);
    if (found === undefined) {
      const versions = this.#api.types().filter((other) => other.storageKey === type.storageKey);
      found = hooks.flatMap((hook) => {
        const shown = matchingType(hook, {operation, type, subresource}, versions);
        return shown === undefined ? [] : [{hook, shown}];
      });
      ofType.set(key, found);
    }
    return found;
  }

  #hooks(): Record<WebhookKind, readonly CompiledWebhook[]> {
    if (this.#compiled === undefined) {
      this.#compiled = {
        mutating: compileWebhooks(this.#api, 'mutating'),
        validating: compileWebhooks(this.#api, 'validating'),
      };
      this.#candidates = new WeakMap();
      const hooks = Object.values(this.#compiled).flat();
      this.#client.retain(new Set(hooks.map((hook) => hook.client.caBundle)));
    }
    return this.#compiled;
  }

  async #mutateBy(candidate: Candidate, input: AdmissionInput, warn: Warn): Promise<JsonObject | null> {
    const {hook, shown} = candidate;
    const answer = await this.#review(candidate, input, {warn, mayPatch: true});
    if (answer?.patch === undefined || input.object === null) return input.object;
    let patch: unknown;
    try {
      patch = decodeWebhookPatch(answer.patch);
    } catch (error) {
      this.#fail(hook, error);
      return input.object;
    }
    const seen = inVersion(input.object, input.type, shown) ?? input.object;
    return inVersion(applyWebhookPatch(seen, patch, shown), shown, input.type);
  }

  /** @returns undefined where the webhook failed and is ignored */
  async #review(
    {hook, shown}: Candidate,
    input: AdmissionInput,
    how: {warn: Warn; mayPatch: boolean},
  ): Promise<ReviewAnswer | undefined> {
    if (input.dryRun && !hook.mayRunDry) throw badRequest(`admission webhook "${hook.name}" does not support dry run`);
    let answer: ReviewAnswer;
    try {
      answer = await this.#ask({hook, shown}, input, how.mayPatch);
    } catch (error) {
      this.#fail(hook, error);
      return undefined;
    }
    for (const warning of answer.warnings) how.warn(warning);
    if (!answer.allowed) throw new ApiError(toDenial(hook.name, answer.status));
    return answer;
  }

  async #ask({hook, shown}: Candidate, input: AdmissionInput, mayPatch: boolean): Promise<ReviewAnswer> {
    if (!hook.speaksV1) {
      throw new WebhookFailure(
        'could not create admission objects: webhook does not accept known AdmissionReview versions (v1)',
      );
    }
    const uid = randomUUID();
    const body = await this.#client.call({
      address: resolveWebhook(hook.client.target, hook.timeoutSeconds, this.#network),
      caBundle: hook.client.caBundle,
      body: JSON.stringify(toAdmissionReview(input, shown, uid)),
      timeoutMs: hook.timeoutSeconds * 1000,
    });
    return readReviewAnswer(body, {uid, mayPatch});
  }

  /**
   * `failurePolicy`.
   *
   * @throws ApiError 500 unless failures are ignored; anything but a {@link WebhookFailure} as it is
   */
  #fail(hook: CompiledWebhook, error: unknown): void {
    if (!(error instanceof WebhookFailure)) throw error;
    const message = `failed calling webhook "${hook.name}": ${error.message}`;
    if (!hook.ignoreFailure) throw internal(message);
    this.#logger.warn({webhook: hook.name, err: error}, 'a failing webhook was ignored');
  }
}
