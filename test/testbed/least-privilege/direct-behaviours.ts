import {HUB_MANAGER, AGENT_MANAGER, DEFAULT_NAMESPACE} from '../../../src/api/names.ts';
import {KubeClient} from '../../../src/kube/client.ts';
import type {ClusterCredentials} from '../../../src/kube/credentials.ts';
import {ensureAuthority} from '../../../src/mesh/own-authority.ts';
import {EventRecorder} from '../../../src/kube/event-recorder.ts';
import {KubeError} from '../../../src/kube/kube-error.ts';
import {requestToken} from '../../../src/kube/token-request.ts';
import {clusters} from '../../../src/api/resources.ts';
import type {Behaviour} from './behaviour.ts';
import type {World} from './world.ts';

type Ask = (client: KubeClient, world: World) => Promise<void>;

/** What happens once in months (a CA is rotated, a token renewed): done by the credentials themselves. */
function direct(what: string, of: (world: World) => ClusterCredentials, ask: Ask): Behaviour {
  return {
    what,
    refusal: 'unlogged',
    holds: async (world) => {
      const client = new KubeClient({credentials: of(world), userAgent: 'isthmus-hub'});
      try {
        await ask(client, world);
        return true;
      } catch (error) {
        if (error instanceof KubeError && error.isForbidden) return false;
        throw error;
      } finally {
        await client.close();
      }
    },
  };
}

const hubInMember = (world: World): ClusterCredentials => world.memberPlace.access(HUB_MANAGER).credentials;
const hubAtHome = (world: World): ClusterCredentials => world.hubPlace.access(HUB_MANAGER).credentials;
const agent = (world: World): ClusterCredentials => world.memberPlace.access(AGENT_MANAGER).credentials;

const YEAR_MS = 365 * 24 * 3600 * 1000;

/** Half a year later a new CA is due; the next trial finds it renewed already, and asks for one more half year. */
let laterMs = 0;
const rotate =
  (manager: string): Ask =>
  async (client, world) => {
    laterMs += YEAR_MS * 0.75;
    await ensureAuthority({
      ...{client, manager, namespace: DEFAULT_NAMESPACE, clusterId: world.fresh('rotated')},
      nowMs: () => Date.now() + laterMs,
      signal: AbortSignal.timeout(10_000),
    });
  };

const recount: Ask = async (client, world) => {
  let nowMs = Date.now();
  let refused: unknown;
  const recorder = new EventRecorder({
    client: {
      create: async (...given) => client.create(...given),
      // The recorder logs what fails and goes on; here it is what is asked for.
      patch: async (...given) =>
        client.patch<never>(...given).catch((error: unknown) => {
          refused = error;
          throw error;
        }),
    },
    component: HUB_MANAGER,
    logger: world.refusals.logger,
    nowMs: () => nowMs,
  });
  const about = {apiVersion: 'flomesh.io/v1alpha1', kind: clusters.kind, metadata: {name: world.fresh('told')}};
  for (let time = 0; time < 2; time++) {
    recorder.record(about, {type: 'Normal', reason: 'Told', message: 'twice'});
    await recorder.flush();
    nowMs += 60_000;
  }
  if (refused !== undefined) throw refused;
};

export const DIRECT: Readonly<Record<string, Behaviour>> = {
  'hub: update secrets isthmus-ca': direct(
    "the hub's cluster gets a new CA at half of its year",
    hubAtHome,
    rotate(HUB_MANAGER),
  ),
  'hub: patch events': direct('an event that comes again is counted', hubAtHome, recount),
  'agent: patch events': direct('an event that comes again is counted', agent, recount),
  'agent: update secrets isthmus-ca': direct(
    'a member gets a new CA at half of its year',
    agent,
    rotate(AGENT_MANAGER),
  ),
  'member: create serviceaccounts/token isthmus-hub': direct(
    'the hub renews its token in a member',
    hubInMember,
    async (client) => {
      await requestToken(client, {namespace: DEFAULT_NAMESPACE, name: HUB_MANAGER, expirationSeconds: 600});
    },
  ),
};
