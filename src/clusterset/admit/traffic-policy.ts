import type {GlobalTrafficPolicy} from '../../api/kinds.ts';
import {clusterIdOfKey, clusterKey} from '../../api/names.ts';
import type {Admission, Finding} from '../decision.ts';
import {originOf} from '../policy-origin.ts';
import {isClusterNamed} from '../target-clusters.ts';
import type {View} from '../view.ts';
import {conclude, inField} from './conclude.ts';

type Spec = NonNullable<GlobalTrafficPolicy['spec']>;
type Targets = NonNullable<Spec['targets']>;

/** What of a view is looked at. A hub has all but policies of others. */
export interface TrafficPolicyFacts extends Pick<View, 'clusterId' | 'trafficPolicies'> {
  readonly clusters: ReadonlyMap<string, {readonly region?: string; readonly zone?: string; readonly group?: string}>;
}

const TYPES: readonly string[] = ['Locality', 'FailOver', 'ActiveActive'];
const SOURCE = 'GlobalTrafficPolicy';
const at = inField(SOURCE);

/**
 * FSM's rules (reference: FSM §3.2), and what it let through: a cluster that is named twice, negative weights of any type.
 * What may come true later (a cluster that joins, an import that appears) is a warning.
 */
export function admitTrafficPolicy(object: GlobalTrafficPolicy, view: TrafficPolicyFacts): Admission {
  const {lbType = 'Locality', targets = []} = object.spec ?? {};
  return conclude({
    invalid: [...judgeType(lbType, targets), ...judgeNumbers(targets), ...judgeDuplicates(targets)],
    warnings: [...warnOfUnknown(targets, view), ...warnOfNoTraffic(lbType, targets, view), ...warnOfHubs(object, view)],
  });
}

function judgeType(lbType: Spec['lbType'] & string, targets: Targets): readonly Finding[] {
  if (!TYPES.includes(lbType)) {
    return [at('spec.lbType', `${JSON.stringify(lbType)} is not known: use Locality, FailOver or ActiveActive`)];
  }
  if (lbType === 'Locality' && targets.length > 1) {
    const message =
      'Locality keeps the traffic in one cluster, the own one or the one named: leave one target, or use ActiveActive';
    return [at('spec.targets', message)];
  }
  if (lbType === 'FailOver' && targets.length === 0) {
    return [at('spec.targets', 'FailOver needs at least one cluster to fail over to: name one in targets')];
  }
  return [];
}

function judgeNumbers(targets: Targets): readonly Finding[] {
  return targets.flatMap(({clusterKey: key, weight = 0, priority = 0}, index) => {
    const field = `spec.targets[${index}]`;
    const findings: Finding[] = [];
    if (clusterIdOfKey(key) === '') findings.push(at(`${field}.clusterKey`, 'no cluster is named: use its cluster id'));
    if (weight < 0)
      findings.push(at(`${field}.weight`, `weight ${weight} of ${key} is negative: use 0 (drained) or more`));
    if (priority < 0)
      findings.push(at(`${field}.priority`, `priority ${priority} of ${key} is negative: use 0 or more`));
    return findings;
  });
}

function judgeDuplicates(targets: Targets): readonly Finding[] {
  const seen = new Set<string>();
  return targets.flatMap(({clusterKey: key}, index) => {
    const id = clusterIdOfKey(key);
    const twice = seen.has(id);
    seen.add(id);
    return twice ? [at(`spec.targets[${index}].clusterKey`, `cluster ${id} is there twice: leave one out`)] : [];
  });
}

function warnOfUnknown(targets: Targets, view: TrafficPolicyFacts): readonly Finding[] {
  return targets.flatMap(({clusterKey: key}, index) => {
    const id = clusterIdOfKey(key);
    const cluster = view.clusters.get(id);
    const field = `spec.targets[${index}].clusterKey`;
    if (cluster === undefined) {
      return id === view.clusterId
        ? []
        : [at(field, `no cluster ${id} is known here: it gets no traffic until one joins`)];
    }
    const known = {id, key: clusterKey({...cluster, name: id})};
    return isClusterNamed(key, known) ? [] : [at(field, `cluster ${id} has the key ${known.key}, not ${key}`)];
  });
}

/** Lawful, and rarely meant. */
function warnOfNoTraffic(lbType: string, targets: Targets, view: TrafficPolicyFacts): readonly Finding[] {
  if (targets.length === 0 || targets.some(({weight = 1}) => weight > 0)) return [];
  const ownListed = targets.some(({clusterKey: key}) => clusterIdOfKey(key) === view.clusterId);
  const rest = lbType === 'Locality' || ownListed ? 'nobody' : 'nobody but the own cluster';
  return [at('spec.targets', `every target has the weight 0, so ${rest} gets traffic`)];
}

/** The hub's policy decides unless it lets itself be overridden; whoever writes one of the same name should know. */
function warnOfHubs(object: GlobalTrafficPolicy, view: TrafficPolicyFacts): readonly Finding[] {
  const {namespace = '', name} = object.metadata;
  const effective = view.trafficPolicies.get(`${namespace}/${name}`);
  if (effective === undefined || originOf(object) === 'Hub' || originOf(effective) !== 'Hub') return [];
  if (effective.spec?.allowOverride === true) return [];
  const message = `the hub has a policy for ${namespace}/${name} that does not say allowOverride: true, so this one has no effect`;
  return [{source: SOURCE, message}];
}
