import type {InternalApi} from '../apiserver/internal-api.ts';
import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';

export interface StrategyContext {
  /** Nothing may be kept that is taken for this request, an address of the Service range for example. */
  readonly dryRun: boolean;
  readonly subresource?: string;
  readonly storage: InternalApi;
  readonly nowMs: number;
}

/**
 * What a kind does beyond what all kinds do. The server asks in this order:
 *
 * create, update: `prepare`, mutating webhooks, `prepare` again if they changed something, `validate`, validating webhooks, store;
 * delete: `beforeDelete`, validating webhooks, then the object goes, or stays with a `deletionTimestamp` while finalizers or `isHeld` hold it.
 *
 * `prepare` and `validate` get whole objects, never patches, and change nothing in their arguments.
 */
export interface Strategy {
  /**
   * Defaults and allocations. Idempotent: what comes out may be given in again.
   *
   * @throws ApiError where an allocation is impossible, or a field can't be read as its type
   */
  prepare?(object: JsonObject, old: JsonObject | undefined, context: StrategyContext): JsonObject;
  /**
   * Fields that the server fills in where a request leaves them out, beyond defaults: nobody owns them (`spec.ports[].nodePort`).
   * What the admission plugins of a kube-apiserver add counts as well.
   */
  readonly allocated?: readonly string[];
  /** The same for what is added to lists: the object without it. */
  unowned?(object: JsonObject, given: JsonObject): JsonObject;
  /** The rules of the kind; those of `metadata` that all kinds share are in validate-metadata.ts. */
  validate?(object: JsonObject, old: JsonObject | undefined, context: StrategyContext): FieldError[];
  /** Sentences for `Warning` headers of a create or update. */
  warnings?(object: JsonObject, old: JsonObject | undefined): readonly string[];
  /**
   * The object as it is kept, should its deletion have to wait.
   *
   * @throws ApiError where it may not be deleted
   */
  beforeDelete?(object: JsonObject, context: StrategyContext): JsonObject;
  /** True while something besides `metadata.finalizers` holds a deleted object back: `spec.finalizers` of a Namespace. */
  isHeld?(object: JsonObject): boolean;
  afterDelete?(object: JsonObject, context: StrategyContext): void;
  /**
   * A DELETE only sets `deletionTimestamp` (now plus the grace period) where the period is not 0; whoever runs the object ends it
   * with a period of 0, as the in-process `delete` always does.
   */
  readonly gracefulDelete?: boolean;
  /** `deletionGracePeriodSeconds` is never set: the kind has a deletion of its own upstream. */
  readonly withoutGracePeriod?: boolean;
  /** Never an owner: propagation policies add no finalizer (Events). */
  readonly ownsNothing?: boolean;
  /** The grace period in seconds where the request names none. */
  gracePeriodSeconds?(object: JsonObject): number;
  /** A DELETE answers with the object that went, not with a Status (apiserver-errors.md §2.4). */
  readonly answersDeleteWithObject?: boolean;
  /** What `metadata.name` must look like; a lowercase RFC 1123 subdomain where nothing is said. */
  readonly nameRule?: NameRule;
}

export type NameRule = 'Subdomain' | 'Label' | 'PathSegment' | 'Address';
