import {authorizerValue, resourceCheckValue} from '../../cel/library/authorizer.ts';
import type {Authorize} from '../../cel/library/authorizer.ts';
import {lazy} from '../../cel/binding.ts';
import {inVersion, toAdmissionReview} from '../admission/admission-review.ts';
import type {AdmissionInput} from '../admission/admit.ts';
import type {ResourceType} from '../apiserver/resource-type.ts';
import type {Authorizer} from '../authorization/authorizer.ts';
import {metadataOf, objectIn, textIn, textsIn} from '../builtin/read-json.ts';
import {isObject} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';

/** What the variables of an expression are, by their names. */
export type Variables = Readonly<Record<string, unknown>>;

export interface RequestView {
  readonly input: AdmissionInput;
  /** The version that the objects are shown in. */
  readonly shown: ResourceType;
  /** Null: not shown, or the request is about none. */
  readonly namespace: JsonObject | null;
  readonly authorizer: Authorizer;
}

/** The variables of expressions about a request. Whatever is large or costs is made when it is first read. */
export function requestVariables({input, shown, namespace, authorizer}: RequestView): Variables {
  const {type, subresource = '', namespace: at = '', name = ''} = input;
  const user = {name: textIn(input.userInfo, 'username'), groups: textsIn(input.userInfo, 'groups')};
  const authorize = authorizeBy(authorizer);
  const resource = {group: type.group, resource: type.plural, subresource, namespace: at, name};
  return {
    'object': inVersion(input.object, type, shown),
    'oldObject': inVersion(input.oldObject, type, shown),
    'namespaceObject': namespace === null ? null : withoutPlumbing(namespace),
    'request': lazy(() => objectIn(toAdmissionReview(input, shown, ''), 'request')),
    'authorizer': authorizerValue(authorize, user),
    'authorizer.requestResource': resourceCheckValue(authorize, user, resource),
  };
}

function authorizeBy(authorizer: Authorizer): Authorize {
  return ({user, verb, ...question}) => {
    const who = {username: user.name, uid: '', groups: user.groups};
    const {path} = question;
    const asked = path === undefined ? {resource: question, path: ''} : {resource: undefined, path};
    const {allowed, reason} = authorizer.authorize({user: who, verb, ...asked});
    return {decision: allowed ? 'Allow' : 'NoOpinion', reason};
  };
}

function withoutPlumbing(namespace: JsonObject): JsonObject {
  const {managedFields: _, ownerReferences: __, ...metadata} = metadataOf(namespace);
  return {...namespace, metadata};
}

/** How refusals by admission name an object that may not have its name yet. */
export function admittedName({name, object}: AdmissionInput): string {
  if (name !== undefined && name !== '') return name;
  const metadata = isObject(object) ? metadataOf(object) : {};
  return textIn(metadata, 'name') || textIn(metadata, 'generateName') || 'Unknown';
}
