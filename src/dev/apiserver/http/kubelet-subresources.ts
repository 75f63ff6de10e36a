import {badRequest, failure} from '../api-error.ts';
import {isObject, listAt, objectAt, stringAt} from '../../schema/json.ts';
import type {JsonObject} from '../../schema/json.ts';
import type {ResourceType} from '../resource-type.ts';
import type {Exchange} from './answer.ts';
import {setCommonHeaders} from './answer.ts';
import {readObject} from './resource-reads.ts';
import type {ResourceContext, ResourceTarget} from './resource-target.ts';

const OF_A_NODE = ['log', 'exec', 'attach', 'portforward'];

/** Whether this is what a kube-apiserver asks the node of a pod for. */
export function isOfKubelet(type: ResourceType, subresource: string | undefined): subresource is string {
  return type.storageKey === 'pods' && subresource !== undefined && OF_A_NODE.includes(subresource);
}

/**
 * There is no kubelet: up to the node the answers are those of a kube-apiserver, and what a node would answer is refused with a
 * sentence that kubectl prints (apiserver.md §1.1).
 *
 * @throws ApiError 404 without the pod, 400 for all else but the log of a pod that no node has
 */
export function answerForKubelet(
  exchange: Exchange,
  context: ResourceContext,
  {target, subresource}: {target: ResourceTarget; subresource: string},
): void {
  const pod = readObject(context, target);
  const name = target.name ?? '';
  const container = target.info.query.get('container') ?? '';
  if (container !== '' && !containersOf(pod).includes(container)) {
    throw badRequest(`container ${container} is not valid for pod ${name}`);
  }
  const isPlaced = (stringAt(objectAt(pod, 'spec'), 'nodeName') ?? '') !== '';
  const at = `${target.namespace ?? ''}/${name}`;
  if (subresource === 'log') {
    if (isPlaced) throw badRequest(`no logs found for container "${container}" in pod "${at}"`);
    setCommonHeaders(exchange);
    exchange.response.writeHead(204).end();
    return;
  }
  if (!isPlaced) throw badRequest(`pod ${name} does not have a host assigned`);
  const message = `pods of an embedded cluster do not run: ${subresource} is not possible for pod "${at}"`;
  throw failure({code: 400, reason: 'BadRequest', message});
}

function containersOf(pod: JsonObject): readonly string[] {
  const spec = objectAt(pod, 'spec');
  return ['containers', 'initContainers', 'ephemeralContainers']
    .flatMap((key) => listAt(spec, key))
    .flatMap((container) => (isObject(container) ? [stringAt(container, 'name') ?? ''] : []));
}
