import type {Service} from '../api/kinds.ts';
import type {Condition, KubeObject} from '../api/meta.ts';
import {hasConditions, nextCondition} from '../api/meta.ts';
import {AGENT_MANAGER} from '../api/names.ts';
import {services} from '../api/resources.ts';
import type {KubeClient} from '../kube/client.ts';
import {KubeError} from '../kube/kube-error.ts';
import type {HealthFacts} from './health-conditions.ts';
import {healthConditions, isHealthCondition} from './health-conditions.ts';

export interface HealthWriterOptions {
  readonly client: Pick<KubeClient, 'apply'>;
  /** Service `isthmus-agent`; undefined: it is not there, so there is nowhere to say it. */
  readonly service: () => Service | undefined;
  readonly facts: () => Omit<HealthFacts, 'before'>;
  readonly nowMs: () => number;
}

/**
 * Says on the agent's own Service what this cluster sees of the hub and of other clusters' gateways. It is the one object
 * about the whole cluster that is the agent's: RemoteClusters are the hub's, and imports are thousands.
 */
export class HealthWriter {
  readonly #options: HealthWriterOptions;

  constructor(options: HealthWriterOptions) {
    this.#options = options;
  }

  /** @throws KubeError */
  async reconcile(signal: AbortSignal): Promise<void> {
    const {client, service: find, facts, nowMs} = this.#options;
    const service = find();
    if (service === undefined) return;
    const before = conditionsOf(service).filter(isHealthCondition);
    const conditions = healthConditions({...facts(), before}).map((said) => nextCondition(before, said, nowMs()));
    if (before.length === conditions.length && hasConditions(before, conditions)) return;
    const {namespace = '', name, uid} = service.metadata;
    const metadata = {namespace, name, ...(uid === undefined ? {} : {uid})};
    const body: KubeObject & {status: object} = {apiVersion: 'v1', kind: 'Service', metadata, status: {conditions}};
    try {
      await client.apply(services, body, {fieldManager: AGENT_MANAGER, subresource: 'status', force: true, signal});
    } catch (error) {
      // It went meanwhile; whoever makes it anew is seen by the watch.
      if (!(error instanceof KubeError) || !(error.isNotFound || error.isConflict)) throw error;
    }
  }
}

export function conditionsOf(service: Service): readonly Condition[] {
  return (service as {status?: {conditions?: readonly Condition[]}}).status?.conditions ?? [];
}
