import type {Cluster} from '../../src/api/kinds.ts';
import type {KubeObject} from '../../src/api/meta.ts';
import {events} from '../../src/api/resources.ts';
import {pause} from '../../src/kube/backoff.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {KubeError} from '../../src/kube/kube-error.ts';

interface EventAbout extends KubeObject {
  readonly involvedObject?: {readonly uid?: string};
  readonly reason?: string;
  readonly message?: string;
}

/** The hub records it when the Cluster has gone, so it comes a moment later. */
const WAIT_MS = 2_000;
const LOOK_EVERY_MS = 100;

/** What the hub said of a Cluster when it had left; undefined: nothing that can be read. @throws KubeError */
export async function saidAtTheEnd(
  client: KubeClient,
  {metadata: {uid}}: Cluster,
  signal: AbortSignal,
): Promise<string | undefined> {
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    const said = await leftEvent(client, uid, signal);
    if (said !== undefined || performance.now() > deadline) return said;
    await pause(LOOK_EVERY_MS, signal);
  }
}

async function leftEvent(
  client: KubeClient,
  uid: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const fieldSelector = `involvedObject.uid=${uid},reason=Left`;
    const {items} = await client.list<EventAbout>(events, {namespace: 'default', fieldSelector, signal});
    return items.find(({involvedObject, reason}) => involvedObject?.uid === uid && reason === 'Left')?.message;
  } catch (error) {
    // Whoever may delete Clusters need not be let read Events.
    if (error instanceof KubeError && error.isForbidden) return undefined;
    throw error;
  }
}
