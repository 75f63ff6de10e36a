import type {KubeObject} from '../api/meta.ts';
import {apiVersionOf} from '../api/resources.ts';
import type {Resource} from '../api/resources.ts';
import {badAnswer} from './status-error.ts';
import {isKubeObject} from './watch-stream.ts';

/** All objects as of one resourceVersion. */
export interface ObjectList<T> {
  items: T[];
  resourceVersion: string;
}

export interface ListPage<T> extends Readonly<ObjectList<T>> {
  /** Absent on the last page. */
  readonly continue?: string;
}

/**
 * One page of a list. Core items come without `apiVersion` and `kind`; they are filled in.
 *
 * Strict on purpose: an answer that is not a whole list of objects must never be taken for "there is nothing". Throws
 * ISTHMUS_KUBE_BAD_ANSWER.
 */
export function parseListPage<T extends KubeObject>(body: unknown, r: Resource, request: string): ListPage<T> {
  if (typeof body !== 'object' || body === null) throw badAnswer(request, 'the answer is not a list');
  const {kind, metadata, items} = body as Record<string, unknown>;
  if (typeof kind !== 'string' || !kind.endsWith('List')) throw badAnswer(request, 'the answer is not a list');
  // Go writes an empty slice as null; a list without the field was cut.
  if (items !== null && !Array.isArray(items)) throw badAnswer(request, 'the list has no items');
  const {resourceVersion, continue: token} = (metadata ?? {}) as Record<string, unknown>;
  if (typeof resourceVersion !== 'string' || resourceVersion === '') {
    throw badAnswer(request, 'the list has no resourceVersion');
  }
  const typed = {apiVersion: apiVersionOf(r), kind: r.kind};
  const objects = (items ?? []).map((item: unknown) => {
    if (!isKubeObject(item)) throw badAnswer(request, 'an item of the list has no name');
    return {...typed, ...item} as unknown as T;
  });
  const more = typeof token === 'string' && token !== '' ? {continue: token} : {};
  return {items: objects, resourceVersion, ...more};
}
