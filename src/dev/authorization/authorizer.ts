import type {UserInfo} from '../authentication/user-info.ts';
import type {Attributes} from './attributes.ts';
import type {PolicyRule} from './policy-rule.ts';

export interface Decision {
  readonly allowed: boolean;
  /** Why, in a kube-apiserver's words; empty where nobody had anything to say. */
  readonly reason: string;
}

/** All rules that apply to a user, and what could not be looked up of them: empty where nothing was missing. */
export interface RulesOfUser {
  readonly rules: readonly PolicyRule[];
  readonly error: string;
}

/**
 * Who may do what. Asked by every request, the access reviews, and whatever else must know: admission policies for their
 * `authorizer` variable. Answers from memory; never throws.
 */
export interface Authorizer {
  authorize(attributes: Attributes): Decision;
  /** @param namespace - empty: only what holds in the whole cluster */
  rulesFor(user: UserInfo, namespace: string): RulesOfUser;
}
