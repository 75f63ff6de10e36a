import {DEFAULT_NAMESPACE, HUB_ANNOTATION, HUB_LEASE} from '../../../src/api/names.ts';
import {leases, namespaces} from '../../../src/api/resources.ts';
import type {Behaviour} from './behaviour.ts';

const LEASE = {namespace: DEFAULT_NAMESPACE, name: HUB_LEASE};

/** What tells the hub of one cluster from that of another. */
export const MARKS: Readonly<Record<string, Behaviour>> = {
  'hub: get namespaces kube-system': {
    what: 'the hub marks the Leases of its members, so that no hub in another cluster takes them',
    restarts: 'hub',
    provoke: async (world) => {
      await world.memberPlace.admin.delete(leases, LEASE);
      world.startHub();
    },
    holds: async (world) => {
      const found = await world.memberPlace.admin.find(leases, LEASE);
      const {metadata} = await world.hubPlace.admin.get(namespaces, {name: 'kube-system'});
      return found?.metadata.annotations?.[HUB_ANNOTATION] === metadata.uid;
    },
  },
};
