import type {FlomeshExportRule, FlomeshServiceExport, ServiceExport} from '../../api/kinds.ts';
import {clusterKey, DEFAULT_NAMESPACE} from '../../api/names.ts';
import {MCS_GROUP} from '../../api/resources.ts';
import type {Admission, Finding} from '../decision.ts';
import {judgeExport} from '../export-policy.ts';
import type {DefaultExportPolicy} from '../export-policy.ts';
import {exportedMapFaults} from '../label-syntax.ts';
import {weighRefusals} from '../policy-rules.ts';
import {isClusterNamed} from '../target-clusters.ts';
import type {View} from '../view.ts';
import {conclude, inField} from './conclude.ts';
import {previewConflicts} from './export-preview.ts';
import {judgeNamespace, judgeServiceName} from './place.ts';
import {isPort} from './ports.ts';

const SOURCE = 'ServiceExport';
const at = inField(SOURCE);

/**
 * An export of any group: what is wrong with it, what the ExportPolicies say, and a preview of what it will lose to exports
 * of other clusters. A Service that isn't there is no fault: it may come later (KEP-1645), or with the same `kubectl apply`.
 *
 * @param options - `ownNamespace`: the one that Isthmus itself runs in. `defaultExportPolicy`: of exports without a rule
 */
export function admitExport(
  object: ServiceExport | FlomeshServiceExport,
  view: View,
  options: {readonly ownNamespace?: string; readonly defaultExportPolicy?: DefaultExportPolicy} = {},
): Admission {
  const {namespace = '', name} = object.metadata;
  const standard = isStandard(object) ? object.spec : undefined;
  const flomesh = isStandard(object) ? undefined : object.spec;
  const refusals = judgeExport(
    {
      namespace,
      name,
      namespaceLabels: view.namespaces.get(namespace)?.labels ?? {},
      serviceLabels: view.services.get(`${namespace}/${name}`)?.labels ?? {},
      targetClusters: flomesh?.targetClusters ?? [],
      otherExporters: otherExporters(namespace, name, view),
      cluster: {id: view.clusterId, at: view.clusters.get(view.clusterId)},
    },
    view.exportPolicies,
    options.defaultExportPolicy,
  );
  const policies = weighRefusals(refusals);
  return conclude({
    forbidden: [...judgeNamespace(SOURCE, namespace, options.ownNamespace ?? DEFAULT_NAMESPACE), ...policies.forbidden],
    invalid: [
      ...judgeServiceName(SOURCE, namespace, name),
      ...judgeExportedMap(standard?.exportedLabels, 'label', 'spec.exportedLabels'),
      ...judgeExportedMap(standard?.exportedAnnotations, 'annotation', 'spec.exportedAnnotations'),
      ...(flomesh?.rules ?? []).flatMap(judgeRule),
    ],
    warnings: [
      ...policies.warnings,
      ...warnOfApiServer(namespace, name),
      ...warnOfTargets(flomesh?.targetClusters ?? [], view),
      ...warnOfRulePorts(flomesh?.rules ?? [], `${namespace}/${name}`, view),
      ...previewConflicts(namespace, name, view),
    ],
    audits: policies.audits,
  });
}

function isStandard(object: ServiceExport | FlomeshServiceExport): object is ServiceExport {
  return object.apiVersion.startsWith(`${MCS_GROUP}/`);
}

/** Who is there already when this cluster comes: two that are both in don't refuse each other. */
function otherExporters(namespace: string, name: string, view: View): readonly string[] {
  const imported = view.imports.get(`${namespace}/${name}`);
  // Also those that this cluster doesn't let in: they export it.
  const exporters = [...(imported?.clusters ?? []), ...(imported?.refused ?? []).map(({cluster}) => cluster)].sort();
  return exporters.includes(view.clusterId) ? [] : exporters;
}

function judgeExportedMap(
  map: Readonly<Record<string, string>> | undefined,
  of: 'label' | 'annotation',
  field: string,
): readonly Finding[] {
  return exportedMapFaults(map ?? {}, of).map(({key, message}) => at(`${field}[${key}]`, message));
}

function judgeRule(rule: FlomeshExportRule, index: number): readonly Finding[] {
  const field = `spec.rules[${index}]`;
  const findings: Finding[] = [];
  if (rule.portNumber !== undefined && !isPort(rule.portNumber)) {
    findings.push(at(`${field}.portNumber`, `${rule.portNumber} is not a port: use 1 to 65535`));
  }
  if (rule.path !== undefined && !rule.path.startsWith('/')) {
    findings.push(at(`${field}.path`, `path ${JSON.stringify(rule.path)} must begin with '/'`));
  }
  return findings;
}

/** Lawful (KEP-1645 forbids no Service), and never meant: every cluster has one of this name, and they are not the same. */
function warnOfApiServer(namespace: string, name: string): readonly Finding[] {
  if (namespace !== 'default' || name !== 'kubernetes') return [];
  const message =
    "Service default/kubernetes is this cluster's own API server: its consumers would reach that of another cluster; delete this export unless that is meant";
  return [{source: SOURCE, message}];
}

/** Only a warning: the cluster may join later. */
function warnOfTargets(targets: readonly string[], view: View): readonly Finding[] {
  const known = [...view.clusters.values()].map((cluster) => ({
    id: cluster.id,
    key: clusterKey({...cluster, name: cluster.id}),
  }));
  return targets.flatMap((target, index) => {
    if (known.some((cluster) => isClusterNamed(target, cluster))) return [];
    const message = `no cluster ${target} is known here: the export does not reach it until one joins`;
    return [at(`spec.targetClusters[${index}]`, message)];
  });
}

function warnOfRulePorts(rules: readonly FlomeshExportRule[], key: string, view: View): readonly Finding[] {
  const service = view.services.get(key);
  if (service === undefined) return [];
  return rules.flatMap(({portNumber}, index) => {
    if (portNumber === undefined || service.ports.some(({port}) => port === portNumber)) return [];
    const message = `Service ${key} has no port ${portNumber}: the rule has no effect until it does`;
    return [at(`spec.rules[${index}].portNumber`, message)];
  });
}
