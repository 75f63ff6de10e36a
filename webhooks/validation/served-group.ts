import type {KubeObject} from '../../src/api/meta.ts';
import {FLOMESH_GROUP, FLOMESH_MCS_GROUP} from '../../src/api/resources.ts';

/** Objects of the group that newer FSM releases use are read as those of `flomesh.io` (design §4). */
export function asServedGroup<T extends KubeObject>(object: T): T {
  const [group, version] = object.apiVersion.split('/');
  return group === FLOMESH_MCS_GROUP ? {...object, apiVersion: `${FLOMESH_GROUP}/${version ?? ''}`} : object;
}
