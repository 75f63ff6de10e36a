import type {EndpointSlice} from '../../../src/api/kinds.ts';
import {HUB_MANAGED_BY, SERVICE_NAME_LABEL, SLICE_MANAGED_BY_LABEL} from '../../../src/api/names.ts';
import {endpointSlices} from '../../../src/api/resources.ts';
import {until} from '../../../src/dev/real/until.ts';
import type {Behaviour} from './behaviour.ts';
import {exportYaml} from './objects.ts';
import type {World} from './world.ts';

const SOON = {deadlineMs: 20_000};
const SOURCES = ['foo-a', 'foo-b'];

/** Where the last export with slices was made. */
let place = '';

/** A Service without a selector: its slices are the test's to make. */
async function exportsWithSlices(world: World): Promise<void> {
  place = world.fresh('pods');
  const {admin, cluster} = world.memberPlace;
  const text = exportYaml(place, 'multicluster.x-k8s.io');
  await cluster.applyManifests(text.replace('selector: {app: foo}, ', ''));
  for (const name of SOURCES) {
    const labels = {[SERVICE_NAME_LABEL]: 'foo', [SLICE_MANAGED_BY_LABEL]: 'trial'};
    const slice: EndpointSlice = {
      ...{apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: {namespace: place, name, labels}},
      ...{addressType: 'IPv4', endpoints: [{addresses: ['10.200.0.1']}], ports: [{name: 'http', port: 80}]},
    };
    await admin.create(endpointSlices, slice, {fieldManager: 'kubectl'});
  }
}

async function imported(world: World): Promise<number> {
  const labelSelector = `${SLICE_MANAGED_BY_LABEL}=${HUB_MANAGED_BY}`;
  return (await world.memberPlace.admin.list(endpointSlices, {namespace: place, labelSelector})).items.length;
}

const writes: Behaviour = {
  what: 'slices of an export are imported',
  provoke: exportsWithSlices,
  holds: async (world) => (await imported(world)) > 0,
};

export const SLICES: Readonly<Record<string, Behaviour>> = {
  'member: create endpointslices.discovery.k8s.io': writes,
  'member: patch endpointslices.discovery.k8s.io': writes,
  'member: delete endpointslices.discovery.k8s.io': {
    what: 'an imported slice goes with the one that it stands for',
    prepare: async (world) => {
      await exportsWithSlices(world);
      await until('the imported slices', async () => (await imported(world)) === SOURCES.length, SOON);
    },
    provoke: async (world) => {
      await world.memberPlace.admin.delete(endpointSlices, {namespace: place, name: 'foo-b'});
    },
    holds: async (world) => (await imported(world)) === 1,
  },
};
