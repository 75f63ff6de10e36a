import type {ResourceType} from '../resource-type.ts';
import type {WriteCall, WriteVerb} from './write-call.ts';

export interface InternalWrite {
  readonly verb: WriteVerb;
  /** The field manager that the change is written down under. */
  readonly manager: string;
  readonly at: {readonly namespace?: string | undefined; readonly name?: string | undefined};
}

/** A write that comes from inside the cluster: no webhooks, unknown fields dropped silently. */
export function internalCall(type: ResourceType, write: InternalWrite): WriteCall {
  const {verb, manager, at} = write;
  return {
    type,
    namespace: type.namespaced ? at.namespace : undefined,
    name: verb === 'create' ? undefined : at.name,
    subresource: undefined,
    verb,
    manager,
    options: {dryRun: false, fieldManager: manager, fieldValidation: 'Ignore', force: undefined},
    userInfo: {username: `system:${manager}`, groups: ['system:authenticated']},
    admission: undefined,
    warn: () => undefined,
  };
}
