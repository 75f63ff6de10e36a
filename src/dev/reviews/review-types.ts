import {storageKeyOf} from '../apiserver/resource-type.ts';
import type {ResourceType} from '../apiserver/resource-type.ts';
import {builtinSchema} from '../builtin/schemas.ts';
import {anySchema} from '../schema/schema.ts';

const AUTHENTICATION = 'authentication.k8s.io';
const AUTHORIZATION = 'authorization.k8s.io';

export const tokenReviews = reviewType(AUTHENTICATION, 'TokenReview');
export const selfSubjectReviews = reviewType(AUTHENTICATION, 'SelfSubjectReview');
export const subjectAccessReviews = reviewType(AUTHORIZATION, 'SubjectAccessReview');
export const selfSubjectAccessReviews = reviewType(AUTHORIZATION, 'SelfSubjectAccessReview');
export const selfSubjectRulesReviews = reviewType(AUTHORIZATION, 'SelfSubjectRulesReview');
export const localSubjectAccessReviews = {...reviewType(AUTHORIZATION, 'LocalSubjectAccessReview'), namespaced: true};

/** The kinds that are resources of their own, as discovery lists them. */
export const reviewTypes: readonly ResourceType[] = [
  tokenReviews,
  selfSubjectReviews,
  subjectAccessReviews,
  selfSubjectAccessReviews,
  selfSubjectRulesReviews,
  localSubjectAccessReviews,
];

/** The body of `serviceaccounts/NAME/token`. */
export const tokenRequests = {...reviewType(AUTHENTICATION, 'TokenRequest'), namespaced: true};

function reviewType(group: string, kind: string): ResourceType {
  const singular = kind.toLowerCase();
  const plural = `${singular}s`;
  return {
    group,
    version: 'v1',
    kind,
    plural,
    singular,
    listKind: `${kind}List`,
    shortNames: [],
    categories: [],
    namespaced: false,
    hasStatus: false,
    schema: builtinSchema(group, 'v1', kind) ?? anySchema,
    custom: false,
    storageKey: storageKeyOf(group, plural),
    strategy: {},
    verbs: ['create'],
  };
}
