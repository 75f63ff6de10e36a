import {expect} from 'vitest';

import type {Cluster, ClusterProperty, ServiceImport} from '../../src/api/kinds.ts';
import {clusterProperties, clusters, serviceImports} from '../../src/api/resources.ts';
import {MEMBERS, NAME} from './clusterset-row.ts';
import type {MemberId} from './clusterset-row.ts';
import type {ClustersetUnderTest} from './clusterset-under-test.ts';
import type {MembershipChange, MembershipRow, PropertyName} from './membership-rows.ts';
import {conditionTexts} from './observe-row.ts';

export async function changeMembership(set: ClustersetUnderTest, change: MembershipChange): Promise<void> {
  switch (change.do) {
    case 'register':
      return set.register(change.name, change.cluster);
    case 'unregister':
      await set.member('c1').client.delete(clusters, {name: change.name});
      return;
    case 'delete-property':
      await set.member(change.in).client.delete(clusterProperties, {name: change.property});
      return;
    case 'set-property': {
      const body = {spec: {value: change.value}};
      const {client} = set.member(change.in);
      await client.patch(clusterProperties, {name: change.property}, {type: 'merge', body}, {fieldManager: 'kubectl'});
    }
  }
}

/** @param shared - namespace of the service that c1 and c10 export */
export async function judgeMembership(set: ClustersetUnderTest, row: MembershipRow, shared: string): Promise<void> {
  for (const id of MEMBERS) {
    const found = [
      await propertyIn(set, id, 'cluster.clusterset.k8s.io'),
      await propertyIn(set, id, 'clusterset.k8s.io'),
    ];
    expect(found, `properties in ${id}`).toEqual(row.properties[id] ?? [undefined, undefined]);
  }
  for (const [name, wanted] of Object.entries(row.clusters ?? {})) {
    const found = await set.member('c1').find<Cluster>(clusters, {name});
    expect(conditionTexts(found), `Cluster ${name}`).toMatchObject(wanted);
    const messages = (found?.status?.conditions ?? []).map(({message}) => message).join(' ');
    expect(messages).toContain(row.says?.[name] ?? '');
  }
  const imported = await set.member('c2').find<ServiceImport>(serviceImports, {namespace: shared, name: NAME});
  expect((imported?.status?.clusters ?? []).map(({cluster}) => cluster)).toEqual(row.exporters);
}

async function propertyIn(set: ClustersetUnderTest, id: MemberId, name: PropertyName): Promise<string | undefined> {
  return (await set.member(id).find<ClusterProperty>(clusterProperties, {name}))?.spec?.value;
}
