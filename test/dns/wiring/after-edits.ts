import type {KubeObject} from '../../../src/api/meta.ts';
import type {ClusterDnsObjects, ConfigMap, Edit} from '../../../dns/wiring/cluster-dns-objects.ts';
import {configMap} from './cluster-dns-samples.ts';

/** The objects as an API server has them after these edits. */
export function afterEdits(objects: ClusterDnsObjects, edits: readonly Edit[]): ClusterDnsObjects {
  return edits.reduce(afterEdit, objects);
}

function afterEdit(objects: ClusterDnsObjects, edit: Edit): ClusterDnsObjects {
  const isMade = edit.object === undefined;
  const blank = {...configMap(edit.name, undefined), kind: edit.resource.kind};
  const changed = withField(edit.object ?? blank, edit);
  switch (edit.resource.kind) {
    case 'ConfigMap': {
      const configMaps = new Map<string, ConfigMap>([...objects.configMaps, [edit.name, changed]]);
      const isEmpty = Object.keys((changed as ConfigMap).data ?? {}).length === 0;
      // What writeEdit does with objects of ours; here they are those that the samples don't have.
      if (!isMade && isEmpty && edit.name === 'coredns-custom')
        configMaps.set(edit.name, configMap(edit.name, undefined));
      return {...objects, configMaps};
    }
    case 'HelmChartConfig':
      return {...objects, chartConfig: changed};
    default:
      return {...objects, operator: changed};
  }
}

function withField(object: KubeObject, {field: [outer, inner], after, annotations}: Edit): KubeObject {
  const there = (object as unknown as Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>)[outer];
  const {[inner]: _, ...others} = there ?? {};
  const fields = after === undefined ? others : {...others, [inner]: after};
  const all = Object.entries({...object.metadata.annotations, ...annotations}).filter(([, value]) => value !== null);
  const {annotations: __, ...metadata} = object.metadata;
  const kept =
    all.length === 0 ? metadata : {...metadata, annotations: Object.fromEntries(all) as Record<string, string>};
  return {...object, metadata: kept, ...{[outer]: fields}};
}
