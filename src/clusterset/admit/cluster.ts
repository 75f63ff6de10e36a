import {isIP} from 'node:net';

import type {Cluster} from '../../api/kinds.ts';
import {isDnsLabel, memberRecordName} from '../../api/names.ts';
import {isCidr, refuseAddress} from '../addresses.ts';
import type {Admission, Finding} from '../decision.ts';
import {isDnsSubdomain, isLabelValue} from '../label-syntax.ts';
import {conclude, inField} from './conclude.ts';
import {isPort} from './ports.ts';

type Spec = NonNullable<Cluster['spec']>;

const SOURCE = 'Cluster';
const at = inField(SOURCE);
/** The schema's default. */
const DEFAULT_GATEWAY_PORT = 80;

/**
 * A `Cluster`, all but the content of its kubeconfig (FSM's rules, reference: FSM §3.2, without looking anything up in DNS:
 * a review never waits for anybody, and the name is resolved again at sync).
 *
 * @param others - the Clusters that are there, with or without this one
 * @param options - `development` allows loopback gateways
 */
export function admitCluster(
  object: Cluster,
  others: readonly Cluster[],
  options: {readonly development: boolean},
): Admission {
  const spec = object.spec ?? {};
  const duplicates = duplicateGateways(object, others);
  return conclude({
    invalid: [
      ...judgeId(object.metadata.name),
      ...judgeHost(spec, options),
      ...judgePort(spec),
      ...judgeKubeconfig(object.metadata.name, spec),
      ...judgePlace(spec),
      ...judgePodCIDRs(spec),
      ...duplicates.filter(({younger}) => younger).map(({finding}) => finding),
    ],
    warnings: duplicates.filter(({younger}) => !younger).map(({finding}) => finding),
  });
}

/** The id becomes a label value and a label of DNS names. */
function judgeId(id: string): readonly Finding[] {
  if (isDnsLabel(id)) return [];
  const message = `${JSON.stringify(id)} can't be a cluster id: use one DNS label, at most 63 lower-case letters, digits and '-'`;
  return [at('metadata.name', message)];
}

function judgeHost({gatewayHost = ''}: Spec, options: {readonly development: boolean}): readonly Finding[] {
  const field = 'spec.gatewayHost';
  if (gatewayHost === '') return [at(field, 'a gateway is needed: give the address or DNS name of the gateway')];
  if (isIP(gatewayHost) !== 0) {
    const refused = refuseAddress(gatewayHost, options);
    const message = `${gatewayHost} can't be a gateway (${refused}): give an address that other clusters reach`;
    return refused === undefined ? [] : [at(field, message)];
  }
  const host = gatewayHost.toLowerCase();
  if (isLoopbackName(host) && !options.development) {
    return [at(field, `${gatewayHost} is loopback: give a name that other clusters can resolve`)];
  }
  // Something like 10.0.0.256 is a lawful DNS name that nobody can have meant.
  if (isDnsSubdomain(host) && !/(^|\.)\d+$/.test(host)) return [];
  return [at(field, `${JSON.stringify(gatewayHost)} is neither an address nor a DNS name`)];
}

/** RFC 6761 §6.3. */
function isLoopbackName(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost');
}

function judgePort({gatewayPort = DEFAULT_GATEWAY_PORT}: Spec): readonly Finding[] {
  return isPort(gatewayPort) ? [] : [at('spec.gatewayPort', `${gatewayPort} is not a port: use 1 to 65535`)];
}

function judgeKubeconfig(
  id: string,
  {kubeconfig = '', kubeconfigSecretRef, isInCluster = false}: Spec,
): readonly Finding[] {
  const field = 'spec.kubeconfig';
  // The reference that the hub itself left where it moved an inline kubeconfig away: applied once more, the newer one counts.
  const isHubs = kubeconfigSecretRef?.name === memberRecordName(id);
  if (kubeconfig !== '' && kubeconfigSecretRef !== undefined && !isHubs) {
    return [at(field, 'there is a kubeconfigSecretRef too: leave one of the two out')];
  }
  if (kubeconfig !== '' || kubeconfigSecretRef !== undefined || isInCluster) return [];
  return [
    at(field, 'the hub needs a kubeconfig for this cluster: give it here, or name its Secret in kubeconfigSecretRef'),
  ];
}

/** Parts of the long key `region/zone/group/name`, and values of labels. */
function judgePlace(spec: Spec): readonly Finding[] {
  return (['region', 'zone', 'group', 'network'] as const).flatMap((name) => {
    const value = spec[name];
    if (value === undefined || (value !== '' && isLabelValue(value))) return [];
    const message = `${JSON.stringify(value)} can't be a ${name}: use at most 63 letters, digits, '-', '_' and '.'`;
    return [at(`spec.${name}`, message)];
  });
}

function judgePodCIDRs({podCIDRs = []}: Spec): readonly Finding[] {
  return podCIDRs.flatMap((cidr, index) =>
    isCidr(cidr) ? [] : [at(`spec.podCIDRs[${index}]`, `${JSON.stringify(cidr)} is not a range such as 10.1.0.0/16`)],
  );
}

/** One gateway can't be two clusters: what is meant for one would reach the other. The younger has to go (design §10). */
function duplicateGateways(
  object: Cluster,
  others: readonly Cluster[],
): readonly {finding: Finding; younger: boolean}[] {
  const own = gatewayOf(object);
  if (own === undefined) return [];
  return others.flatMap((other) => {
    if (other.metadata.name === object.metadata.name || gatewayOf(other) !== own) return [];
    const younger = isYounger(object, other);
    const consequence = younger ? 'give this cluster a gateway of its own' : 'that one is younger and will be left out';
    const message = `Cluster ${other.metadata.name} has the gateway ${own} too: ${consequence}`;
    return [{finding: at('spec.gatewayHost', message), younger}];
  });
}

function gatewayOf({spec = {}}: Cluster): string | undefined {
  if (spec.gatewayHost === undefined || spec.gatewayHost === '') return undefined;
  return `${spec.gatewayHost.toLowerCase()}:${spec.gatewayPort ?? DEFAULT_GATEWAY_PORT}`;
}

/** An object that is being created may have no timestamp yet: it is the youngest. Ties by name, as in all of Isthmus. */
function isYounger(object: Cluster, other: Cluster): boolean {
  const [own, its] = [ageOf(object), ageOf(other)];
  return own === its ? object.metadata.name > other.metadata.name : own > its;
}

function ageOf({metadata}: Cluster): number {
  const created = Date.parse(metadata.creationTimestamp ?? '');
  return Number.isNaN(created) ? Number.POSITIVE_INFINITY : created;
}
