import {HUB_MANAGER, AGENT_MANAGER, DEFAULT_NAMESPACE} from '../../../src/api/names.ts';
import {KubeClient} from '../../../src/kube/client.ts';
import type {ClusterCredentials} from '../../../src/kube/credentials.ts';
import {ensureAuthority} from '../../../src/mesh/own-authority.ts';
import {EventRecorder} from '../../../src/kube/event-recorder.ts';
import {KubeError} from '../../../src/kube/kube-error.ts';
import {requestToken} from '../../../src/kube/token-request.ts';
import {clusters} from '../../../src/api/resources.ts';
import {IMPORTED_SLICE, MIRRORED_POLICY} from './objects.ts';
import type {Behaviour} from './behaviour.ts';
import type {World} from './world.ts';

type Ask = (client: KubeClient, world: World) => Promise<void>;

/**
 * What happens once in months (a CA is rotated, a token renewed), or is granted by design.md §10 to a hub of a later version: done by the
 * credentials themselves.
 */
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

const APPLY = 'application/apply-patch+yaml';
/** By dry run: nothing stays. A 404 comes after the right was looked at. */
const call =
  (method: 'GET' | 'PATCH' | 'DELETE', path: string, body?: object): Ask =>
  async (client) => {
    const write =
      method === 'GET' ? path : `${path}?dryRun=All${method === 'PATCH' ? '&fieldManager=isthmus-hub' : ''}`;
    const {status} = await client.raw(method, write, {
      body,
      contentType: method === 'PATCH' ? APPLY : undefined,
    });
    if (status === 403) throw new KubeError('ISTHMUS_KUBE_STATUS', 'refused', {status, reason: 'Forbidden'});
    if (status >= 400 && status !== 404) throw new Error(`${method} ${path} answered ${status}`);
  };

const slice = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
const policy = (plural: string): string => `/apis/isthmus.dev/v1alpha1/${plural}`;
const trust = `/api/v1/namespaces/${DEFAULT_NAMESPACE}/configmaps/isthmus-trust`;
const policies = (plural: 'exportpolicies' | 'importpolicies'): Record<string, Behaviour> => {
  const at = `${plural}.isthmus.dev`;
  const body = MIRRORED_POLICY[plural];
  const write = direct(
    'a policy of the hub is written into a member',
    hubInMember,
    call('PATCH', `${policy(plural)}/mirrored`, body),
  );
  const read = (query: string): Behaviour =>
    direct('policies in a member are read', hubInMember, call('GET', `${policy(plural)}?limit=1${query}`));
  return {
    [`member: create ${at}`]: write,
    [`member: patch ${at}`]: write,
    [`member: list ${at}`]: read(''),
    [`member: watch ${at}`]: read('&watch=true&timeoutSeconds=1'),
    [`member: delete ${at}`]: direct(
      'a policy of the hub is taken back',
      hubInMember,
      call('DELETE', `${policy(plural)}/mirrored`),
    ),
  };
};

const written = direct('an imported slice is written', hubInMember, call('PATCH', `${slice}/imported`, IMPORTED_SLICE));

export const DIRECT: Readonly<Record<string, Behaviour>> = {
  'hub: update secrets isthmus-ca': direct(
    "the hub's cluster gets a new CA at half of its year",
    hubAtHome,
    rotate(HUB_MANAGER),
  ),
  'hub: patch events': direct('an event that comes again is counted', hubAtHome, recount),
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
  'member: get configmaps isthmus-trust': direct("a member's trust bundle is read", hubInMember, call('GET', trust)),
  'member: create endpointslices.discovery.k8s.io': written,
  'member: patch endpointslices.discovery.k8s.io': written,
  'member: delete endpointslices.discovery.k8s.io': direct(
    'an imported slice is taken back',
    hubInMember,
    call('DELETE', `${slice}/imported`),
  ),
  ...policies('exportpolicies'),
  ...policies('importpolicies'),
};
