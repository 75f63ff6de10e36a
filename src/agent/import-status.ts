import type {ImportPort, Service, ServiceImport} from '../api/kinds.ts';
import type {Condition, KubeObject} from '../api/meta.ts';
import {nextCondition} from '../api/meta.ts';
import {CARRIED_CONDITION} from '../api/names.ts';
import {apiVersionOf, serviceImports} from '../api/resources.ts';
import {derivedAddresses} from './derived-service.ts';
import type {HeadlessReach} from './headless-reach.ts';
import {familiesOf} from './import-view.ts';

/** The agent's part of an import's spec (design §3): the addresses of its derived Service and their families, in that order. */
export function buildImportAddresses(object: ServiceImport, ips: readonly string[]): KubeObject {
  return {
    apiVersion: apiVersionOf(serviceImports),
    kind: 'ServiceImport',
    metadata: seen(object),
    // Without a spec at all where there is no address: an empty one would leave an empty claim behind.
    ...(ips.length === 0 ? {} : {spec: {ips, ipFamilies: familiesOf(ips)}}),
  };
}

export interface ImportStatusFacts {
  readonly derived: Service | undefined;
  readonly refusal: AddressRefused | undefined;
  /** Of a headless import; undefined: not in the view. */
  readonly reach: HeadlessReach | undefined;
  /** What of it is left out here. */
  readonly notes: readonly string[];
}

/** The agent's conditions of an import: `Ready` (KEP-1645) and `isthmus.dev/Carried`. */
export function buildImportConditions(
  object: ServiceImport,
  facts: ImportStatusFacts,
  nowMs: number,
): KubeObject & {status: {conditions: readonly Condition[]}} {
  const before = object.status?.conditions;
  const observedGeneration = object.metadata.generation;
  const generation = observedGeneration === undefined ? {} : {observedGeneration};
  const conditions = [readyCondition(object, facts), carriedCondition(object, facts)].map((condition) =>
    nextCondition(before, {...condition, ...generation}, nowMs),
  );
  return {
    apiVersion: apiVersionOf(serviceImports),
    kind: 'ServiceImport',
    metadata: seen(object),
    status: {conditions},
  };
}

/** Why an import gets no address. */
export interface AddressRefused {
  readonly reason: 'VIPBudgetExhausted' | 'ProtectedNamespace' | 'NotImported' | 'NotAccepted';
  readonly message: string;
}

type ConditionFacts = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

function readyCondition(object: ServiceImport, facts: ImportStatusFacts): ConditionFacts {
  const condition = withoutNotes(object, facts);
  return {...condition, message: [condition.message, ...facts.notes].join('; ')};
}

function withoutNotes(object: ServiceImport, {refusal, derived}: ImportStatusFacts): ConditionFacts {
  if (object.spec?.type === 'Headless' && refusal === undefined) {
    return {type: 'Ready', status: 'True', reason: 'Ready', message: 'a headless import needs no address of its own'};
  }
  if (refusal !== undefined) return {type: 'Ready', status: 'False', ...refusal};
  const ips = derivedAddresses(derived);
  if (ips.length === 0) {
    return {type: 'Ready', status: 'False', reason: 'Pending', message: 'the derived Service has no address yet'};
  }
  return {type: 'Ready', status: 'True', reason: 'Ready', message: `gateway VIP ${ips.join(', ')}`};
}

/** Never True here: no gateway runs, so nothing was seen to carry anything (design §4: conditions turn True on evidence). */
function carriedCondition(object: ServiceImport, {reach}: ImportStatusFacts): ConditionFacts {
  const ports = object.spec?.ports ?? [];
  if (object.spec?.type === 'Headless') return headlessCarried(ports, reach);
  const uncarried = ports.filter((port) => (port.protocol ?? 'TCP') !== 'TCP');
  if (ports.length > 0 && uncarried.length === ports.length) {
    return {
      type: CARRIED_CONDITION,
      status: 'False',
      reason: 'ProtocolNotCarried',
      message: `gateways carry TCP only; not carried: ${listPorts(ports)}`,
    };
  }
  return {
    type: CARRIED_CONDITION,
    status: 'False',
    reason: 'NoGateway',
    message: `no gateway runs in this cluster; not carried: ${listPorts(ports)}`,
  };
}

/** Nobody carries anything: what can be said is that no client here has an address to connect to, and why. */
function headlessCarried(
  ports: readonly ImportPort[],
  {reached, unreached}: HeadlessReach = {reached: [], unreached: []},
): ConditionFacts {
  const why = unreached.map(({cluster, reason}) => `${cluster} (${reason})`).join(', ');
  if (reached.length === 0 && unreached.length > 0) {
    const reason = [...new Set(unreached.map((each) => each.reason))].sort().join(',');
    const message = `pods of no exporter can be reached from here: ${why}; not carried: ${listPorts(ports)}`;
    return {type: CARRIED_CONDITION, status: 'False', reason, message};
  }
  const but = why === '' ? '' : `; not reached: ${why}`;
  return {
    type: CARRIED_CONDITION,
    status: 'Unknown',
    reason: 'PodAddresses',
    message: `clients connect to pod addresses themselves; nothing of Isthmus is on the way${but}`,
  };
}

function listPorts(ports: readonly ImportPort[]): string {
  return ports.map(({port, protocol = 'TCP'}) => `${protocol}/${port}`).join(', ');
}

/**
 * The identity of the object that was looked at. Without its uid an apply that races with the hub's delete would
 * bring a deleted import back as an empty one (design §3, seen on real API servers).
 */
function seen(object: ServiceImport): KubeObject['metadata'] {
  const {name, namespace = '', uid = ''} = object.metadata;
  return {name, namespace, uid};
}
