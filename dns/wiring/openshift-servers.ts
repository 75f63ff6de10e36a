import type {DnsTarget} from './dns-target.ts';
import {isInZone} from './server-label.ts';

/** An entry of `spec.servers` of `dns.operator.openshift.io/v1`, as far as we look at it. */
export interface OperatorServer {
  readonly name?: string;
  readonly zones?: readonly string[];
}

export type WiredServers =
  {readonly ok: true; readonly servers: readonly OperatorServer[]} | {readonly ok: false; readonly because: string};

/** The name says that the entry is ours. */
const OURS = 'isthmus-dns';

/**
 * The servers of the DNS operator with ours among them; where it is already it keeps its place. One of our name with other zones in it is
 * not ours any more, or never was.
 */
export function wireServers(servers: readonly OperatorServer[] | undefined, target: DnsTarget): WiredServers {
  const foreign = (servers ?? []).find((one) => one.name === OURS && !isOurs(one, target.zone));
  if (foreign !== undefined) {
    const zones = (foreign.zones ?? []).join(', ');
    return {ok: false, because: `server "${OURS}" is for ${zones}: give it another name, or take those zones out`};
  }
  const others = (servers ?? []).filter(({name}) => name !== OURS);
  const taken = others.find(({zones}) => zones?.some((zone) => isInZone(zone, target.zone)));
  if (taken !== undefined) {
    const because = `server "${taken.name}" is for ${target.zone} already: remove it if Isthmus shall answer for it`;
    return {ok: false, because};
  }
  const ours = {
    name: OURS,
    zones: [target.zone],
    forwardPlugin: {policy: 'Sequential', upstreams: [target.address]},
  };
  const known = servers ?? [];
  const isKnown = known.some(({name}) => name === OURS);
  return {
    ok: true,
    servers: isKnown ? known.map((one) => (one.name === OURS ? merged(one, ours) : one)) : [...known, ours],
  };
}

/** The servers without ours; undefined where none is left: an empty list and none are the same to the operator. */
export function unwireServers(
  servers: readonly OperatorServer[] | undefined,
  zone: string,
): readonly OperatorServer[] | undefined {
  const others = (servers ?? []).filter((one) => !isOurs(one, zone));
  if (others.length === (servers ?? []).length) return servers;
  return others.length === 0 ? undefined : others;
}

function isOurs({name, zones = []}: OperatorServer, zone: string): boolean {
  return name === OURS && zones.every((one) => one === zone);
}

/** Fields that the API server adds by default are no difference. */
function merged(there: OperatorServer, ours: OperatorServer & {readonly forwardPlugin: object}): OperatorServer {
  const {forwardPlugin} = there as {forwardPlugin?: object};
  return {...there, ...ours, ...{forwardPlugin: {...forwardPlugin, ...ours.forwardPlugin}}};
}
