import {describe, expect, test} from 'vitest';

import type {FlomeshServiceImport, ImportPolicy, ServiceImport} from '../../../src/api/kinds.ts';
import {admitImport} from '../../../src/clusterset/admit/import.ts';
import {anImportPolicy, aView} from '../fixtures.ts';

type Spec = NonNullable<ServiceImport['spec']>;
const SPEC: Spec = {
  type: 'ClusterSetIP',
  ports: [{name: 'http', port: 80, protocol: 'TCP'}],
  ips: ['10.101.0.7'],
  ipFamilies: ['IPv4'],
};

function standard(over: Partial<Spec> = {}, rest: Partial<ServiceImport> = {}): ServiceImport {
  const metadata = {namespace: 'bar', name: 'foo'};
  return {
    apiVersion: 'multicluster.x-k8s.io/v1beta1',
    kind: 'ServiceImport',
    metadata,
    spec: {...SPEC, ...over},
    ...rest,
  };
}

function flomesh(spec?: FlomeshServiceImport['spec'], namespace = 'bar'): FlomeshServiceImport {
  const object: FlomeshServiceImport = {
    apiVersion: 'flomesh.io/v1alpha1',
    kind: 'ServiceImport',
    metadata: {namespace, name: 'foo'},
  };
  return spec === undefined ? object : {...object, spec};
}

const endpoint = (clusterKey: string, port = 80) => ({
  clusterKey,
  target: {host: 'a.example.org', ip: '192.0.2.1', port, path: '/'},
});

test("the seed's import, without a spec, may be created by anyone", () => {
  expect(admitImport(flomesh(), aView(), {}).allowed).toBe(true);
});

test('what the hub and the agent write is let in', () => {
  expect(admitImport(standard(), aView(), {})).toMatchObject({allowed: true, warnings: []});
  const dual = standard({ips: ['10.101.0.7', 'fd00::7'], ipFamilies: ['IPv4', 'IPv6']});
  expect(admitImport(dual, aView(), {}).denials).toEqual([]);
});

describe('what no schema checks (reference: MCS §1.6)', () => {
  const cases: readonly {name: string; over: Partial<Spec>; fields: readonly string[]}[] = [
    {name: 'port 0', over: {ports: [{port: 0}]}, fields: ['spec.ports[0].port']},
    {name: 'port 65536', over: {ports: [{port: 65_536}]}, fields: ['spec.ports[0].port']},
    {
      name: 'an unknown protocol',
      over: {ports: [{port: 1, protocol: 'ICMP' as 'TCP'}]},
      fields: ['spec.ports[0].protocol'],
    },
    {
      name: 'a name twice',
      over: {
        ports: [
          {name: 'a', port: 1},
          {name: 'a', port: 2},
        ],
      },
      fields: ['spec.ports[1].name'],
    },
    {name: 'no name twice', over: {ports: [{port: 1}, {port: 2}]}, fields: ['spec.ports[1].name']},
    {
      name: 'a port twice, once by default',
      over: {
        ports: [
          {name: 'a', port: 1},
          {name: 'b', port: 1, protocol: 'TCP'},
        ],
      },
      fields: ['spec.ports[1].port'],
    },
    {name: 'an address that is none', over: {ips: ['ten']}, fields: ['spec.ips[0]']},
    {name: 'a special-range address', over: {ips: ['169.254.169.254']}, fields: ['spec.ips[0]']},
    {
      name: 'the wrong order',
      over: {ips: ['10.0.0.1', 'fd00::1'], ipFamilies: ['IPv6', 'IPv4']},
      fields: ['spec.ips[0]', 'spec.ips[1]'],
    },
    {
      name: 'more addresses than families',
      over: {ips: ['10.0.0.1', 'fd00::1'], ipFamilies: ['IPv4']},
      fields: ['spec.ips[1]'],
    },
    {name: 'addresses of a headless import', over: {type: 'Headless', ips: ['10.0.0.1']}, fields: ['spec.ips']},
    {name: 'a family twice', over: {ips: [], ipFamilies: ['IPv4', 'IPv4']}, fields: ['spec.ipFamilies']},
    {name: 'a family that is none', over: {ips: [], ipFamilies: ['IPv5' as 'IPv4']}, fields: ['spec.ipFamilies[0]']},
    {name: 'an unknown affinity', over: {sessionAffinity: 'Cookie'}, fields: ['spec.sessionAffinity']},
    {
      name: 'a timeout of 0',
      over: {sessionAffinityConfig: {clientIP: {timeoutSeconds: 0}}},
      fields: ['spec.sessionAffinityConfig.clientIP.timeoutSeconds'],
    },
    {
      name: 'a timeout of over a day',
      over: {sessionAffinityConfig: {clientIP: {timeoutSeconds: 86_401}}},
      fields: ['spec.sessionAffinityConfig.clientIP.timeoutSeconds'],
    },
  ];
  test.each(cases)('$name', ({over, fields}) => {
    const {code, denials} = admitImport(standard(over), aView(), {});
    expect({code, fields: denials.map(({field}) => field)}).toEqual({code: 422, fields});
  });

  test('the first and the last port are ports', () => {
    const ports = [
      {name: 'first', port: 1},
      {name: 'last', port: 65_535},
    ];
    expect(admitImport(standard({ports}), aView(), {}).allowed).toBe(true);
  });

  test('addresses without families yet are let in: the agent writes both', () => {
    const {ipFamilies: _families, ...spec} = SPEC;
    expect(admitImport({...standard(), spec}, aView(), {}).allowed).toBe(true);
  });

  test('a cluster id in the status that is no label', () => {
    const status = {clusters: [{cluster: 'cluster-1'}, {cluster: 'a.b'}]};
    const fields = admitImport(standard({}, {status}), aView(), {}).denials.map(({field}) => field);
    expect(fields).toEqual(['status.clusters[1].cluster']);
  });

  test('a flomesh import is checked like a standard one, its endpoints too', () => {
    const spec = {ports: [{port: 0, endpoints: [endpoint('cluster-1', 0)]}]};
    const fields = admitImport(flomesh(spec), aView(), {}).denials.map(({field}) => field);
    expect(fields).toEqual(['spec.ports[0].port', 'spec.ports[0].endpoints[0].target.port']);
  });

  test('a name that no Service can have, and a protected namespace', () => {
    const object = standard({}, {metadata: {namespace: 'kube-public', name: 'a.b'}});
    const {code, denials} = admitImport(object, aView(), {});
    expect(code).toBe(403);
    expect(denials.map(({field}) => field)).toEqual(['metadata.namespace', 'metadata.name']);
    expect(admitImport(flomesh(undefined, 'ocean'), aView(), {ownNamespace: 'ocean'}).code).toBe(403);
  });
});

describe('updates', () => {
  test('a spec that stays as it was is not judged again: labels and finalizers can be changed', () => {
    const oldObject = standard({ports: [{port: 0}]});
    expect(admitImport(oldObject, aView(), {oldObject}).allowed).toBe(true);
    expect(admitImport(standard({ports: [{port: 0}, {name: 'a', port: 1}]}), aView(), {oldObject}).allowed).toBe(false);
  });

  test('a type that flips is a warning', () => {
    const {ips: _ips, ...spec} = SPEC;
    const object: ServiceImport = {...standard(), spec: {...spec, type: 'Headless'}};
    const {allowed, warnings} = admitImport(object, aView(), {oldObject: standard()});
    expect([allowed, warnings.map(({field}) => field)]).toEqual([true, ['spec.type']]);
  });

  test('a wish that is filled does not flip', () => {
    const object = flomesh({type: 'Headless', ports: []});
    expect(admitImport(object, aView(), {oldObject: flomesh()})).toMatchObject({allowed: true, warnings: []});
  });

  test('policies judge only what is new: what they forbid can still be emptied', () => {
    const view = aView({importPolicies: [anImportPolicy('closed', {rules: [{name: 'all', action: 'Deny'}]})]});
    expect(admitImport(standard(), view, {}).code).toBe(403);
    expect(admitImport(standard({ips: []}), view, {oldObject: standard()}).allowed).toBe(true);
  });
});

describe('ImportPolicies', () => {
  type Rules = NonNullable<NonNullable<ImportPolicy['spec']>['rules']>;
  const denied = (rules: Rules, object: ServiceImport | FlomeshServiceImport, enforcement?: 'Warn' | 'Audit') =>
    admitImport(
      object,
      aView({importPolicies: [anImportPolicy('border', {rules, ...(enforcement === undefined ? {} : {enforcement})})]}),
      {},
    );
  const from = (...keys: string[]) => flomesh({ports: [{port: 80, endpoints: keys.map((key) => endpoint(key))}]});

  const cases: readonly {name: string; rules: Rules; object: ServiceImport | FlomeshServiceImport; allowed: boolean}[] =
    [
      {
        name: 'no rule matches',
        rules: [{name: 'a', action: 'Deny', services: ['x']}],
        object: standard(),
        allowed: true,
      },
      {name: 'Deny', rules: [{name: 'a', action: 'Deny'}], object: standard(), allowed: false},
      {
        name: 'Allow before Deny',
        rules: [
          {name: 'a', action: 'Allow'},
          {name: 'b', action: 'Deny'},
        ],
        object: standard(),
        allowed: true,
      },
      {
        name: 'sources that are not known yet: a denial for some waits',
        rules: [{name: 'a', action: 'Deny', sourceClusters: ['cluster-1']}],
        object: standard(),
        allowed: true,
      },
      {
        name: 'sources that are not known yet: what some may send is let in',
        rules: [
          {name: 'a', action: 'Allow', sourceClusters: ['cluster-1']},
          {name: 'b', action: 'Deny'},
        ],
        object: standard(),
        allowed: true,
      },
      {
        name: 'a source that may not',
        rules: [{name: 'a', action: 'Deny', sourceClusters: ['cluster-1']}],
        object: from('default/default/default/cluster-1'),
        allowed: false,
      },
      {
        name: 'a source named by its long key',
        rules: [{name: 'a', action: 'Deny', sourceClusters: ['default/default/default/cluster-1']}],
        object: from('cluster-1'),
        allowed: false,
      },
      {
        name: 'a source that may',
        rules: [{name: 'a', action: 'Deny', sourceClusters: ['cluster-1']}],
        object: from('default/default/default/cluster-3'),
        allowed: true,
      },
      {
        name: 'a source that nobody knows',
        rules: [{name: 'a', action: 'Deny', sourceClusters: ['cluster-9']}],
        object: from('cluster-9'),
        allowed: false,
      },
      {
        name: 'the own cluster is no source',
        rules: [{name: 'a', action: 'Deny', sourceClusters: ['cluster-2']}],
        object: from('cluster-2'),
        allowed: true,
      },
      {
        name: 'a denial for some consumers leaves the import to the others',
        rules: [{name: 'a', action: 'Deny', consumerNamespaces: ['x']}],
        object: standard(),
        allowed: true,
      },
      {
        name: 'and the next rule decides for them',
        rules: [
          {name: 'a', action: 'Deny', consumerNamespaces: ['x']},
          {name: 'b', action: 'Deny'},
        ],
        object: standard(),
        allowed: false,
      },
      {
        name: 'a condition that does not compile but got in forbids',
        rules: [{name: 'a', action: 'Allow', cel: '1 +'}],
        object: standard(),
        allowed: false,
      },
      {
        name: 'a condition about a source that is not known yet forbids nothing yet',
        rules: [{name: 'a', action: 'Deny', cel: 'source.id == "cluster-1"'}],
        object: standard(),
        allowed: true,
      },
      {
        name: 'a condition about the service alone is judged at once',
        rules: [{name: 'a', action: 'Deny', cel: 'service.metadata.name.startsWith("f")'}],
        object: standard(),
        allowed: false,
      },
    ];
  test.each(cases)('$name', ({rules, object, allowed}) => {
    const admission = denied(rules, object);
    expect(admission.allowed).toBe(allowed);
    expect(admission.code).toBe(allowed ? undefined : 403);
    for (const {message} of admission.denials) expect(message).toMatch(/^ImportPolicy border, rule [ab]: /);
    const broken = rules.some(({cel}) => cel === '1 +');
    for (const {message} of admission.denials) expect(message.includes('could not be evaluated')).toBe(broken);
  });

  test('Warn and Audit let in', () => {
    const rules: Rules = [{name: 'a', action: 'Deny'}];
    expect(denied(rules, standard(), 'Warn')).toMatchObject({allowed: true, warnings: [{rule: 'a'}], audits: []});
    expect(denied(rules, standard(), 'Audit')).toMatchObject({allowed: true, warnings: [], audits: [{rule: 'a'}]});
  });
});
