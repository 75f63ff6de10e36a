import {matchesSelector} from '../../../clusterset/selectors.ts';
import type {InternalApi} from '../../apiserver/internal-api.ts';
import type {ResourceType} from '../../apiserver/resource-type.ts';
import {apiVersionOfType} from '../../apiserver/resource-type.ts';
import {labelsOf, nameOf, textIn} from '../../builtin/read-json.ts';
import {isObject} from '../../schema/json.ts';
import type {JsonObject} from '../../schema/json.ts';
import {inVersion} from '../admission-review.ts';
import type {ParamKind} from './compiled-policy.ts';

/** A policy or binding that can't be carried out as it is. */
export interface Misconfigured {
  readonly error: string;
}

/** The served type of a `paramKind`. */
export function paramType(api: InternalApi, {apiVersion, kind}: ParamKind): ResourceType | Misconfigured {
  const found = api.types().find((type) => type.kind === kind && apiVersionOfType(type) === apiVersion);
  if (found !== undefined) return found;
  // Go prints the group of the core, which is empty, with its slash.
  const shown = `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
  return {error: `failed to find resource referenced by paramKind: '${shown}'`};
}

/**
 * The objects that a binding evaluates its policy with, one after another; null stands for none where none is asked for.
 *
 * @param namespace - of the request; empty for a cluster-scoped object
 */
export function collectParams(
  api: InternalApi,
  {type, paramRef}: {readonly type: ResourceType | undefined; readonly paramRef: JsonObject | undefined},
  namespace: string,
): readonly (JsonObject | null)[] | Misconfigured {
  if (type === undefined || paramRef === undefined) return [null];
  const asked = textIn(paramRef, 'namespace');
  if (asked !== '' && !type.namespaced) {
    return {error: 'paramRef.namespace must not be provided for a cluster-scoped `paramKind`'};
  }
  const home = type.namespaced ? asked || namespace : undefined;
  if (home === '') {
    return {error: 'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources'};
  }
  const found = find(api, {type, paramRef}, home);
  if (found.length === 0 && textIn(paramRef, 'parameterNotFoundAction') === 'Deny') {
    return {error: 'no params found for policy binding with `Deny` parameterNotFoundAction'};
  }
  return found;
}

function find(
  api: InternalApi,
  {type, paramRef}: {type: ResourceType; paramRef: JsonObject},
  namespace: string | undefined,
): readonly JsonObject[] {
  const ref = {group: type.group, plural: type.plural};
  const versions = api.types().filter(({storageKey}) => storageKey === type.storageKey);
  const storage = versions.find(({version, storageVersion}) => version === storageVersion) ?? type;
  const shown = (one: JsonObject): JsonObject => inVersion(one, storage, type) ?? one;
  const name = textIn(paramRef, 'name');
  if (name !== '') {
    const param = api.get(ref, namespace, name);
    return param === undefined ? [] : [shown(param)];
  }
  const {selector} = paramRef;
  if (!isObject(selector)) return [];
  const selected = api.list(ref, namespace).filter((one) => matchesSelector(selector, labelsOf(one)));
  return selected.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)).map(shown);
}
