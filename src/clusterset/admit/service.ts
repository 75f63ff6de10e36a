import type {Service} from '../../api/kinds.ts';
import {ALLOW_TYPE_CHANGE_ANNOTATION} from '../../api/names.ts';
import type {Admission, Finding} from '../decision.ts';
import {portKey} from '../merge-ports.ts';
import type {ImportView, View} from '../view.ts';
import {conclude, inField} from './conclude.ts';

const at = inField('Service');
const warn = (message: string): Finding => ({source: 'Service', message});

/**
 * What a change of an exported Service means for the clusters that import it: warnings only, whatever it is (design §8). Silent
 * about Services that this cluster does not export.
 *
 * @param object - undefined: it is being deleted
 */
export function admitServiceChange(object: Service | undefined, oldObject: Service, view: View): Admission {
  const {namespace = '', name} = oldObject.metadata;
  const key = `${namespace}/${name}`;
  const imported = view.imports.get(key);
  if (!view.exports.has(key) || imported?.clusters.includes(view.clusterId) !== true) return conclude({});
  const isGone = object === undefined || object.spec?.type === 'ExternalName';
  return conclude({
    warnings: isGone
      ? [whatEnds(object, imported, view.clusterId)]
      : [...whatFlips(object, imported), ...whatIsLost(object, oldObject, {imported, own: view.clusterId})],
  });
}

function whatEnds(object: Service | undefined, imported: ImportView, own: string): Finding {
  const reason = object === undefined ? 'NoService' : 'InvalidServiceType';
  const rest = imported.clusters.filter((cluster) => cluster !== own);
  const then = rest.length === 0 ? 'its import is deleted in every cluster' : `${rest.join(', ')} serve it alone`;
  return warn(`the Service is exported: its ServiceExport becomes Valid=False, ${reason}, and ${then}`);
}

/** Whether it decides the type is not known here, where the ages of other exports aren't. */
function whatFlips({spec}: Service, {type}: ImportView): readonly Finding[] {
  const after = spec?.clusterIP === 'None' ? 'Headless' : 'ClusterSetIP';
  if (after === type) return [];
  const message = `the import is ${type} and stays so while it is in use (TypeConflict): to change it, annotate the ServiceExport with ${ALLOW_TYPE_CHANGE_ANNOTATION}: ${after}`;
  return [at('spec.clusterIP', message)];
}

function whatIsLost(
  object: Service,
  oldObject: Service,
  {imported, own}: {readonly imported: ImportView; readonly own: string},
): readonly Finding[] {
  const kept = new Set((object.spec?.ports ?? []).map(portKey));
  const lost = (oldObject.spec?.ports ?? []).map(portKey).filter((key) => !kept.has(key));
  return lost.map((key) => {
    const others = (imported.portClusters[key] ?? imported.clusters).filter((cluster) => cluster !== own);
    const then = others.length === 0 ? 'no other cluster serves it' : `only ${others.join(', ')} serves it then`;
    return at('spec.ports', `consumers in other clusters use ${key} of this Service, and ${then}`);
  });
}
