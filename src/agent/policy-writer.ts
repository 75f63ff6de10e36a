import type {ExportPolicy, GlobalTrafficPolicy, ImportPolicy} from '../api/kinds.ts';
import {hasConditions} from '../api/meta.ts';
import {AGENT_MANAGER, EFFECTIVE_CONDITION} from '../api/names.ts';
import * as resources from '../api/resources.ts';
import {effectiveTrafficPolicies} from '../clusterset/effective-policy.ts';
import {policyNameOf} from '../clusterset/policy-origin.ts';
import {buildPolicyStatus} from '../clusterset/policy-status.ts';
import type {KubeClient} from '../kube/client.ts';
import {KubeError} from '../kube/kube-error.ts';
import {judgeNarrowingPolicy, judgeTrafficPolicy} from './policy-status.ts';
import type {Sources} from './sources.ts';

export interface PolicyWriterOptions {
  readonly client: KubeClient;
  readonly sources: Sources;
  readonly nowMs: () => number;
}

/** Says on every policy of this cluster, the hub's copies and its own, whether it counts here and why. */
export class PolicyWriter {
  readonly #options: PolicyWriterOptions;

  constructor(options: PolicyWriterOptions) {
    this.#options = options;
  }

  /** All of them at once: which one counts depends on the others. @throws KubeError */
  async reconcile(signal: AbortSignal): Promise<void> {
    const {sources} = this.#options;
    for (const policy of [...sources.exportPolicies.store.values()]) {
      await this.#apply(resources.exportPolicies, {policy, verdict: judgeNarrowingPolicy(policy)}, signal);
    }
    for (const policy of [...sources.importPolicies.store.values()]) {
      await this.#apply(resources.importPolicies, {policy, verdict: judgeNarrowingPolicy(policy)}, signal);
    }
    const all = [...sources.trafficPolicies.store.values()];
    const effective = effectiveTrafficPolicies(all);
    for (const policy of all) {
      const counts = effective.get(`${policy.metadata.namespace ?? ''}/${policyNameOf(policy)}`);
      if (counts === undefined) continue;
      const verdict = judgeTrafficPolicy(policy, counts);
      await this.#apply(resources.globalTrafficPolicies, {policy, verdict}, signal);
    }
  }

  async #apply(
    resource: resources.Resource,
    {
      policy,
      verdict,
    }: {
      readonly policy: ExportPolicy | ImportPolicy | GlobalTrafficPolicy;
      readonly verdict: ReturnType<typeof judgeNarrowingPolicy>;
    },
    signal: AbortSignal,
  ): Promise<void> {
    const desired = buildPolicyStatus(policy, {type: EFFECTIVE_CONDITION, ...verdict}, this.#options.nowMs());
    if (hasConditions(policy.status?.conditions, desired.status.conditions)) return;
    try {
      const options = {fieldManager: AGENT_MANAGER, force: true, subresource: 'status', signal} as const;
      await this.#options.client.apply(resource, desired, options);
    } catch (error) {
      // It went meanwhile; the others are to be told all the same.
      if (!(error instanceof KubeError) || !(error.isNotFound || error.isConflict)) throw error;
    }
  }
}
