import type {Reviewer} from '../../reviews/reviewer.ts';
import {isObject} from '../../schema/json.ts';
import type {JsonObject} from '../../schema/json.ts';
import {methodNotAllowed, noSuchResource, notAcceptable} from '../api-error.ts';
import {metaOf, withField, withMeta} from '../object-meta.ts';
import type {ResourceType} from '../resource-type.ts';
import {decodeObject} from '../write/decode-object.ts';
import {ownedByWriter} from '../write/field-ownership.ts';
import {placeObject} from '../write/name-check.ts';
import {acceptKnownFields} from '../write/unknown-fields.ts';
import {admissionInput} from '../write/write-call.ts';
import type {WriteCall} from '../write/write-call.ts';
import {parseWriteOptions} from '../write/write-options.ts';
import {answerBody} from './answer.ts';
import type {Exchange} from './answer.ts';
import {readBody} from './read-body.ts';
import {SERVED, viewOf} from './resource-reads.ts';
import type {ResourceCall} from './resource-routes.ts';
import type {ResourceContext, ResourceTarget} from './resource-target.ts';
import {callOf} from './resource-writes.ts';

export interface ReviewCall extends ResourceCall {
  /** Of the resource in the path; the body is of the reviewer's. */
  readonly type: ResourceType;
  readonly reviewer: Reviewer;
}

/**
 * A create that is answered and not stored: decoded, reviewed by webhooks and written down like any other, then answered.
 *
 * @throws ApiError
 */
export async function answerReview(exchange: Exchange, context: ResourceContext, review: ReviewCall): Promise<void> {
  const {info, resource, type, reviewer, user, faults} = review;
  const {namespace, name, subresource} = resource;
  if (type.namespaced ? namespace === undefined : namespace !== undefined) throw noSuchResource();
  if (subresource === undefined && name !== undefined) throw noSuchResource();
  if (info.method !== 'POST') throw methodNotAllowed();
  const target: ResourceTarget = {info, type: reviewer.type, namespace, name, user, faults, subresource: undefined};
  const view = viewOf(exchange, context, target);
  if (view.accepted.presentation === 'Table') throw notAcceptable(SERVED);
  const options = parseWriteOptions(info.query, 'CreateOptions');
  const body = await readBody(exchange.request);
  const call = {...callOf(exchange, context, target, {verb: 'create', options}), name: undefined};
  const known = acceptKnownFields(call, decodeObject(body, reviewer.type));
  // A status is what the answer is to say, not the request.
  const given = withField(placeObject(call, known), 'status', undefined);
  const object = ownedBySender(context, call, given, subresource);
  const input = (reviewed: JsonObject) => ({
    ...admissionInput(call, 'CREATE', {...(name === undefined ? {} : {name}), object: reviewed, oldObject: null}),
    type,
    ...(subresource === undefined ? {} : {subresource, objectKind: reviewer.type}),
  });
  const mutated = (await call.admission?.mutate(input(object), call.warn)) ?? object;
  const answer = await reviewer.answer(mutated, {
    user,
    namespace,
    name,
    warn: call.warn,
    admit: async (reviewed) => call.admission?.validate(input(reviewed), call.warn),
  });
  answerBody(exchange, 201, view.presenter.object(answer), {encoding: view.accepted.encoding});
}

function ownedBySender(
  context: ResourceContext,
  call: WriteCall,
  given: JsonObject,
  subresource: string | undefined,
): JsonObject {
  const owned = ownedByWriter(context.write, call, {before: undefined, given, prepared: given});
  if (subresource === undefined) return owned;
  return withSubresource(owned, subresource);
}

function withSubresource(object: JsonObject, subresource: string): JsonObject {
  const {managedFields = []} = metaOf(object);
  return withMeta(object, {
    managedFields: managedFields.map((entry) => (isObject(entry) ? {...entry, subresource} : entry)),
  });
}
