import {toKubeTime} from '../../api/meta.ts';
import {badRequest} from '../apiserver/api-error.ts';
import type {TokenAuthenticator} from '../authentication/token-authenticator.ts';
import {userInfoObject} from '../authentication/user-info.ts';
import {objectIn, textIn, textsIn} from '../builtin/read-json.ts';
import type {JsonObject} from '../schema/json.ts';
import {selfSubjectReviews, tokenReviews} from './review-types.ts';
import type {Reviewer} from './reviewer.ts';

/** Whose token is this, and who am I (`kubectl auth whoami`). */
export function identityReviewers(authenticator: TokenAuthenticator, nowMs: () => number): readonly Reviewer[] {
  return [
    {
      type: tokenReviews,
      answer: async (review, request) => {
        const spec = objectIn(review, 'spec');
        const token = textIn(spec, 'token');
        if (token === '') throw badRequest('token is required for TokenReview in authentication');
        await request.admit(review);
        const audiences = textsIn(spec, 'audiences');
        return {...review, status: statusOf(authenticator, token, audiences)};
      },
    },
    {
      type: selfSubjectReviews,
      answer: async (review, request) => {
        await request.admit(review);
        return {
          kind: 'SelfSubjectReview',
          apiVersion: 'authentication.k8s.io/v1',
          metadata: {creationTimestamp: toKubeTime(nowMs())},
          status: {userInfo: userInfoObject(request.user)},
        };
      },
    },
  ];
}

function statusOf(authenticator: TokenAuthenticator, token: string, audiences: readonly string[]): JsonObject {
  const verdict = authenticator.review(token, audiences.length === 0 ? undefined : audiences);
  if ('error' in verdict) return {user: {}, error: verdict.error};
  return {authenticated: true, user: userInfoObject(verdict.user), audiences: [...verdict.audiences]};
}
