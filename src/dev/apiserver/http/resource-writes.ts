import {userInfoObject} from '../../authentication/user-info.ts';
import {attributesOf} from '../../authorization/attributes.ts';
import {writePermissions} from '../../authorization/write-permissions.ts';
import type {JsonObject} from '../../schema/json.ts';
import {ApiError} from '../api-error.ts';
import {metaOf} from '../object-meta.ts';
import {parseListOptions} from '../read/list-options.ts';
import {listPage} from '../read/list.ts';
import {versionReached} from '../read/version-wait.ts';
import {parseSelection} from '../read/selection.ts';
import {applyObject} from '../write/apply-object.ts';
import {decodeBody} from '../write/decode-object.ts';
import type {RequestBody} from '../write/decode-object.ts';
import {deleteObject} from '../write/delete-object.ts';
import type {Deletion} from '../write/delete-object.ts';
import {parseDeleteOptions} from '../write/delete-options.ts';
import type {DeleteOptions} from '../write/delete-options.ts';
import {patchObject} from '../write/patch-object.ts';
import {postObject} from '../write/post-object.ts';
import {putObject} from '../write/put-object.ts';
import {countedRequest} from '../write/write-call.ts';
import type {WriteCall, WriteVerb} from '../write/write-call.ts';
import {parseWriteOptions} from '../write/write-options.ts';
import type {WriteOptions} from '../write/write-options.ts';
import {answerBody} from './answer.ts';
import type {Exchange} from './answer.ts';
import {readBody} from './read-body.ts';
import {viewOf} from './resource-reads.ts';
import type {View} from './resource-reads.ts';
import type {ResourceContext, ResourceTarget} from './resource-target.ts';

const APPLY = 'application/apply-patch+yaml';

export async function answerCreate(
  exchange: Exchange,
  context: ResourceContext,
  target: ResourceTarget,
): Promise<void> {
  const {view, call, body} = await begin(exchange, context, target, 'create');
  const object = await countedRequest(context.write, call, {
    run: () => postObject(context.write, call, body),
    nameOf: (created) => metaOf(created).name,
  });
  answerBody(exchange, 201, view.presenter.object(object), {encoding: view.accepted.encoding});
}

export async function answerUpdate(
  exchange: Exchange,
  context: ResourceContext,
  target: ResourceTarget,
): Promise<void> {
  const {view, call, body} = await begin(exchange, context, target, 'update');
  const object = await countedRequest(context.write, call, {run: () => putObject(context.write, call, body)});
  answerBody(exchange, 200, view.presenter.object(object), {encoding: view.accepted.encoding});
}

const OPTIONS_KINDS = {create: 'CreateOptions', update: 'UpdateOptions'} as const;

/** A write that brings a whole object. What is wrong with the request itself is said before its body is read. */
async function begin(
  exchange: Exchange,
  context: ResourceContext,
  target: ResourceTarget,
  verb: 'create' | 'update',
): Promise<{view: View; call: WriteCall; body: RequestBody}> {
  const view = viewOf(exchange, context, target);
  const options = parseWriteOptions(target.info.query, OPTIONS_KINDS[verb]);
  const body = await readBody(exchange.request);
  return {view, body, call: callOf(exchange, context, target, {verb, options})};
}

export async function answerPatch(exchange: Exchange, context: ResourceContext, target: ResourceTarget): Promise<void> {
  const view = viewOf(exchange, context, target);
  const body = await readBody(exchange.request);
  const apply = body.contentType === APPLY;
  const options = parseWriteOptions(target.info.query, 'PatchOptions', apply);
  const call = callOf(exchange, context, target, {verb: apply ? 'apply' : 'patch', options});
  const {object, created} = await countedRequest(context.write, call, {
    run: async () =>
      apply
        ? await applyObject(context.write, call, body)
        : {object: await patchObject(context.write, call, body), created: false},
  });
  answerBody(exchange, created ? 201 : 200, view.presenter.object(object), {encoding: view.accepted.encoding});
}

export async function answerDelete(
  exchange: Exchange,
  context: ResourceContext,
  target: ResourceTarget,
): Promise<void> {
  const view = viewOf(exchange, context, target);
  const options = await deleteOptions(exchange, target);
  const call = deleteCall(exchange, context, target, options);
  const deletion = await countedRequest(context.write, call, {run: () => deleteObject(context.write, call, options)});
  const {encoding} = view.accepted;
  // Only who asks in the old words that dependents go is told that this is not the end yet.
  const code = !deletion.gone && options.orphanDependents === false ? 202 : 200;
  if (deletion.gone && target.type.strategy.answersDeleteWithObject !== true) {
    answerBody(exchange, 200, successStatus(target, deletion), {encoding});
  } else {
    answerBody(exchange, code, view.presenter.object(deletion.object), {encoding});
  }
}

export async function answerDeleteCollection(
  exchange: Exchange,
  context: ResourceContext,
  target: ResourceTarget,
): Promise<void> {
  const view = viewOf(exchange, context, target);
  const {query} = target.info;
  const listed = parseListOptions(query);
  const options = await deleteOptions(exchange, target);
  const selection = parseSelection(target.type, target.namespace, query);
  await versionReached(context.write.storage, listed, exchange.response);
  const page = listPage(context.write, selection, listed);
  for (const item of page.items) {
    const {namespace, name} = metaOf(item);
    const call = {...deleteCall(exchange, context, target, options), namespace, name};
    await countedRequest(context.write, call, {
      run: () => deleteObject(context.write, call, {...options, unnamed: true}).catch(ignoreMissing),
    });
  }
  // The objects as they were listed: what became of each is not told.
  answerBody(exchange, 200, view.presenter.list(page), {encoding: view.accepted.encoding});
}

/** Somebody else deleted it while this collection was being deleted: that is what was asked for. */
function ignoreMissing(error: unknown): undefined {
  if (error instanceof ApiError && error.code === 404) return undefined;
  throw error;
}

async function deleteOptions(exchange: Exchange, target: ResourceTarget): Promise<DeleteOptions> {
  const body = await readBody(exchange.request);
  return parseDeleteOptions(target.info.query, body.bytes.length === 0 ? undefined : decodeBody(body, undefined).value);
}

function successStatus(target: ResourceTarget, deletion: Deletion): JsonObject {
  const {group, plural} = target.type;
  const {name, uid} = metaOf(deletion.object);
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {name, ...(group === '' ? {} : {group}), kind: plural, uid},
  };
}

function deleteCall(
  exchange: Exchange,
  context: ResourceContext,
  target: ResourceTarget,
  options: DeleteOptions,
): WriteCall {
  const {dryRun} = options;
  const write: WriteOptions = {dryRun, fieldManager: undefined, fieldValidation: undefined, force: undefined};
  return callOf(exchange, context, target, {verb: 'delete', options: write});
}

export function callOf(
  exchange: Exchange,
  context: ResourceContext,
  target: ResourceTarget,
  write: {readonly verb: WriteVerb; readonly options: WriteOptions},
): WriteCall {
  const {type, namespace, name, subresource, user} = target;
  return {
    type,
    namespace,
    name,
    subresource,
    verb: write.verb,
    manager: write.options.fieldManager ?? clientName(exchange.request.headers['user-agent'] ?? ''),
    options: write.options,
    userInfo: userInfoObject(user),
    admission: context.admission,
    permissions: writePermissions(context.authorizer, attributesOf(target.info, user)),
    warn: (text) => exchange.warnings.push(text),
  };
}

/** The field manager of a request that names none: the User-Agent up to the first slash (apiserver.md §4.1). */
function clientName(userAgent: string): string {
  const name = userAgent.split('/')[0] ?? '';
  return name === '' ? 'unknown' : name;
}
