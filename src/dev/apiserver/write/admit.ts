import {jsonEquals} from '../../schema/json.ts';
import {applyDefaults} from '../../schema/defaults.ts';
import type {JsonObject} from '../../schema/json.ts';
import {prune} from '../../schema/prune.ts';
import {internal} from '../api-error.ts';
import {metaOf} from '../object-meta.ts';
import {decodeAsGo} from './go-decoding.ts';
import {admissionInput} from './write-call.ts';
import type {WriteCall} from './write-call.ts';

interface Reviewed {
  readonly object: JsonObject;
  readonly old: JsonObject | undefined;
}

/**
 * The mutating webhooks' turn. What they add is owned by no field manager, and unknown fields of theirs are dropped (§5.2).
 *
 * @returns the same object where nothing was changed
 * @throws ApiError of a refusal, or of a webhook that failed
 */
export async function mutated(call: WriteCall, reviewed: Reviewed): Promise<JsonObject> {
  if (call.admission === undefined) return reviewed.object;
  const answer = await call.admission.mutate(input(call, reviewed), call.warn);
  if (answer === null || jsonEquals(answer, reviewed.object)) return reviewed.object;
  const {type} = call;
  const pruned = prune(type.schema, answer).object;
  if (type.custom) return applyDefaults(type.schema, pruned);
  const decoded = decodeAsGo(type, pruned);
  if (decoded.error !== undefined) throw internal(decoded.error);
  return applyDefaults(type.schema, decoded.object);
}

/** The validating webhooks' turn. */
export async function validated(call: WriteCall, reviewed: Reviewed): Promise<void> {
  await call.admission?.validate(input(call, reviewed), call.warn);
}

function input(
  call: WriteCall,
  {object, old}: Reviewed,
): Parameters<NonNullable<WriteCall['admission']>['validate']>[0] {
  const name = metaOf(object).name;
  return admissionInput(call, old === undefined ? 'CREATE' : 'UPDATE', {
    ...(name === undefined ? {} : {name}),
    object,
    oldObject: old ?? null,
  });
}
