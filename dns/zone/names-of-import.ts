import {isDnsLabel} from '../../src/api/names.ts';
import type {Protocol} from '../../src/api/kinds.ts';
import type {ImportView, SliceView} from '../../src/clusterset/view.ts';
import {parseAddress} from '../wire/address.ts';
import type {Address} from '../wire/address.ts';
import type {WireName} from '../wire/name.ts';
import {NodeTree} from './node-tree.ts';
import type {SkippedName, ZoneNode} from './node-tree.ts';

export interface NamesOfImport {
  /** Every name that exists because of the import, empty non-terminals included; empty: NXDOMAIN for all of them. */
  readonly nodes: ReadonlyMap<WireName, ZoneNode>;
  /** Names that are too long for DNS (rule D17). */
  readonly skipped: readonly SkippedName[];
}

/**
 * The records of one import, by the multi-cluster DNS specification 1.0.0 (KEP-1645; rules D4 to D11 and D16, D17 of the
 * checklist). Pure.
 *
 * @param base - wire name of `<service>.<namespace>.svc.<zone>`
 * @param reaches - whether endpoints of that cluster may be answered here: it shares the asking cluster's network
 */
export function namesOfImport(
  service: ImportView,
  base: WireName,
  reaches: (cluster: string) => boolean,
): NamesOfImport {
  const tree = new NodeTree(base);
  if (service.type === 'Headless') {
    for (const slice of service.slices) if (reaches(slice.sourceCluster)) addSlice(tree, slice);
  } else {
    addClusterSetIP(tree, service);
  }
  return {nodes: tree.nodes, skipped: tree.skipped};
}

/** D4, D5. Names exist while `ips` is still empty (NODATA), so that a name never flaps between the two negative answers. */
function addClusterSetIP(tree: NodeTree, service: ImportView): void {
  const own = tree.node([]);
  if (!own) return;
  for (const ip of service.ips) addAddress(own, parseAddress(ip));
  for (const port of service.ports) {
    const named = port.name ? tree.node(portLabels(port.name, port.protocol ?? 'TCP')) : undefined;
    // An SRV record whose target has no address says that something is there when nothing is.
    if (own.addresses.size === 0) continue;
    addService(own, tree.base, port.port);
    if (named) addService(named, tree.base, port.port);
  }
}

/** D6 to D10, D16: `conditions.ready` decides, and unset counts as ready. */
function addSlice(tree: NodeTree, slice: SliceView): void {
  const clusterLabels = slice.sourceCluster.split('.');
  for (const endpoint of slice.endpoints) {
    if (endpoint.conditions?.ready === false) continue;
    for (const text of endpoint.addresses) {
      const address = parseAddress(text);
      const own = address && tree.node([]);
      if (!own) continue;
      addAddress(own, address);
      const labels = [endpointLabel(endpoint.hostname, address.text), ...clusterLabels];
      const host = tree.node(labels);
      const target = host && tree.nameOf(labels);
      if (!host || target === undefined) continue;
      addAddress(host, address);
      addPorts(tree, own, {target, ports: slice.ports});
    }
  }
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

function addAddress(node: ZoneNode, address: Address | undefined): void {
  if (address) node.addresses.set(address.text, address);
}

function addService(node: ZoneNode, target: WireName, port: number): void {
  node.services.set(`${port} ${target}`, {target, port});
}
