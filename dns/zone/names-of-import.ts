import {isDnsLabel} from '../../src/api/names.ts';
import type {Protocol} from '../../src/api/kinds.ts';
import type {ImportView, SliceView} from '../../src/clusterset/view.ts';
import {parseAddress} from '../wire/address.ts';
import type {Address} from '../wire/address.ts';
import type {WireName} from '../wire/name.ts';
import {spreadOf} from './address-spread.ts';
import type {Outcome} from './import-facts.ts';
import {addAddress, addService, NodeTree} from './node-tree.ts';
import type {SkippedName, ZoneNode} from './node-tree.ts';
import type {GatewayAnswer} from './routing.ts';

export interface NamesOfImport {
  /** Every name that exists because of the import, empty non-terminals included; empty: NXDOMAIN for all of them. */
  readonly nodes: ReadonlyMap<WireName, ZoneNode>;
  /** Names that don't fit DNS (rules D11, D17). */
  readonly skipped: readonly SkippedName[];
  /** In a word, for `_why`. */
  readonly outcome: Outcome;
}

export interface Around {
  /** Wire name of `<service>.<namespace>.svc.<zone>`. */
  readonly base: WireName;
  /** Headless: whether the endpoints of a cluster are answered. */
  readonly answers: (cluster: string) => boolean;
  /** No exporter is let in by the ImportPolicies. */
  readonly isRefused: boolean;
  /** `vips`: the import's `ips`. Otherwise the gateways to answer in their place; undefined: there is none to answer. */
  readonly gateways: 'vips' | GatewayAnswer | undefined;
  /** Cluster ids of several labels. */
  readonly dottedIds: ReadonlySet<string>;
}

/**
 * The records of one import, by the multi-cluster DNS specification 1.0.0 (KEP-1645; rules D4 to D11 and D16, D17 of the
 * checklist). Pure.
 */
export function namesOfImport(service: ImportView, around: Around): NamesOfImport {
  const tree = new NodeTree(around.base);
  const outcome = addImport(tree, service, around);
  return {nodes: tree.nodes, skipped: tree.skipped, outcome};
}

function addImport(tree: NodeTree, service: ImportView, around: Around): Outcome {
  if (service.type === 'Headless') {
    for (const slice of service.slices) if (around.answers(slice.sourceCluster)) addSlice(tree, slice, around);
    return tree.nodes.size > 0 ? 'Endpoints' : 'NoEndpoint';
  }
  if (around.isRefused) return addClusterSetIP(tree, service, {addresses: []}, 'ImportPolicy');
  if (around.gateways === undefined) return addClusterSetIP(tree, service, {addresses: []}, 'NoGateway');
  if (around.gateways !== 'vips') return addGateways(tree, service, around.gateways);
  const addresses = service.ips.map((ip) => parseAddress(ip));
  return addClusterSetIP(tree, service, {addresses}, addresses.length > 0 ? 'Addresses' : 'NoAddress');
}

function addGateways(tree: NodeTree, service: ImportView, {port, clusters}: GatewayAnswer): Outcome {
  const addresses = clusters.flatMap((cluster) => cluster.addresses);
  const outcome = addClusterSetIP(tree, service, {addresses, port}, 'Gateways');
  const own = tree.nodes.get(tree.base);
  if (own) own.spread = spreadOf(clusters);
  return outcome;
}

/**
 * D4, D5. Names exist while there is no address yet (NODATA), so that a name never flaps between the two negative answers.
 *
 * @param answer - `port`: the only one that means at the addresses what it means in the import; undefined: all of them
 */
function addClusterSetIP(
  tree: NodeTree,
  service: ImportView,
  answer: {readonly addresses: readonly (Address | undefined)[]; readonly port?: number},
  outcome: Outcome,
): Outcome {
  const own = tree.node([]);
  if (!own) return outcome;
  for (const address of answer.addresses) if (address) addAddress(own, address);
  for (const port of service.ports) {
    const named = port.name ? tree.node(portLabels(port.name, port.protocol ?? 'TCP')) : undefined;
    // An SRV record whose target has no address, or another port, says that something is there when nothing is.
    if (own.addresses === undefined || !isAnswered(port, answer.port)) continue;
    addService(own, tree.base, port.port);
    if (named) addService(named, tree.base, port.port);
  }
  return outcome;
}

/** Gateways carry TCP alone. */
function isAnswered({port, protocol = 'TCP'}: ImportView['ports'][number], only: number | undefined): boolean {
  return only === undefined || (port === only && protocol === 'TCP');
}

/** D6 to D10, D16: `conditions.ready` decides, and unset counts as ready. */
function addSlice(tree: NodeTree, slice: SliceView, {dottedIds}: Around): void {
  const clusterLabels = slice.sourceCluster.split('.');
  for (const endpoint of slice.endpoints) {
    if (endpoint.conditions?.ready === false) continue;
    for (const text of endpoint.addresses) {
      const address = parseAddress(text);
      const own = address && tree.node([]);
      if (!own) continue;
      addAddress(own, address);
      const labels = [endpointLabel(endpoint.hostname, address.text), ...clusterLabels];
      const host = isClusterName(labels, dottedIds) ? skipClusterName(tree, labels) : tree.node(labels);
      const target = host && tree.nameOf(labels);
      if (!host || target === undefined) continue;
      addAddress(host, address);
      addPorts(tree, own, {target, ports: slice.ports});
    }
  }
}

/** D11: host `eu` of cluster `west` would stand where cluster `eu.west` may have no record. */
function isClusterName(labels: readonly string[], dottedIds: ReadonlySet<string>): boolean {
  return dottedIds.size > 0 && dottedIds.has(labels.join('.').toLowerCase());
}

function skipClusterName(tree: NodeTree, labels: readonly string[]): undefined {
  tree.skip(labels, `it is reserved for the cluster ${labels.join('.')}`);
}

function addPorts(tree: NodeTree, own: ZoneNode, at: {target: WireName; ports: SliceView['ports']}): void {
  for (const port of at.ports) {
    addService(own, at.target, port.port);
    const named = port.name ? tree.node(portLabels(port.name, port.protocol)) : undefined;
    if (named) addService(named, at.target, port.port);
  }
}

/** `_http._tcp` (RFC 2782). */
function portLabels(name: string, protocol: Protocol): readonly string[] {
  return [`_${name}`, `_${protocol.toLowerCase()}`];
}

/** D9. A dashed IPv6 address that begins or ends with a dash gets a zero there, so that it is a legal label. */
function endpointLabel(hostname: string | undefined, address: string): string {
  if (hostname && isDnsLabel(hostname.toLowerCase())) return hostname;
  return address.replace(/[.:]/g, '-').replace(/^-/, '0-').replace(/-$/, '-0');
}
