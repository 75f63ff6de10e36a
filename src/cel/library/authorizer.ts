import {Fault, Opaque} from '../values.ts';
import type {Library, Overload} from '../signature.ts';
import type {CelType} from '../types.ts';
import {NAME_FORMATS} from './name-formats.ts';
import type {Result} from '../values.ts';
import {opaqueType} from '../types.ts';
import {overload} from '../signature.ts';

type OpaqueType = Extract<CelType, {kind: 'opaque'}>;

/** The type of the variable `authorizer`. */
export const AUTHORIZER = opaqueType('kubernetes.authorization.Authorizer') as OpaqueType;
/** The type of the variable `authorizer.requestResource`. */
export const RESOURCE_CHECK = opaqueType('kubernetes.authorization.ResourceCheck') as OpaqueType;
const PATH_CHECK = opaqueType('kubernetes.authorization.PathCheck') as OpaqueType;
const GROUP_CHECK = opaqueType('kubernetes.authorization.GroupCheck') as OpaqueType;
const DECISION = opaqueType('kubernetes.authorization.Decision') as OpaqueType;

/** Who asks. */
export interface AuthorizerUser {
  readonly name: string;
  readonly groups: readonly string[];
}

/** What a resource check asks about; an empty text is "not said". */
export interface ResourceAttributes {
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

export type AuthorizerQuestion = {readonly user: AuthorizerUser; readonly verb: string} & (
  {readonly path: string} | ({readonly path?: never} & ResourceAttributes)
);

export interface AuthorizerAnswer {
  readonly decision: 'Allow' | 'Deny' | 'NoOpinion';
  readonly reason?: string;
  /** The authorizer itself failed; `errored()` and `error()` tell of it. */
  readonly error?: string;
}

/** Decides one question. Synchronous: an expression can't wait. */
export type Authorize = (question: AuthorizerQuestion) => AuthorizerAnswer;

/** What all values of this library stand on; two of them are equal only if they are one. */
abstract class Authorization extends Opaque {
  equals(other: Opaque): boolean {
    return other === this;
  }
}

class Authorizer extends Authorization {
  readonly type = AUTHORIZER;
  readonly authorize: Authorize;
  readonly user: AuthorizerUser;

  constructor(authorize: Authorize, user: AuthorizerUser) {
    super();
    this.authorize = authorize;
    this.user = user;
  }
}

class PathCheck extends Authorization {
  readonly type = PATH_CHECK;
  readonly authorizer: Authorizer;
  readonly path: string;

  constructor(authorizer: Authorizer, path: string) {
    super();
    this.authorizer = authorizer;
    this.path = path;
  }
}

class GroupCheck extends Authorization {
  readonly type = GROUP_CHECK;
  readonly authorizer: Authorizer;
  readonly group: string;

  constructor(authorizer: Authorizer, group: string) {
    super();
    this.authorizer = authorizer;
    this.group = group;
  }
}

class ResourceCheck extends Authorization {
  readonly type = RESOURCE_CHECK;
  readonly authorizer: Authorizer;
  readonly attributes: ResourceAttributes;

  constructor(authorizer: Authorizer, attributes: ResourceAttributes) {
    super();
    this.authorizer = authorizer;
    this.attributes = attributes;
  }

  with(changed: Partial<ResourceAttributes>): ResourceCheck {
    return new ResourceCheck(this.authorizer, {...this.attributes, ...changed});
  }
}

class Decision extends Authorization {
  readonly type = DECISION;
  readonly answer: AuthorizerAnswer;

  constructor(answer: AuthorizerAnswer) {
    super();
    this.answer = answer;
  }
}

/** The value of `authorizer`. */
export function authorizerValue(authorize: Authorize, user: AuthorizerUser): Opaque {
  return new Authorizer(authorize, user);
}

/** The value of `authorizer.requestResource`: the resource of the request that is admitted. */
export function resourceCheckValue(authorize: Authorize, user: AuthorizerUser, attributes: ResourceAttributes): Opaque {
  return new ResourceCheck(new Authorizer(authorize, user), attributes);
}

function path(authorizer: Authorizer, text: string): Result {
  return text.trim() === '' ? new Fault('path must not be empty') : new PathCheck(authorizer, text);
}

function resource({authorizer, group}: GroupCheck, name: string): Result {
  if (name.trim() === '') return new Fault('resource must not be empty');
  return new ResourceCheck(authorizer, {group, resource: name, subresource: '', namespace: '', name: ''});
}

function isFormat(format: string, text: string): boolean {
  return NAME_FORMATS.get(format)?.rule(text).length === 0;
}

function serviceAccount({authorize}: Authorizer, namespace: string, name: string): Result {
  if (!isFormat('dns1123Label', namespace)) return new Fault('Invalid service account namespace');
  if (!isFormat('dns1123Subdomain', name)) return new Fault('Invalid service account name');
  return new Authorizer(authorize, {
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  });
}

/** Two checks fit into one call's budget, as upstream. */
const CHECK_COST = 350_000;

function narrowed(name: keyof ResourceAttributes): [string, readonly Overload[]] {
  const signature = `${RESOURCE_CHECK.name}.(string): ${RESOURCE_CHECK.name}`;
  return [name, [overload<[ResourceCheck, string]>(signature, ([check, value]) => check.with({[name]: value}))]];
}

function decided(
  name: string,
  type: string,
  read: (answer: AuthorizerAnswer) => Result,
): [string, readonly Overload[]] {
  return [name, [overload<[Decision]>(`${DECISION.name}.(): ${type}`, ([{answer}]) => read(answer))]];
}

/** Kubernetes' authorizer library with selectors. Only an environment that declares an authorizer has a value to call it on. */
export const AUTHORIZATION: Library = new Map<string, readonly Overload[]>([
  [
    'path',
    [
      overload<[Authorizer, string]>(`${AUTHORIZER.name}.(string): ${PATH_CHECK.name}`, ([authorizer, text]) =>
        path(authorizer, text),
      ),
    ],
  ],
  [
    'group',
    [
      overload<[Authorizer, string]>(
        `${AUTHORIZER.name}.(string): ${GROUP_CHECK.name}`,
        ([authorizer, text]) => new GroupCheck(authorizer, text),
      ),
    ],
  ],
  [
    'serviceAccount',
    [
      overload<[Authorizer, string, string]>(
        `${AUTHORIZER.name}.(string, string): ${AUTHORIZER.name}`,
        ([authorizer, namespace, name]) => serviceAccount(authorizer, namespace, name),
      ),
    ],
  ],
  [
    'resource',
    [
      overload<[GroupCheck, string]>(`${GROUP_CHECK.name}.(string): ${RESOURCE_CHECK.name}`, ([check, text]) =>
        resource(check, text),
      ),
    ],
  ],
  narrowed('subresource'),
  narrowed('namespace'),
  narrowed('name'),
  narrowed('fieldSelector'),
  narrowed('labelSelector'),
  [
    'check',
    [
      overload<[PathCheck, string]>(
        `${PATH_CHECK.name}.(string): ${DECISION.name}`,
        ([{authorizer, path: asked}, verb]) =>
          new Decision(authorizer.authorize({user: authorizer.user, verb, path: asked})),
        () => CHECK_COST,
      ),
      overload<[ResourceCheck, string]>(
        `${RESOURCE_CHECK.name}.(string): ${DECISION.name}`,
        ([{authorizer, attributes}, verb]) =>
          new Decision(authorizer.authorize({user: authorizer.user, verb, ...attributes})),
        () => CHECK_COST,
      ),
    ],
  ],
  decided('allowed', 'bool', ({decision, error}) => decision === 'Allow' && error === undefined),
  decided('reason', 'string', ({reason}) => reason ?? ''),
  decided('errored', 'bool', ({error}) => error !== undefined),
  decided('error', 'string', ({error}) => error ?? ''),
]);
