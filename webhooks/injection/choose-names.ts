import {IMPORTS_ANNOTATION} from '../../src/api/names.ts';
import {serviceHost} from '../../src/clusterset/dns-names.ts';
import {loopbackVips} from '../../src/clusterset/loopback-vip.ts';
import type {ImportView, View} from '../../src/clusterset/view.ts';
import type {BoundName} from '../../src/mesh/static-bootstrap.ts';
import type {Pod} from './pod.ts';
import {indexOf} from './view-index.ts';

/** Why a name is not bound in this pod. It still works: by DNS and the gateway. */
export type LeftReason = 'BusyPort' | 'NotTcp' | 'LowPort' | 'OwnAlias' | 'NotImported' | 'OverLimit' | 'TooBig';

export interface Choice {
  /** By preference, the best first. */
  readonly names: readonly ImportView[];
  readonly left: ReadonlyMap<LeftReason, number>;
  /** Ports for which names were left out, sorted. */
  readonly busy: readonly number[];
}

export interface ChoiceInput {
  readonly view: View;
  readonly namespace: string;
  readonly zone: string;
  readonly busy: ReadonlySet<number>;
  /** The lowest port that a process without privileges may bind in the pod. */
  readonly lowestPort: number;
  readonly limit: number;
}

/** The names that the sidecar takes over: those of `isthmus.dev/imports`, else the pod's own namespace first (design §8). */
export function chooseNames(pod: Pod, input: ChoiceInput): Choice {
  const candidates = candidatesOf(pod, input);
  const left = new Map<LeftReason, number>();
  const busy = new Set<number>();
  const names: ImportView[] = [];
  const count = (reason: LeftReason, by = 1): void => void left.set(reason, (left.get(reason) ?? 0) + by);
  if (candidates.missing > 0) count('NotImported', candidates.missing);
  const aliases = aliasesOf(pod);
  for (const [at, candidate] of candidates.imports.entries()) {
    if (names.length === input.limit) {
      count('OverLimit', candidates.imports.length - at);
      break;
    }
    const reason = whyNot(candidate, input, aliases);
    if (reason === undefined) names.push(candidate);
    else count(reason);
    if (reason === 'BusyPort') for (const {port} of candidate.ports) if (input.busy.has(port)) busy.add(port);
  }
  return {names, left, busy: [...busy].sort((a, b) => a - b)};
}

function whyNot(candidate: ImportView, input: ChoiceInput, aliases: ReadonlySet<string>): LeftReason | undefined {
  const {ports} = candidate;
  if (ports.length === 0 || ports.some((port) => (port.protocol ?? 'TCP') !== 'TCP')) return 'NotTcp';
  // All or nothing: an alias takes the whole name, so one port that can't be bound would be a port that is refused.
  if (ports.some(({port}) => input.busy.has(port))) return 'BusyPort';
  if (ports.some(({port}) => port < input.lowestPort)) return 'LowPort';
  if (aliases.has(serviceHost(candidate.namespace, candidate.name, input.zone))) return 'OwnAlias';
  return undefined;
}

/** A hosts file is read top down, and the user's lines are first: a name that they define is theirs. */
function aliasesOf(pod: Pod): ReadonlySet<string> {
  return new Set(
    (pod.spec?.hostAliases ?? []).flatMap((alias) => alias.hostnames ?? []).map((name) => name.toLowerCase()),
  );
}

function candidatesOf(pod: Pod, input: ChoiceInput): {imports: readonly ImportView[]; missing: number} {
  const index = indexOf(input.view);
  const chosen = pod.metadata.annotations?.[IMPORTS_ANNOTATION];
  if (chosen === undefined) {
    const own = index.importsByNamespace.get(input.namespace) ?? [];
    return {imports: [...own, ...index.imports.filter((other) => other.namespace !== input.namespace)], missing: 0};
  }
  const keys = new Set(chosen.split(',').flatMap((part) => toKey(part.trim(), input.namespace) ?? []));
  const imports = [...keys]
    .map((key) => input.view.imports.get(key))
    .filter((found) => found?.type === 'ClusterSetIP')
    .filter((found) => found !== undefined);
  return {imports, missing: keys.size - imports.length};
}

/** `name` means the pod's own namespace; `namespace/name` any. */
function toKey(text: string, namespace: string): string | undefined {
  if (text === '') return undefined;
  return text.includes('/') ? text : `${namespace}/${text}`;
}

/** Gives each name its loopback VIP: the same names get the same addresses, in whatever order they come. */
export function bindNames(names: readonly ImportView[]): BoundName[] {
  const vips = loopbackVips(names.map((name) => `${name.namespace}/${name.name}`));
  return names.flatMap((name) => {
    const vip = vips.get(`${name.namespace}/${name.name}`);
    return vip === undefined ? [] : [{import: name, vip}];
  });
}
