import {clusterIdOfKey, isDnsLabel} from '../../api/names.ts';
import {isDnsSubdomain, isLabelValue} from '../label-syntax.ts';
import type {FlomeshExportSettings} from '../member-export.ts';
import {asList, asObject, asText, fieldOf, isPortNumber, show} from './untrusted.ts';
import type {FaultList} from './untrusted.ts';

const MAX_RULES = 256;
const MAX_TARGETS = 1_000;
const MAX_PATH = 2_048;
/** More than any object may have (a whole object is at most 1.5 MiB), so that reading one costs little. */
const MAX_ENTRIES = 1_000;
const LOAD_BALANCERS: readonly string[] = ['RoundRobinLoadBalancer', 'HashingLoadBalancer', 'LeastWorkLoadBalancer'];

/**
 * `exportedLabels` or `exportedAnnotations`: texts only. Too many entries are refused as a whole, since dropping some would be
 * arbitrary; which of the rest an import can carry is the engine's question (`exportedMapFaults`).
 */
export function readMap(value: unknown, field: string, faults: FaultList): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  if (asObject(value) === undefined) faults.add(field, 'InvalidMap', 'it is no map and not used: give texts by name');
  const entries = Object.entries(asObject(value) ?? {});
  if (entries.length > MAX_ENTRIES) {
    faults.add(
      field,
      'TooLarge',
      `${entries.length} entries are too many and none is used: export at most ${MAX_ENTRIES}`,
    );
    return {};
  }
  const texts = entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  if (texts.length < entries.length) faults.add(field, 'InvalidMap', 'entries that are no texts are not used');
  // `__proto__` as a key of remote data must stay a key.
  return Object.fromEntries(texts);
}

/** What only a flomesh export can say. Rules and targets that can't be read are left out, and named. */
export function readSettings(spec: unknown, faults: FaultList): FlomeshExportSettings {
  const account = asText(fieldOf(spec, 'serviceAccountName'));
  const loadBalancer = asText(fieldOf(spec, 'loadBalancer'));
  const sticky = fieldOf(spec, 'sessionSticky');
  const rewrite = readRewrite(spec, faults);
  return {
    rules: readRules(fieldOf(spec, 'rules'), faults),
    targetClusters: readTargets(fieldOf(spec, 'targetClusters'), faults),
    ...(account === undefined || !isAccount(account, faults) ? {} : {serviceAccountName: account}),
    ...(loadBalancer === undefined || !isLoadBalancer(loadBalancer, faults) ? {} : {loadBalancer}),
    ...(typeof sticky === 'boolean' ? {sessionSticky: sticky} : {}),
    ...(rewrite === undefined ? {} : {pathRewrite: rewrite}),
  };
}

function readRules(value: unknown, faults: FaultList): FlomeshExportSettings['rules'] {
  const rules = asList(value);
  if (rules.length > MAX_RULES) {
    faults.add('spec.rules', 'TooLarge', `${rules.length} rules are too many and the first ${MAX_RULES} are used`);
  }
  return rules.slice(0, MAX_RULES).flatMap((rule, index) => {
    const field = `spec.rules[${index}]`;
    const portNumber = fieldOf(rule, 'portNumber');
    const path = fieldOf(rule, 'path');
    const pathType = fieldOf(rule, 'pathType');
    if (portNumber !== undefined && !isPortNumber(portNumber)) {
      faults.add(`${field}.portNumber`, 'InvalidRule', `${show(portNumber)} is not a port: use 1 to 65535`);
      return [];
    }
    if (path !== undefined && !isPath(path)) {
      faults.add(
        `${field}.path`,
        'InvalidRule',
        `${show(path)} is not a path: begin it with '/', without control characters`,
      );
      return [];
    }
    if (pathType !== 'Exact' && pathType !== 'Prefix') {
      faults.add(`${field}.pathType`, 'InvalidRule', `${show(pathType)} is not known: use Exact or Prefix`);
      return [];
    }
    return [{pathType, ...(portNumber === undefined ? {} : {portNumber}), ...(path === undefined ? {} : {path})}];
  });
}

/** It ends in the configuration of every consumer's proxies. */
function isPath(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('/') && value.length <= MAX_PATH && !/[\p{Cc}\s]/u.test(value);
}

/**
 * A target that can't be read must not open the export to all clusters, which is what an empty list means: it stays as a name
 * that no cluster has.
 */
function readTargets(value: unknown, faults: FaultList): readonly string[] {
  const targets = asList(value);
  if (value !== undefined && !Array.isArray(value)) {
    faults.add('spec.targetClusters', 'InvalidTarget', 'it is no list, so the export is for no other cluster');
    return [''];
  }
  if (targets.length > MAX_TARGETS) {
    const message = `${targets.length} clusters are too many and the first ${MAX_TARGETS} are used`;
    faults.add('spec.targetClusters', 'TooLarge', message);
  }
  const used = targets.slice(0, MAX_TARGETS).filter((target, index): target is string => {
    if (isClusterName(target)) return true;
    faults.add(`spec.targetClusters[${index}]`, 'InvalidTarget', `${show(target)} can't be the name of a cluster`);
    return false;
  });
  return targets.length > 0 && used.length === 0 ? [''] : used;
}

function isClusterName(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > 255) return false;
  const parts = value.split('/');
  return (parts.length === 1 || parts.length === 4) && isDnsLabel(clusterIdOfKey(value)) && parts.every(isLabelValue);
}

function isAccount(name: string, faults: FaultList): boolean {
  if (name === '*' || isDnsSubdomain(name)) return true;
  faults.add('spec.serviceAccountName', 'InvalidName', `${show(name)} can't be the name of a ServiceAccount`);
  return false;
}

function isLoadBalancer(name: string, faults: FaultList): boolean {
  if (LOAD_BALANCERS.includes(name)) return true;
  faults.add('spec.loadBalancer', 'InvalidRule', `${show(name)} is not known: use ${LOAD_BALANCERS.join(', ')}`);
  return false;
}

/** Both have to be there to have an effect (reference: FSM §1.2). */
function readRewrite(spec: unknown, faults: FaultList): FlomeshExportSettings['pathRewrite'] {
  const from = fieldOf(spec, 'pathRewrite', 'from');
  const to = fieldOf(spec, 'pathRewrite', 'to');
  if (from === undefined || to === undefined || from === '' || to === '') return undefined;
  if (typeof from === 'string' && isPath(to) && from.length <= MAX_PATH && !/\p{Cc}/u.test(from)) return {from, to};
  faults.add('spec.pathRewrite', 'InvalidRule', 'it is no pair of paths and is not used');
  return undefined;
}
