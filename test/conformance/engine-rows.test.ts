import {describe, expect, test} from 'vitest';

import {admitCluster} from '../../src/clusterset/admit/cluster.ts';
import {MAX_ENDPOINTS, readSlices} from '../../src/clusterset/intake/read-slices.ts';
import {route} from '../../src/clusterset/route.ts';
import {aCluster, anImport, aView} from '../clusterset/fixtures.ts';
import {ENGINE_ROWS} from './engine-rows.ts';
import type {EngineRow} from './engine-rows.ts';

/** Each row by what it asks of the engine; see engine-rows.ts for the sentences. */
const ask: Readonly<Record<EngineRow['ask'], (given: string) => string>> = {
  'may a cluster have this id': (id) => {
    const object = {
      apiVersion: 'flomesh.io/v1alpha1',
      kind: 'Cluster',
      metadata: {name: id},
      spec: {gatewayHost: '192.0.2.1', isInCluster: true},
    };
    const {denials} = admitCluster(object, [], {development: false});
    return denials.length === 0 ? 'yes' : 'no';
  },
  'which clusters get the traffic of an import that these export': (exporters) => {
    const clusters = exporters.split(' ');
    const view = aView({clusters: [...clusters, 'asking'].map((id) => aCluster(id))});
    const {tiers} = route({import: anImport(clusters), view: {...view, clusterId: 'asking'}});
    return tiers.map((tier) => tier.map(({cluster, weight}) => `${cluster}:${weight}`).join(' ')).join(' then ');
  },
  'how many of so many endpoints are imported': (count) => {
    const endpoints = Array.from({length: Number(count)}, (_, i) => ({
      addresses: [`10.${20 + Math.floor(i / 60_000)}.${Math.floor(i / 240) % 250}.${1 + (i % 240)}`],
    }));
    const raw = [];
    for (let i = 0; i < endpoints.length; i += 1_000) {
      const part = endpoints.slice(i, i + 1_000);
      raw.push({metadata: {name: `s-${i}`}, addressType: 'IPv4', endpoints: part, ports: [{port: 80}]});
    }
    const rules = {cluster: 'c1', podCIDRs: [], serviceCIDRs: [], development: false};
    const {slices, faults} = readSlices(raw, rules);
    const imported = slices.reduce((sum, slice) => sum + slice.endpoints.length, 0);
    return faults.length === 0 ? String(imported) : `${imported}, and why: ${faults[0]?.reason}`;
  },
};

describe('what no API server shows, by the sentences of the standard', () => {
  test.each(ENGINE_ROWS)('$title ($given)', ({ask: question, given, answer}) => {
    expect(ask[question](given)).toBe(answer);
  });

  test('the limit is the one that the rows speak of', () => {
    expect(MAX_ENDPOINTS).toBe(5_000);
  });
});
