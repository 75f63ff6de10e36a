import {toKubeTime} from '../../api/meta.ts';
import {badRequest, invalid, notFound, preconditionFailed} from '../apiserver/api-error.ts';
import type {InternalApi} from '../apiserver/internal-api.ts';
import {metaOf, withMeta} from '../apiserver/object-meta.ts';
import {ISSUER} from '../authentication/account-tokens.ts';
import type {AccountTokens, BoundObject} from '../authentication/account-tokens.ts';
import {invalidValue} from '../builtin/field-errors.ts';
import {nameOf, numberIn, objectIn, textIn, textsIn, uidOf} from '../builtin/read-json.ts';
import {isObject} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import {tokenRequests} from './review-types.ts';
import type {Reviewer, ReviewRequest} from './reviewer.ts';

const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;
/** What kubelets ask for pods with an ordinary token volume: such a token lives a year and only counts as stale after this. */
const POD_SECONDS = 3607;
const YEAR_S = 365 * 24 * 3600;
const ACCOUNTS = {group: '', plural: 'serviceaccounts', kind: 'ServiceAccount'};
const PODS = {group: '', plural: 'pods', kind: 'Pod'};
const SECRETS = {group: '', plural: 'secrets', kind: 'Secret'};
const NODES = {group: '', plural: 'nodes', kind: 'Node'};

/** `kubectl create token`, and what kubelets do for pods: a token of a ServiceAccount (apiserver.md §7). */
export function tokenRequester(api: InternalApi, tokens: AccountTokens, nowMs: () => number): Reviewer {
  return {
    type: tokenRequests,
    answer: async (given, request) => {
      const account = accountOf(api, given, request);
      const now = nowMs();
      const asked = completed(given, account, now);
      refuseExpiration(asked);
      await request.admit(asked);
      const spec = objectIn(asked, 'spec');
      const audiences = textsIn(spec, 'audiences');
      const seconds = numberIn(spec, 'expirationSeconds') ?? 0;
      const bound = boundObject(api, account, spec['boundObjectRef']);
      const long = bound?.kind === 'pod' && seconds === POD_SECONDS && audiences.every((one) => one === ISSUER);
      const terms = long ? {expirationSeconds: YEAR_S, warnAfterSeconds: seconds} : {expirationSeconds: seconds};
      return {
        ...asked,
        status: {
          token: tokens.issue(account, {audiences, bound, ...terms}),
          expirationTimestamp: toKubeTime(now + seconds * 1000),
        },
      };
    },
  };
}

/** @throws ApiError 404, 409 for another uid, 422 for another name */
function accountOf(api: InternalApi, given: JsonObject, {namespace, name = ''}: ReviewRequest): JsonObject {
  const meta = metaOf(given);
  if (meta.name !== undefined && meta.name !== '' && meta.name !== name) {
    const why = 'must match the service account name if specified';
    throw invalid(tokenRequests, name, [invalidValue('metadata.name', meta.name, why)]);
  }
  const account = api.get(ACCOUNTS, namespace, name);
  if (account === undefined) throw notFound(ACCOUNTS, name);
  const {uid = ''} = meta;
  if (uid === '' || uid === uidOf(account)) return account;
  const why = `the UID in the token request (${uid}) does not match the UID of the service account (${uidOf(account)})`;
  throw preconditionFailed(tokenRequests, name, why);
}

function completed(given: JsonObject, account: JsonObject, nowMs: number): JsonObject {
  const {name, namespace, uid} = metaOf(account);
  const {managedFields} = metaOf(given);
  const spec = objectIn(given, 'spec');
  const audiences = textsIn(spec, 'audiences');
  const whole = {
    ...given,
    metadata: {},
    spec: {
      audiences: audiences.length === 0 ? [ISSUER] : audiences,
      expirationSeconds: numberIn(spec, 'expirationSeconds'),
      boundObjectRef: spec['boundObjectRef'] ?? null,
    },
  };
  return withMeta(whole, {
    name,
    namespace,
    uid,
    creationTimestamp: toKubeTime(nowMs),
    managedFields: withoutReference(managedFields),
  });
}

/** The reference is always there, if only as null: what is in it has owners, it has not. */
function withoutReference(managers: readonly unknown[] = []): readonly unknown[] {
  return managers.map((entry) => {
    if (!isObject(entry)) return entry;
    const fields = objectIn(entry, 'fieldsV1');
    const spec = objectIn(fields, 'f:spec');
    const reference = spec['f:boundObjectRef'];
    if (!isObject(reference)) return entry;
    const {'.': _itself, ...inside} = reference;
    return {...entry, fieldsV1: {...fields, 'f:spec': {...spec, 'f:boundObjectRef': inside}}};
  });
}

function refuseExpiration(asked: JsonObject): void {
  const seconds = numberIn(objectIn(asked, 'spec'), 'expirationSeconds') ?? 0;
  const wrong = (why: string): FieldError => invalidValue('spec.expirationSeconds', seconds, why);
  if (seconds < MIN_SECONDS) {
    throw invalid(tokenRequests, '', [wrong('may not specify a duration less than 10 minutes')]);
  }
  if (seconds > MAX_SECONDS) {
    throw invalid(tokenRequests, '', [wrong('may not specify a duration larger than 2^32 seconds')]);
  }
}

/** @throws ApiError 400 for what a token cannot be bound to, 404, 409 for another uid */
function boundObject(api: InternalApi, account: JsonObject, ref: unknown): BoundObject | undefined {
  if (!isObject(ref)) return undefined;
  const {namespace} = metaOf(account);
  const name = textIn(ref, 'name');
  switch (`${textIn(ref, 'apiVersion')}/${textIn(ref, 'kind')}`) {
    case 'v1/Pod': {
      const pod = find(api, PODS, namespace, name);
      if (textIn(objectIn(pod, 'spec'), 'serviceAccountName') !== nameOf(account)) {
        const shown = JSON.stringify(nameOf(account));
        throw badRequest(
          `cannot bind token for serviceaccount ${shown} to pod running with different serviceaccount name.`,
        );
      }
      return checkUid(PODS, ref, {kind: 'pod', object: pod, ...nodeOf(api, pod)});
    }
    case 'v1/Node':
      return checkUid(NODES, ref, {kind: 'node', object: find(api, NODES, undefined, name)});
    case 'v1/Secret':
      return checkUid(SECRETS, ref, {kind: 'secret', object: find(api, SECRETS, namespace, name)});
    default:
      throw badRequest(`cannot bind token to object of type ${shownType(ref)}`);
  }
}

function find(api: InternalApi, type: typeof PODS, namespace: string | undefined, name: string): JsonObject {
  const object = api.get(type, namespace, name);
  if (object === undefined) throw notFound(type, name);
  return object;
}

function checkUid(type: typeof PODS, ref: JsonObject, bound: BoundObject): BoundObject {
  const uid = textIn(ref, 'uid');
  if (uid === '' || uid === uidOf(bound.object)) return bound;
  const why = `the UID in the bound object reference (${uid}) does not match the UID in record.`;
  throw preconditionFailed(type, textIn(ref, 'name'), `${why} The object might have been deleted and then recreated`);
}

function nodeOf(api: InternalApi, pod: JsonObject): Pick<BoundObject, 'node'> {
  const name = textIn(objectIn(pod, 'spec'), 'nodeName');
  if (name === '') return {};
  const node = api.get(NODES, undefined, name);
  return {node: {name, uid: node === undefined ? undefined : uidOf(node)}};
}

/** `schema.GroupVersionKind` as Go prints it: `/v1, Kind=ConfigMap`. */
function shownType(ref: JsonObject): string {
  const apiVersion = textIn(ref, 'apiVersion');
  const shown = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
  return `${shown}, Kind=${textIn(ref, 'kind')}`;
}
