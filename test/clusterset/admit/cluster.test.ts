import {describe, expect, test} from 'vitest';

import type {Cluster} from '../../../src/api/kinds.ts';
import {admitCluster} from '../../../src/clusterset/admit/cluster.ts';

function aCluster(over: Cluster['spec'] = {}, metadata: Partial<Cluster['metadata']> = {}): Cluster {
  const spec = {gatewayHost: 'cluster-a.host', gatewayPort: 80, kubeconfig: 'text', ...over};
  return {apiVersion: 'flomesh.io/v1alpha1', kind: 'Cluster', metadata: {name: 'cluster-a', ...metadata}, spec};
}

const real = {development: false};

test("the seed's Cluster is let in", () => {
  expect(admitCluster(aCluster(), [], real)).toMatchObject({allowed: true, denials: [], warnings: []});
});

describe('what is refused (reference: FSM §3.2, and ours)', () => {
  const cases = [
    {name: 'an id that is no DNS label', object: aCluster({}, {name: 'a.b'}), field: 'metadata.name'},
    {name: 'an id of 64 characters', object: aCluster({}, {name: 'a'.repeat(64)}), field: 'metadata.name'},
    {name: 'no gateway', object: aCluster({gatewayHost: ''}), field: 'spec.gatewayHost'},
    {name: 'a host that is no name', object: aCluster({gatewayHost: 'a_b'}), field: 'spec.gatewayHost'},
    {name: 'a host with a scheme', object: aCluster({gatewayHost: 'https://a'}), field: 'spec.gatewayHost'},
    {
      name: 'a host that nearly is an address',
      object: aCluster({gatewayHost: '10.0.0.256'}),
      field: 'spec.gatewayHost',
    },
    {name: 'loopback', object: aCluster({gatewayHost: '127.0.0.1'}), field: 'spec.gatewayHost'},
    {name: 'loopback by name', object: aCluster({gatewayHost: 'LocalHost'}), field: 'spec.gatewayHost'},
    {name: 'loopback by a name below it', object: aCluster({gatewayHost: 'a.localhost'}), field: 'spec.gatewayHost'},
    {name: 'unspecified', object: aCluster({gatewayHost: '::'}), field: 'spec.gatewayHost'},
    {name: 'link-local', object: aCluster({gatewayHost: '169.254.169.254'}), field: 'spec.gatewayHost'},
    {name: 'port 0', object: aCluster({gatewayPort: 0}), field: 'spec.gatewayPort'},
    {name: 'port 65536', object: aCluster({gatewayPort: 65_536}), field: 'spec.gatewayPort'},
    {name: 'no kubeconfig', object: aCluster({kubeconfig: ''}), field: 'spec.kubeconfig'},
    {name: 'two kubeconfigs', object: aCluster({kubeconfigSecretRef: {name: 'x'}}), field: 'spec.kubeconfig'},
    {name: 'a slash in a part of the key', object: aCluster({region: 'a/b'}), field: 'spec.region'},
    {name: 'an empty part of the key', object: aCluster({zone: ''}), field: 'spec.zone'},
    {name: 'a network that is no label value', object: aCluster({network: 'a b'}), field: 'spec.network'},
    {
      name: 'a pod range that is none',
      object: aCluster({podCIDRs: ['10.0.0.0/8', '10.0.0.0']}),
      field: 'spec.podCIDRs[1]',
    },
  ];
  test.each(cases)('$name', ({object, field}) => {
    const {code, denials} = admitCluster(object, [], real);
    expect({code, fields: denials.map((denial) => denial.field)}).toEqual({code: 422, fields: [field]});
  });

  test('a Cluster without a spec: everything that is missing at once', () => {
    const {spec: _spec, ...bare} = aCluster();
    const fields = admitCluster(bare, [], real).denials.map(({field}) => field);
    expect(fields).toEqual(['spec.gatewayHost', 'spec.kubeconfig']);
  });
});

describe('what is let in', () => {
  const cases = [
    {name: 'an address', over: {gatewayHost: '192.0.2.1'}},
    {name: 'an IPv6 address', over: {gatewayHost: '2001:db8::1'}},
    {name: 'a name in capitals, as in the seed: DNS does not see them', over: {gatewayHost: 'cluster-A.host'}},
    {name: 'a Secret instead of a kubeconfig', over: {kubeconfig: '', kubeconfigSecretRef: {name: 'x'}}},
    {name: "the hub's own cluster needs none", over: {kubeconfig: '', isInCluster: true}},
    {
      name: 'a place and a network',
      over: {region: 'eu', zone: 'eu-1a', group: 'prod', network: 'vpc-1', podCIDRs: ['fd00::/48']},
    },
  ];
  test.each(cases)('$name', ({over}) => {
    expect(admitCluster(aCluster(over), [], real).denials).toEqual([]);
  });

  test.each(['127.0.0.1', '::1', 'localhost'])('in development: %s', (gatewayHost) => {
    expect(admitCluster(aCluster({gatewayHost}), [], {development: true}).allowed).toBe(true);
  });

  test('in development unspecified addresses are as meaningless as ever', () => {
    expect(admitCluster(aCluster({gatewayHost: '0.0.0.0'}), [], {development: true}).allowed).toBe(false);
  });
});

describe('two Clusters with one gateway: the younger is refused (design §10)', () => {
  const at = (name: string, creationTimestamp?: string, over: Cluster['spec'] = {}) =>
    aCluster(over, {name, ...(creationTimestamp === undefined ? {} : {creationTimestamp})});
  const first = '2026-01-01T00:00:00Z';
  const second = '2026-01-01T00:00:01Z';
  const cases = [
    {name: 'created now', object: at('b'), other: at('a', first), denied: true, warned: false},
    {name: 'the younger', object: at('b', second), other: at('a', first), denied: true, warned: false},
    {
      name: 'the older: told that the other will go',
      object: at('b', first),
      other: at('a', second),
      denied: false,
      warned: true,
    },
    {name: 'of the same second: by name', object: at('b', first), other: at('a', first), denied: true, warned: false},
    {
      name: 'the host in other letters',
      object: at('b', second, {gatewayHost: 'CLUSTER-A.host'}),
      other: at('a', first),
      denied: true,
      warned: false,
    },
    {name: 'the default port', object: at('b', second), other: at('a', first), denied: true, warned: false},
    {
      name: 'another port',
      object: at('b', second, {gatewayPort: 81}),
      other: at('a', first),
      denied: false,
      warned: false,
    },
    {name: 'itself', object: at('a', first), other: at('a', first), denied: false, warned: false},
    {
      name: 'one without a gateway',
      object: at('b', second),
      other: at('a', first, {gatewayHost: ''}),
      denied: false,
      warned: false,
    },
  ];
  test.each(cases)('$name', ({object, other, denied, warned}) => {
    const {denials, warnings} = admitCluster(object, [other], real);
    expect([denials.length > 0, warnings.length > 0]).toEqual([denied, warned]);
    for (const {message} of [...denials, ...warnings])
      expect(message).toContain('Cluster a has the gateway cluster-a.host:80');
  });

  test('a port that is not set is 80', () => {
    const {gatewayPort: _port, ...spec} = aCluster().spec ?? {};
    const unset = {...aCluster({}, {name: 'b'}), spec};
    expect(admitCluster(unset, [at('a', first)], real).allowed).toBe(false);
  });
});
