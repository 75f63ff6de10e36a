import type {KubeObject} from '../../../src/api/meta.ts';
import type {Condition} from '../../../src/api/meta.ts';
import {COPIES_CONDITION, EFFECTIVE_CONDITION} from '../../../src/api/names.ts';
import {events, exportPolicies, globalTrafficPolicies, importPolicies} from '../../../src/api/resources.ts';
import type {Resource} from '../../../src/api/resources.ts';
import {apiVersionOf} from '../../../src/api/resources.ts';
import {mirroredName} from '../../../src/clusterset/policy-origin.ts';
import {until} from '../../../src/dev/real/until.ts';
import type {Behaviour} from './behaviour.ts';
import {exportYaml} from './objects.ts';
import type {World} from './world.ts';

const SOON = {deadlineMs: 20_000};
const KUBECTL = {fieldManager: 'kubectl'};
/** In which the traffic policies of these trials are. */
const NAMESPACE = 'default';

interface WithConditions extends KubeObject {
  readonly status?: {readonly conditions?: readonly Condition[]};
}

interface Event extends KubeObject {
  readonly involvedObject: {readonly kind: string; readonly namespace?: string};
}

/** The policy that the last trial is about. */
let name = '';

const at = (resource: Resource, given: string): {name: string; namespace?: string} => ({
  name: given,
  ...(resource.namespaced ? {namespace: NAMESPACE} : {}),
});

function policyOf(resource: Resource): KubeObject {
  const rules = [{name: 'all', action: 'Allow'}];
  const spec = resource === globalTrafficPolicies ? {lbType: 'ActiveActive'} : {enforcement: 'Audit', rules};
  const object = {apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: at(resource, name)};
  return {...object, ...{spec}};
}

const makes =
  (resource: Resource, place: 'hubPlace' | 'memberPlace') =>
  async (world: World): Promise<void> => {
    name = world.fresh('rule');
    await world[place].admin.create(resource, policyOf(resource), KUBECTL);
  };

const removes = (resource: Resource, place: 'hubPlace' | 'memberPlace') => async (world: World) => {
  await world[place].admin.delete(resource, at(resource, name));
};

const isCopied = async (world: World, resource: Resource): Promise<boolean> =>
  (await world.memberPlace.admin.find(resource, at(resource, mirroredName(name)))) !== undefined;

const copies = (resource: Resource): Behaviour => ({
  what: 'a policy of the hub is written into a member',
  provoke: makes(resource, 'hubPlace'),
  holds: async (world) => isCopied(world, resource),
  tidy: removes(resource, 'hubPlace'),
});

const takesBack = (resource: Resource, what: string): Behaviour => ({
  what,
  prepare: async (world) => {
    await makes(resource, 'hubPlace')(world);
    await until('the copy', async () => isCopied(world, resource), SOON);
  },
  provoke: removes(resource, 'hubPlace'),
  holds: async (world) => !(await isCopied(world, resource)),
});

const says =
  (resource: Resource, place: 'hubPlace' | 'memberPlace', condition: string) =>
  async (world: World): Promise<boolean> => {
    const found = await world[place].admin.find<WithConditions>(resource, at(resource, name));
    return (found?.status?.conditions ?? []).some(({type}) => type === condition);
  };

const judges = (resource: Resource): Behaviour => ({
  what: 'a policy says whether it counts in this cluster',
  provoke: makes(resource, 'memberPlace'),
  holds: says(resource, 'memberPlace', EFFECTIVE_CONDITION),
  tidy: removes(resource, 'memberPlace'),
});

const tells = (resource: Resource): Behaviour => ({
  what: 'a policy of the hub says which members hold their copy',
  provoke: makes(resource, 'hubPlace'),
  holds: says(resource, 'hubPlace', COPIES_CONDITION),
  tidy: removes(resource, 'hubPlace'),
});

/** Where an export was made that a policy of the member's own has something to say about. */
let audited = '';

const audits: Behaviour = {
  what: 'what a policy finds about an export leaves an Event',
  refusal: 'once',
  provoke: async (world) => {
    audited = world.fresh('audited');
    const rules = [{name: 'none', action: 'Deny'}];
    name = world.fresh('audit');
    const policy = {...policyOf(exportPolicies), ...{spec: {enforcement: 'Audit', rules}}};
    await world.memberPlace.admin.create(exportPolicies, policy, KUBECTL);
    await world.memberPlace.cluster.applyManifests(exportYaml(audited, 'multicluster.x-k8s.io'));
  },
  holds: async (world) => {
    const {items} = await world.memberPlace.admin.list<Event>(events, {namespace: audited});
    return items.some(({involvedObject}) => involvedObject.kind === 'ServiceExport');
  },
  tidy: removes(exportPolicies, 'memberPlace'),
};

const MIRRORED = [
  ['exportpolicies.isthmus.dev', exportPolicies],
  ['importpolicies.isthmus.dev', importPolicies],
  ['globaltrafficpolicies.flomesh.io', globalTrafficPolicies],
] as const;

export const POLICIES: Readonly<Record<string, Behaviour>> = {
  ...Object.fromEntries(
    MIRRORED.flatMap(([plural, resource]) => [
      [
        `hub: get ${plural}`,
        takesBack(resource, 'a policy that is gone is asked for by name before its copies are taken back'),
      ],
      [`hub: patch ${plural.replace('.', '/status.')}`, tells(resource)],
      [`member: create ${plural}`, copies(resource)],
      [`member: patch ${plural}`, copies(resource)],
      [`member: delete ${plural}`, takesBack(resource, 'a policy of the hub is taken back')],
    ]),
  ),
  'agent: patch exportpolicies/status.isthmus.dev': judges(exportPolicies),
  'agent: patch importpolicies/status.isthmus.dev': judges(importPolicies),
  'agent: patch globaltrafficpolicies/status.flomesh.io': judges(globalTrafficPolicies),
  'agent: create events': audits,
};
