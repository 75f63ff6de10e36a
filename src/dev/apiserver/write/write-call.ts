import type {AdmissionInput} from '../../admission/admit.ts';
import type {StrategyContext} from '../../builtin/strategy.ts';
import type {JsonObject} from '../../schema/json.ts';
import type {WriteCounter} from '../../writes.ts';
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

export type WriteVerb = 'create' | 'update' | 'patch' | 'apply' | 'delete';

/** One write request, decoded as far as its URL goes. */
export interface WriteCall {
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  /** Undefined for a create, whose body names the object. */
  readonly name: string | undefined;
  readonly subresource: 'status' | undefined;
  readonly verb: WriteVerb;
  /** The field manager; falls back to the client's name. */
  readonly manager: string;
  readonly options: WriteOptions;
  readonly userInfo: JsonObject;
  readonly admission: Admission | undefined;
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
  context.writes.record({
    resource: call.subresource === undefined ? call.type.storageKey : `${call.type.storageKey}/${call.subresource}`,
    verb: call.verb,
    manager: call.manager,
    name: storageKey(call.namespace, name),
  });
}

const OPTIONS_KIND = {CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions'} as const;

/** What admission is told of a write (apiserver.md §5.1). */
export function admissionInput(
  call: WriteCall,
  operation: 'CREATE' | 'UPDATE' | 'DELETE',
  objects: {readonly name?: string; readonly object: JsonObject | null; readonly oldObject: JsonObject | null},
): AdmissionInput {
  const {options} = call;
  // A Namespace is reviewed under its own name (§5.1).
  const namespace = call.type.storageKey === 'namespaces' ? objects.name : call.namespace;
  return {
    operation,
    type: call.type,
    ...(call.subresource === undefined ? {} : {subresource: call.subresource}),
    ...(namespace === undefined ? {} : {namespace}),
    ...(objects.name === undefined ? {} : {name: objects.name}),
    object: objects.object,
    oldObject: objects.oldObject,
    userInfo: call.userInfo,
    dryRun: options.dryRun,
    options: {
      kind: OPTIONS_KIND[operation],
      apiVersion: 'meta.k8s.io/v1',
      ...(options.dryRun ? {dryRun: ['All']} : {}),
      ...(operation === 'DELETE' ? {} : {fieldManager: call.manager}),
    },
  };
}
