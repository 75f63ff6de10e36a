import {badRequest, invalid} from '../apiserver/api-error.ts';
import type {UserInfo} from '../authentication/user-info.ts';
import type {Authorizer} from '../authorization/authorizer.ts';
import {objectIn, textIn, textsIn} from '../builtin/read-json.ts';
import {isObject} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import {
  localSubjectAccessReviews,
  selfSubjectAccessReviews,
  selfSubjectRulesReviews,
  subjectAccessReviews,
} from './review-types.ts';
import type {Reviewer, ReviewRequest} from './reviewer.ts';
import {evaluationError} from './selector-attributes.ts';
import {localErrors, selfErrors, subjectErrors} from './validate-access-review.ts';

type Check = (review: JsonObject) => readonly FieldError[];

/** `kubectl auth can-i`, with and without `--list`, and what webhooks of others ask (apiserver.md §7). */
export function accessReviewers(authorizer: Authorizer): readonly Reviewer[] {
  const judging = (
    check: Check,
    userOf: (spec: JsonObject, request: ReviewRequest) => UserInfo,
  ): Reviewer['answer'] => {
    return async (review, request) => {
      refuseInvalid(check(review));
      await request.admit(review);
      const spec = objectIn(review, 'spec');
      return {...review, status: judge(authorizer, spec, userOf(spec, request))};
    };
  };
  return [
    {type: subjectAccessReviews, answer: judging(subjectErrors, subjectOf)},
    {type: localSubjectAccessReviews, answer: judging(localErrors, subjectOf)},
    {type: selfSubjectAccessReviews, answer: judging(selfErrors, (_spec, {user}) => user)},
    {type: selfSubjectRulesReviews, answer: (review, request) => listRules(authorizer, review, request)},
  ];
}

/** Upstream's internal kind has lost its name by then: the message begins with the dot. */
function refuseInvalid(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid({group: 'authorization.k8s.io', kind: ''}, '', errors);
}

function subjectOf(spec: JsonObject): UserInfo {
  const extra = Object.fromEntries(
    Object.keys(objectIn(spec, 'extra')).map((key) => [key, textsIn(objectIn(spec, 'extra'), key)]),
  );
  return {username: textIn(spec, 'user'), uid: textIn(spec, 'uid'), groups: textsIn(spec, 'groups'), extra};
}

function judge(authorizer: Authorizer, spec: JsonObject, user: UserInfo): JsonObject {
  const asked = spec['resourceAttributes'];
  const path = objectIn(spec, 'nonResourceAttributes');
  const {allowed, reason} = isObject(asked)
    ? authorizer.authorize({user, verb: textIn(asked, 'verb'), path: '', resource: resourceOf(asked)})
    : authorizer.authorize({user, verb: textIn(path, 'verb'), path: textIn(path, 'path'), resource: undefined});
  const error = isObject(asked) ? evaluationError(asked) : '';
  return {allowed, ...(reason === '' ? {} : {reason}), ...(error === '' ? {} : {evaluationError: error})};
}

function resourceOf(asked: JsonObject) {
  return {
    group: textIn(asked, 'group'),
    resource: textIn(asked, 'resource'),
    subresource: textIn(asked, 'subresource'),
    namespace: textIn(asked, 'namespace'),
    name: textIn(asked, 'name'),
  };
}

async function listRules(authorizer: Authorizer, review: JsonObject, request: ReviewRequest): Promise<JsonObject> {
  const namespace = textIn(objectIn(review, 'spec'), 'namespace');
  if (namespace === '') throw badRequest('no namespace on request');
  await request.admit(review);
  const {rules, error} = authorizer.rulesFor(request.user, namespace);
  const {apiVersion, kind} = review;
  return {
    kind,
    apiVersion,
    metadata: {},
    spec: {},
    status: {
      resourceRules: rules
        .filter(({resources}) => resources.length > 0)
        .map(({verbs, apiGroups, resources, resourceNames}) => given({verbs, apiGroups, resources, resourceNames})),
      nonResourceRules: rules
        .filter(({nonResourceURLs}) => nonResourceURLs.length > 0)
        .map(({verbs, nonResourceURLs}) => given({verbs, nonResourceURLs})),
      incomplete: false,
      ...(error === '' ? {} : {evaluationError: error}),
    },
  };
}

/** `verbs` is always there, what else is empty is not. */
function given(rule: {readonly verbs: readonly string[]; readonly [list: string]: readonly string[]}): JsonObject {
  return Object.fromEntries(Object.entries(rule).filter(([name, values]) => name === 'verbs' || values.length > 0));
}
