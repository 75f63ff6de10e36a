import type {ImportView, View} from '../../../src/clusterset/view.ts';
import {makeImport, makeView} from '../../dns/fixture-view.ts';

/** The zone and the queries that all servers are measured with: 70% A, 10% AAAA without data, 10% SRV, 10% NXDOMAIN. */

export const NAMESPACES = 100;
const QUERIES = 10_000;

export interface BenchQuery {
  readonly name: string;
  readonly type: 'A' | 'AAAA' | 'SRV';
}

export function benchImport(i: number, ip = `10.${100 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`): ImportView {
  return makeImport(`service-${i}`, {
    namespace: `ns-${i % NAMESPACES}`,
    ips: [ip],
    ports: [{name: 'http', port: 80, protocol: 'TCP'}],
  });
}

export function benchView(imports: number): View {
  return makeView({
    namespaces: Array.from({length: NAMESPACES}, (_, i) => `ns-${i}`),
    imports: Array.from({length: imports}, (_, i) => benchImport(i)),
  });
}

/** Spread evenly over the imports by a step that is prime, so that neighbours in time are no neighbours in memory. */
export function benchQueries(imports: number): readonly BenchQuery[] {
  return Array.from({length: QUERIES}, (_, n) => {
    const i = (n * 7919) % imports;
    const base = `service-${i}.ns-${i % NAMESPACES}.svc.clusterset.local`;
    if (n % 10 === 7) return {name: base, type: 'AAAA'};
    if (n % 10 === 8) return {name: `_http._tcp.${base}`, type: 'SRV'};
    if (n % 10 === 9) return {name: `missing-${base}`, type: 'A'};
    return {name: base, type: 'A'};
  });
}
