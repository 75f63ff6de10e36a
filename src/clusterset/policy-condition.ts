import {compile} from '../cel/compile.ts';
import type {Compiled} from '../cel/compile.ts';
import {BOOL, DYN, listType, mapType, objectType, sameType, STRING} from '../cel/types.ts';
import type {CelType} from '../cel/types.ts';
import type {ClusterView} from './view.ts';

/** The kinds whose rules may have a condition in CEL. */
export type ConditionKind = 'ExportPolicy' | 'ImportPolicy';

const object = objectType('isthmus.Object', {
  metadata: objectType('isthmus.Metadata', {name: STRING, labels: mapType(STRING, STRING)}),
});
const cluster = objectType('isthmus.Cluster', {
  id: STRING,
  region: STRING,
  zone: STRING,
  group: STRING,
  network: STRING,
});

/** `namespaceObject` is called as in a ValidatingAdmissionPolicy; `namespace` is a reserved word of CEL. */
const VARIABLES: Record<ConditionKind, Readonly<Record<string, CelType>>> = {
  ExportPolicy: {
    service: object,
    namespaceObject: object,
    cluster,
    targetClusters: listType(STRING),
    otherExporters: listType(STRING),
  },
  ImportPolicy: {service: object, namespaceObject: object, source: cluster},
};

/**
 * Cost units that one condition may take at one decision, a twentieth of what a kube-apiserver allows: labels and lists of
 * targets come from other clusters, and a route has many decisions.
 */
export const CONDITION_COST_LIMIT = 50_000;

/**
 * Compiles a condition for rules of a kind; the error is cel-go's text with the place, and the names that there are where one isn't
 * known, or says that it is no condition.
 */
export function compileCondition(kind: ConditionKind, source: string): Compiled {
  const compiled = compile(source, {variables: VARIABLES[kind]});
  if (!compiled.ok) return {ok: false, error: withKnownNames(kind, compiled.error)};
  if (sameType(compiled.program.type, BOOL) || sameType(compiled.program.type, DYN)) return compiled;
  return {ok: false, error: 'it must evaluate to a bool'};
}

/** The first such error is followed by them; all have the same. */
function withKnownNames(kind: ConditionKind, error: string): string {
  const names = Object.keys(VARIABLES[kind]).sort().join(', ');
  return error.replace(/^(.*: undeclared reference to .*)$/m, (line) => `${line}; variables of an ${kind}: ${names}`);
}

export type ConditionOutcome =
  | {readonly state: 'Holds' | 'DoesNotHold'}
  /** It can't be compiled, failed, cost too much or gave no bool. */
  | {readonly state: 'Failed'; readonly error: string};

/** Rules live as long as the view that they are in, and so do their programs. */
const compiledRules = new WeakMap<object, Compiled>();

/** Whether the condition of a rule holds; a rule without one has nothing to hold. Never throws. */
export function judgeCondition(
  kind: ConditionKind,
  rule: {readonly cel?: string},
  bindings: Readonly<Record<string, unknown>>,
): ConditionOutcome {
  if (rule.cel === undefined) return {state: 'Holds'};
  const compiled = compiledRules.get(rule) ?? compileCondition(kind, rule.cel);
  compiledRules.set(rule, compiled);
  if (!compiled.ok) return {state: 'Failed', error: firstLine(compiled.error)};
  const outcome = compiled.program.evaluate(bindings, {costLimit: CONDITION_COST_LIMIT});
  if (!outcome.ok) return {state: 'Failed', error: firstLine(outcome.error)};
  if (typeof outcome.value !== 'boolean') return {state: 'Failed', error: 'it did not evaluate to a bool'};
  return {state: outcome.value ? 'Holds' : 'DoesNotHold'};
}

/** The rest of a compile error points into the source, which a condition's message has no room for. */
function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}

/** Whether a condition failed only because it asks for something that isn't known yet, so that it will be judged again. */
export function isUndecided(error: string, variable: string): boolean {
  return error === `no such attribute(s): ${variable}`;
}

/** What conditions know of a service and its namespace. */
export function subjectBindings(subject: {
  readonly namespace: string;
  readonly name: string;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly serviceLabels: Readonly<Record<string, string>>;
}): Readonly<Record<string, unknown>> {
  return {
    service: {metadata: {name: subject.name, labels: subject.serviceLabels}},
    namespaceObject: {metadata: {name: subject.namespace, labels: subject.namespaceLabels}},
  };
}

/** What conditions know of a cluster beside its id. */
export type ClusterPlace = Pick<ClusterView, 'region' | 'zone' | 'group' | 'network'>;

/** What conditions know of a cluster. One that isn't known has its id and empty texts for the rest. */
export function clusterBinding(id: string, at: ClusterPlace | undefined): Readonly<Record<string, string>> {
  const {region = '', zone = '', group = '', network = ''} = at ?? {};
  return {id, region, zone, group, network};
}
