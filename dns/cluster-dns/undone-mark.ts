import type {Service} from '../../src/api/kinds.ts';
import {AGENT_MANAGER, DNS_SERVICE, DNS_WIRING_ANNOTATION} from '../../src/api/names.ts';
import {services} from '../../src/api/resources.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {KubeError} from '../../src/kube/kube-error.ts';

/** What the annotation on Service `isthmus-dns` says then. */
const UNDONE = 'Undone';

/** Whether the wiring is missing because it was taken away on purpose, so that nobody writes it again by himself. */
export function isUndone(service: Service): boolean {
  return service.metadata.annotations?.[DNS_WIRING_ANNOTATION] === UNDONE;
}

export interface UndoneMark {
  readonly namespace: string;
  /** False: it shall be there again. */
  readonly undone: boolean;
  readonly dryRun: boolean;
}

/**
 * Writes down whether the wiring was taken away on purpose, where those read it that look after it. Without the Service there is
 * nobody to tell, and nothing that could be wired.
 */
export async function markUndone(client: Pick<KubeClient, 'find' | 'patch'>, o: UndoneMark): Promise<void> {
  const at = {namespace: o.namespace, name: DNS_SERVICE};
  const service = await client.find<Service>(services, at);
  if (service === undefined || isUndone(service) === o.undone) return;
  const body = {metadata: {annotations: {[DNS_WIRING_ANNOTATION]: o.undone ? UNDONE : null}}};
  try {
    await client.patch(services, at, {type: 'merge', body}, {fieldManager: AGENT_MANAGER, dryRun: o.dryRun});
  } catch (error) {
    if (!(error instanceof KubeError && error.isNotFound)) throw error;
  }
}
