import {badRequest, methodNotAllowed, noSuchResource} from '../api-error.ts';
import type {UserInfo} from '../../authentication/user-info.ts';
import type {ResourceType} from '../resource-type.ts';
import {answerNoPage} from './answer.ts';
import type {Exchange} from './answer.ts';
import {answerForKubelet, isOfKubelet} from './kubelet-subresources.ts';
import type {PendingFaults} from './request-faults.ts';
import type {RequestInfo, ResourceRequest} from './request-info.ts';
import {answerGet, answerList, answerWatch} from './resource-reads.ts';
import {answerReview} from './review-answer.ts';
import type {ResourceContext, ResourceTarget} from './resource-target.ts';
import {answerCreate, answerDelete, answerDeleteCollection, answerPatch, answerUpdate} from './resource-writes.ts';

export interface ResourceCall {
  readonly info: RequestInfo;
  readonly resource: ResourceRequest;
  readonly user: UserInfo;
  readonly faults: PendingFaults;
}

/**
 * Finds the type that a request is about and lets it be answered.
 *
 * @throws ApiError
 */
export async function answerResource(exchange: Exchange, context: ResourceContext, call: ResourceCall): Promise<void> {
  const {resource} = call;
  const type = context.write.registry.find(resource.group, resource.version, resource.plural);
  if (type === undefined) {
    // Under /apis nobody is in charge of an unknown type, and a plain page says so (apiserver-errors.md §2.3).
    if (resource.group === '' && resource.version === 'v1') throw noSuchResource();
    return answerNoPage(exchange);
  }
  if (type.deprecationWarning !== undefined) exchange.warnings.push(type.deprecationWarning);
  checkTimeout(call.info);
  const reviewer = context.reviewers.get(reviewKey(type, resource));
  if (reviewer !== undefined) return answerReview(exchange, context, {...call, type, reviewer});
  const {subresource} = resource;
  if (isOfKubelet(type, subresource)) {
    const target = targetOf(type, {...call, resource: {...resource, subresource: undefined}});
    return answerForKubelet(exchange, context, {target, subresource});
  }
  const target = targetOf(type, call);
  const {verb} = call.info;
  switch (verb) {
    case 'get':
      return answerGet(exchange, context, target);
    case 'list':
      return answerList(exchange, context, target);
    case 'watch':
      return answerWatch(exchange, context, target);
    case 'create':
      if (target.name !== undefined || (type.namespaced && target.namespace === undefined)) throw methodNotAllowed();
      return answerCreate(exchange, context, target);
    case 'update':
    case 'patch':
      if (target.name === undefined) throw methodNotAllowed();
      return verb === 'update' ? answerUpdate(exchange, context, target) : answerPatch(exchange, context, target);
    case 'delete':
    case 'deletecollection':
      if (target.subresource !== undefined) throw methodNotAllowed();
      return verb === 'delete'
        ? answerDelete(exchange, context, target)
        : answerDeleteCollection(exchange, context, target);
    case 'other':
      throw methodNotAllowed();
  }
}

/** A review is a resource of its own, or a subresource. */
function reviewKey({storageKey}: ResourceType, {subresource}: ResourceRequest): string {
  return subresource === undefined ? storageKey : `${storageKey}/${subresource}`;
}

function targetOf(type: ResourceType, call: ResourceCall): ResourceTarget {
  const {namespace, name, subresource} = call.resource;
  const {info, user, faults} = call;
  // A namespaced object has no path without its namespace, a cluster-scoped one none with.
  if (type.namespaced ? namespace === undefined && name !== undefined : namespace !== undefined) throw noSuchResource();
  const target: ResourceTarget = {info, type, namespace, name, user, faults, subresource: undefined};
  if (subresource === undefined) return target;
  if (subresource === 'status' && type.hasStatus) return {...target, subresource};
  if (subresource === 'finalize' && type.storageKey === 'namespaces') {
    if (info.verb !== 'update') throw methodNotAllowed();
    return {...target, subresource};
  }
  throw noSuchResource();
}

/** `timeout` has no effect where every answer is immediate, but a wrong one is refused as a real server does. */
function checkTimeout(info: RequestInfo): void {
  const text = info.query.get('timeout');
  if (text === null || text === '' || /^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$|^0$/.test(text)) return;
  throw badRequest(`invalid timeout specified in the request URL - time: invalid duration ${JSON.stringify(text)}`);
}
