import type {AdmissionInput} from '../../admission/admit.ts';
import type {WritePermissions} from '../../authorization/write-permissions.ts';
import type {StrategyContext} from '../../builtin/strategy.ts';
import type {JsonObject} from '../../schema/json.ts';
import type {WriteCounter, WriteRow} from '../../writes.ts';
import type {InternalApi} from '../internal-api.ts';
import {storageKey} from '../object-meta.ts';
import type {ResourceType} from '../resource-type.ts';
import type {ObjectStorage} from '../storage/object-storage.ts';
import type {TypeRegistry} from '../type-registry.ts';
import type {VersionConversion} from '../version-conversion.ts';
import type {WriteOptions} from './write-options.ts';

/** The admission webhooks as a write sees them. Absent for the cluster's own controllers. */
export interface Admission {
  /** The object as the mutating webhooks leave it, or null where there is none (DELETE). */
  mutate(input: AdmissionInput, warn: (text: string) => void): Promise<JsonObject | null>;
  validate(input: AdmissionInput, warn: (text: string) => void): Promise<void>;
}

/** What a write needs of its cluster. */
export interface WriteContext {
  readonly storage: ObjectStorage;
  readonly registry: TypeRegistry;
  readonly conversion: VersionConversion;
  readonly api: InternalApi;
  readonly writes: WriteCounter;
  readonly nowMs: () => number;
}

/** What an update may be of, beside the object: `finalize` is a Namespace's `spec.finalizers`. */
export type UpdatedSubresource = 'status' | 'finalize';

export type WriteVerb = 'create' | 'update' | 'patch' | 'apply' | 'delete';

/** One write request, decoded as far as its URL goes. */
export interface WriteCall {
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  /** Undefined for a create, whose body names the object. */
  readonly name: string | undefined;
  readonly subresource: UpdatedSubresource | undefined;
  readonly verb: WriteVerb;
  /** The field manager; falls back to the client's name. */
  readonly manager: string;
  readonly options: WriteOptions;
  readonly userInfo: JsonObject;
  readonly admission: Admission | undefined;
  /** What the writer may. Absent for the cluster's own controllers, who may everything. */
  readonly permissions?: WritePermissions;
  readonly warn: (text: string) => void;
}

export interface Written {
  readonly object: JsonObject;
  readonly created: boolean;
}

export function strategyContext(context: WriteContext, call: WriteCall): StrategyContext {
  return {
    dryRun: call.options.dryRun,
    ...(call.subresource === undefined ? {} : {subresource: call.subresource}),
    storage: context.api,
    nowMs: context.nowMs(),
  };
}

/** The object that a call names, as stored. */
export function liveObject(context: WriteContext, call: WriteCall, name: string): JsonObject | undefined {
  return context.storage.get(call.type.storageKey, storageKey(call.namespace, name));
}

export function recordWrite(context: WriteContext, call: WriteCall, name: string): void {
  context.writes.record(writeOf(call, name));
}

/** Runs a client's write request and counts it, however it ends. */
export async function countedRequest<T>(
  context: WriteContext,
  call: WriteCall,
  write: {readonly run: () => Promise<T>; readonly nameOf?: (done: T) => string | undefined},
): Promise<T> {
  let name = call.name;
  try {
    const done = await write.run();
    name ??= write.nameOf?.(done);
    return done;
  } finally {
    context.writes.recordRequest(writeOf(call, name ?? ''));
  }
}

function writeOf(call: WriteCall, name: string): Omit<WriteRow, 'count'> {
  const {storageKey: resource} = call.type;
  return {
    resource: call.subresource === undefined ? resource : `${resource}/${call.subresource}`,
    verb: call.verb,
    manager: call.manager,
    name: storageKey(call.namespace, name),
  };
}

const OPTIONS_KIND = {CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions'} as const;

/** What admission is told of a write (apiserver.md §5.1). */
export function admissionInput(
  call: WriteCall,
  operation: 'CREATE' | 'UPDATE' | 'DELETE',
  about: {
    readonly name?: string;
    readonly object: JsonObject | null;
    readonly oldObject: JsonObject | null;
    /** Fields of `DeleteOptions`. */
    readonly options?: JsonObject;
  },
): AdmissionInput {
  const {dryRun, fieldManager, fieldValidation} = call.options;
  // A Namespace is reviewed under its own name (§5.1).
  const namespace = call.type.storageKey === 'namespaces' ? about.name : call.namespace;
  return {
    operation,
    type: call.type,
    ...(call.subresource === undefined ? {} : {subresource: call.subresource}),
    ...(namespace === undefined ? {} : {namespace}),
    ...(about.name === undefined ? {} : {name: about.name}),
    object: about.object,
    oldObject: about.oldObject,
    userInfo: call.userInfo,
    dryRun,
    // Only what the request itself named: a manager that was guessed from the User-Agent is not told.
    options: {
      kind: OPTIONS_KIND[operation],
      apiVersion: 'meta.k8s.io/v1',
      ...(dryRun ? {dryRun: ['All']} : {}),
      ...(fieldManager === undefined ? {} : {fieldManager}),
      ...(fieldValidation === undefined ? {} : {fieldValidation}),
      ...about.options,
    },
  };
}
