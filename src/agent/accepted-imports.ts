import {isDeepStrictEqual} from 'node:util';

import {withAcceptedOnly} from '../clusterset/accepted-sources.ts';
import type {ImportView, View} from '../clusterset/view.ts';

const NONE: ReadonlyMap<string, ImportView> = new Map();

/** What of a view decides which sources are accepted. */
type Judge = Pick<View, 'importPolicies' | 'clusters' | 'namespaces' | 'clusterId'>;

/**
 * The imports of the view with nothing left of sources that an ImportPolicy keeps out, so that DNS, VIPs and injection can't
 * forget to ask (design §10: a taken hub can't speak for a cluster that says no).
 */
export class AcceptedImports {
  #raw = NONE;
  #accepted = NONE;
  #judgedBy: Judge | undefined;

  /**
   * @param raw - all imports as the hub wrote them
   * @param changed - keys of those that are others than the last time
   * @returns the accepted ones, and the keys of those that are others than the last time
   */
  update(
    raw: ReadonlyMap<string, ImportView>,
    changed: ReadonlySet<string>,
    view: View,
  ): {readonly imports: ReadonlyMap<string, ImportView>; readonly changed: ReadonlySet<string>} {
    const keys = this.#isJudgedAlike(view) ? changed : new Set([...this.#raw.keys(), ...raw.keys()]);
    this.#raw = raw;
    this.#judgedBy = view;
    const news = new Map<string, ImportView | undefined>();
    for (const key of keys) {
      const found = raw.get(key);
      const next = found && withAcceptedOnly(found, view);
      if (changed.has(key) || !isDeepStrictEqual(this.#accepted.get(key), next)) news.set(key, next);
    }
    if (news.size > 0) {
      const accepted = new Map(this.#accepted);
      for (const [key, next] of news) {
        if (next === undefined) accepted.delete(key);
        else accepted.set(key, next);
      }
      this.#accepted = accepted;
    }
    return {imports: this.#accepted, changed: new Set([...changed, ...news.keys()])};
  }

  /** Without any policy nobody is kept out, whatever else is different. */
  #isJudgedAlike({importPolicies, clusters, namespaces}: Judge): boolean {
    const before = this.#judgedBy;
    if (before === undefined) return false;
    if (importPolicies.size === 0 && before.importPolicies.size === 0) return true;
    return importPolicies === before.importPolicies && clusters === before.clusters && namespaces === before.namespaces;
  }
}
