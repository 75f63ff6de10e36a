import type {JsonObject} from '../../schema/json.ts';
import {noRepresentation, notAcceptable, notFound} from '../api-error.ts';
import {storageKey} from '../object-meta.ts';
import {parseListOptions, parseWatchOptions} from '../read/list-options.ts';
import {listPage} from '../read/list.ts';
import type {ListPage} from '../read/list.ts';
import {presenterOf} from '../read/presenter.ts';
import type {Presenter} from '../read/presenter.ts';
import {parseSelection} from '../read/selection.ts';
import {versionReached} from '../read/version-wait.ts';
import type {ResourceType} from '../resource-type.ts';
import {negotiate} from './accept.ts';
import type {Accepted} from './accept.ts';
import {answerBody} from './answer.ts';
import type {Exchange} from './answer.ts';
import type {ResourceContext, ResourceTarget} from './resource-target.ts';
import {openWatch} from './watch-answer.ts';

export const SERVED = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const SERVED_WATCH = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];

export interface View {
  readonly accepted: Accepted;
  readonly presenter: Presenter;
}

/** @throws ApiError 406 */
export function viewOf(exchange: Exchange, context: ResourceContext, target: ResourceTarget): View {
  const accepted = negotiate(exchange.request.headers.accept);
  if (accepted === undefined)
    throw target.type.custom ? notAcceptable(SERVED) : noRepresentation([...SERVED, ...SERVED_WATCH]);
  return {accepted, presenter: presenter(target.type, accepted, context, target)};
}

function presenter(
  type: ResourceType,
  accepted: Accepted,
  context: ResourceContext,
  target: ResourceTarget,
): Presenter {
  const {presentation} = accepted;
  return presenterOf(type, {
    presentation,
    includeObject: target.info.query.get('includeObject'),
    nowMs: context.write.nowMs,
  });
}

export function answerGet(exchange: Exchange, context: ResourceContext, target: ResourceTarget): void {
  const view = viewOf(exchange, context, target);
  const object = readObject(context, target);
  answerBody(exchange, 200, view.presenter.object(object), {encoding: view.accepted.encoding});
}

/** @throws ApiError 404 */
export function readObject(context: ResourceContext, target: ResourceTarget): JsonObject {
  const {type, namespace, name = ''} = target;
  const stored = context.write.storage.get(type.storageKey, storageKey(namespace, name));
  if (stored === undefined) throw notFound(type, name);
  return context.write.conversion.show(stored, type);
}

export async function answerList(exchange: Exchange, context: ResourceContext, target: ResourceTarget): Promise<void> {
  const view = viewOf(exchange, context, target);
  const {query} = target.info;
  const selection = parseSelection(target.type, target.namespace, query);
  const options = parseListOptions(query);
  await versionReached(context.write.storage, options, exchange.response);
  const page = listPage(context.write, selection, options);
  const shown: ListPage = target.faults.emptyList
    ? {...page, items: [], continueToken: undefined, remaining: undefined}
    : page;
  answerBody(exchange, 200, view.presenter.list(shown), {encoding: view.accepted.encoding});
}

export async function answerWatch(exchange: Exchange, context: ResourceContext, target: ResourceTarget): Promise<void> {
  const view = viewOf(exchange, context, target);
  if (view.accepted.encoding !== 'json') throw notAcceptable(SERVED_WATCH);
  const {query} = target.info;
  const options = parseWatchOptions(query);
  const selection = parseSelection(target.type, target.namespace, query);
  if (options.initialEvents) {
    const {resourceVersion} = options;
    await versionReached(
      context.write.storage,
      resourceVersion === undefined ? {} : {resourceVersion},
      exchange.response,
    );
  }
  openWatch(exchange, context, {target, presenter: view.presenter, selection, options});
}
