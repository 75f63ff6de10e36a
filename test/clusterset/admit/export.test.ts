import {describe, expect, test} from 'vitest';

import type {FlomeshServiceExport, ServiceExport} from '../../../src/api/kinds.ts';
import {admitExport} from '../../../src/clusterset/admit/export.ts';
import type {LocalServiceView} from '../../../src/clusterset/view.ts';
import {aCluster, aLocalService, anExportPolicy, anImport, aView} from '../fixtures.ts';

function standard(spec?: ServiceExport['spec'], at = {namespace: 'bar', name: 'foo'}): ServiceExport {
  const object: ServiceExport = {apiVersion: 'multicluster.x-k8s.io/v1beta1', kind: 'ServiceExport', metadata: at};
  return spec === undefined ? object : {...object, spec};
}

function flomesh(spec?: FlomeshServiceExport['spec']): FlomeshServiceExport {
  const metadata = {namespace: 'bar', name: 'foo'};
  const object: FlomeshServiceExport = {apiVersion: 'flomesh.io/v1alpha1', kind: 'ServiceExport', metadata};
  return spec === undefined ? object : {...object, spec};
}

test("the seed's export, without a spec and before its Service is seen, is let in without a word", () => {
  expect(admitExport(flomesh(), aView())).toEqual({
    allowed: true,
    denials: [],
    code: undefined,
    warnings: [],
    audits: [],
  });
});

describe('the object itself', () => {
  const cases = [
    {
      name: 'kube-system is protected',
      object: standard(undefined, {namespace: 'kube-system', name: 'foo'}),
      code: 403,
      field: 'metadata.namespace',
    },
    {
      name: 'openshift-x is protected',
      object: standard(undefined, {namespace: 'openshift-x', name: 'foo'}),
      code: 403,
      field: 'metadata.namespace',
    },
    {
      name: "so is Isthmus' own namespace",
      object: standard(undefined, {namespace: 'isthmus-system', name: 'foo'}),
      code: 403,
      field: 'metadata.namespace',
    },
    {
      name: 'a name that no Service can have',
      object: standard(undefined, {namespace: 'bar', name: 'a.b'}),
      code: 422,
      field: 'metadata.name',
    },
    {
      name: 'a name of 64 characters',
      object: standard(undefined, {namespace: 'bar', name: 'a'.repeat(64)}),
      code: 422,
      field: 'metadata.name',
    },
    {
      name: 'a label value that is none',
      object: standard({exportedLabels: {a: 'b c'}}),
      code: 422,
      field: 'spec.exportedLabels[a]',
    },
    {
      name: 'a reserved annotation',
      object: standard({exportedAnnotations: {'isthmus.dev/ready': 'x'}}),
      code: 422,
      field: 'spec.exportedAnnotations[isthmus.dev/ready]',
    },
    {
      name: 'a port of a rule out of range',
      object: flomesh({rules: [{pathType: 'Prefix', portNumber: 0}]}),
      code: 422,
      field: 'spec.rules[0].portNumber',
    },
    {
      name: 'a path without a slash',
      object: flomesh({
        rules: [
          {pathType: 'Prefix', path: '/ok'},
          {pathType: 'Exact', path: 'x'},
        ],
      }),
      code: 422,
      field: 'spec.rules[1].path',
    },
  ] as const;
  test.each(cases)('$name: $code', ({object, code, field}) => {
    const {allowed, denials, code: given} = admitExport(object, aView());
    expect({allowed, given, fields: denials.map((denial) => denial.field)}).toEqual({
      allowed: false,
      given: code,
      fields: [field],
    });
  });

  test('the namespace that Isthmus runs in can be another one', () => {
    const object = standard(undefined, {namespace: 'ocean', name: 'foo'});
    expect(admitExport(object, aView()).allowed).toBe(true);
    expect(admitExport(object, aView(), {ownNamespace: 'ocean'}).code).toBe(403);
  });

  test('all faults at once; what may not be here at all is 403 before it is 422', () => {
    const object = standard({exportedLabels: {'': 'x', 'a': 'b c'}}, {namespace: 'kube-system', name: 'A'});
    const {denials, code} = admitExport(object, aView());
    expect(denials).toHaveLength(4);
    expect(code).toBe(403);
  });

  test('a cluster that nobody knows is a warning: it may join later', () => {
    const targetClusters = [
      'cluster-1',
      'default/default/default/cluster-3',
      'us/default/default/cluster-3',
      'cluster-9',
    ];
    const {allowed, warnings} = admitExport(flomesh({targetClusters}), aView());
    expect(allowed).toBe(true);
    expect(warnings.map(({field}) => field)).toEqual(['spec.targetClusters[2]', 'spec.targetClusters[3]']);
  });

  test("the Service of every cluster's own API server is let in with a warning", () => {
    const {allowed, warnings} = admitExport(standard(undefined, {namespace: 'default', name: 'kubernetes'}), aView());
    expect(allowed).toBe(true);
    expect(warnings.map(({message}) => message).join()).toContain("this cluster's own API server");
  });

  test('a rule for a port that the Service lacks is a warning', () => {
    const rules = [
      {pathType: 'Prefix', portNumber: 80},
      {pathType: 'Prefix', portNumber: 81},
      {pathType: 'Prefix'},
    ] as const;
    const [http] = aLocalService().ports;
    const ports = http === undefined ? [] : [http, {...http, name: 'other', port: 8080}];
    const {allowed, warnings} = admitExport(flomesh({rules}), aView({services: [aLocalService({ports})]}));
    expect(allowed).toBe(true);
    expect(warnings.map(({field}) => field)).toEqual(['spec.rules[1].portNumber']);
  });
});

describe('ExportPolicies', () => {
  const deny = {name: 'no-pay', action: 'Deny', namespaces: ['bar'], message: 'ask the pay team'} as const;

  test('a denial names the policy, the rule, what to change, and the sentence of who wrote it', () => {
    const view = aView({exportPolicies: [anExportPolicy('guard', {rules: [deny]})]});
    const {allowed, code, denials} = admitExport(standard(), view);
    expect({allowed, code}).toEqual({allowed: false, code: 403});
    expect(denials).toEqual([
      {
        source: 'ExportPolicy/guard',
        rule: 'no-pay',
        message:
          'ExportPolicy guard, rule no-pay: Service bar/foo may not be exported (ask the pay team); export a service that the rule does not match, or have the rule changed',
      },
    ]);
  });

  test('Warn lets in with the same sentence, Audit lets in and only records it', () => {
    const view = aView({
      exportPolicies: [
        anExportPolicy('warns', {enforcement: 'Warn', rules: [deny]}),
        anExportPolicy('audits', {enforcement: 'Audit', rules: [deny]}),
      ],
    });
    const {allowed, code, warnings, audits} = admitExport(standard(), view);
    expect({allowed, code}).toEqual({allowed: true, code: undefined});
    expect(warnings.map(({source}) => source)).toEqual(['ExportPolicy/warns']);
    expect(audits.map(({source}) => source)).toEqual(['ExportPolicy/audits']);
  });

  test('policies narrow each other: what one forbids no other can allow', () => {
    const allow = {name: 'all', action: 'Allow'} as const;
    const view = aView({exportPolicies: [anExportPolicy('a', {rules: [allow]}), anExportPolicy('b', {rules: [deny]})]});
    expect(admitExport(standard(), view).denials.map(({source}) => source)).toEqual(['ExportPolicy/b']);
  });

  test('several denials are told at once, by the name of the policy', () => {
    const view = aView({exportPolicies: [anExportPolicy('b', {rules: [deny]}), anExportPolicy('a', {rules: [deny]})]});
    expect(admitExport(standard(), view).denials.map(({source}) => source)).toEqual([
      'ExportPolicy/a',
      'ExportPolicy/b',
    ]);
  });

  const view = (rules: NonNullable<NonNullable<Parameters<typeof anExportPolicy>[1]>['rules']>) =>
    aView({
      namespaceLabels: {bar: {team: 'pay'}},
      services: [aLocalService({labels: {tier: 'front'}})],
      exportPolicies: [anExportPolicy('p', {rules})],
    });
  const labels = (key: string, value: string) => ({matchLabels: {[key]: value}});
  const named = (...targetClusters: string[]) => flomesh({targetClusters});

  const cases = [
    {name: 'no rules: allowed', rules: [], object: standard(), allowed: true},
    {
      name: 'no rule matches: allowed',
      rules: [{name: 'a', action: 'Deny', services: ['other']}],
      object: standard(),
      allowed: true,
    },
    {
      name: 'an empty list of namespaces is all',
      rules: [{name: 'a', action: 'Deny', namespaces: []}],
      object: standard(),
      allowed: false,
    },
    {
      name: 'the first rule that matches decides: Allow before Deny',
      rules: [
        {name: 'a', action: 'Allow', services: ['foo']},
        {name: 'b', action: 'Deny'},
      ],
      object: standard(),
      allowed: true,
    },
    {
      name: 'the first rule that matches decides: Deny before Allow',
      rules: [
        {name: 'b', action: 'Deny'},
        {name: 'a', action: 'Allow'},
      ],
      object: standard(),
      allowed: false,
    },
    {
      name: 'by namespace labels',
      rules: [{name: 'a', action: 'Deny', namespaceSelector: labels('team', 'pay')}],
      object: standard(),
      allowed: false,
    },
    {
      name: 'by other namespace labels',
      rules: [{name: 'a', action: 'Deny', namespaceSelector: labels('team', 'shop')}],
      object: standard(),
      allowed: true,
    },
    {
      name: 'by Service labels',
      rules: [{name: 'a', action: 'Deny', serviceSelector: labels('tier', 'front')}],
      object: standard(),
      allowed: false,
    },
    {
      name: 'all that is given must match',
      rules: [{name: 'a', action: 'Deny', namespaces: ['bar'], services: ['other']}],
      object: standard(),
      allowed: true,
    },
    {
      name: 'Deny for a cluster: an export to all reaches it',
      rules: [{name: 'a', action: 'Deny', targetClusters: ['cluster-1']}],
      object: standard(),
      allowed: false,
    },
    {
      name: 'Deny for a cluster: an export to others does not',
      rules: [{name: 'a', action: 'Deny', targetClusters: ['cluster-1']}],
      object: named('cluster-3'),
      allowed: true,
    },
    {
      name: 'Deny for a cluster: a long key is the same cluster',
      rules: [{name: 'a', action: 'Deny', targetClusters: ['cluster-1']}],
      object: named('eu/a/b/cluster-1'),
      allowed: false,
    },
    {
      name: 'Deny for a long key: that of another place is another cluster',
      rules: [{name: 'a', action: 'Deny', targetClusters: ['us/a/b/cluster-1']}],
      object: named('eu/a/b/cluster-1'),
      allowed: true,
    },
    {
      name: 'Allow for clusters: an export to all is too much',
      rules: [{name: 'a', action: 'Allow', targetClusters: ['cluster-1']}],
      object: standard(),
      allowed: false,
    },
    {
      name: 'Allow for clusters: within',
      rules: [{name: 'a', action: 'Allow', targetClusters: ['cluster-1', 'cluster-3']}],
      object: named('cluster-3'),
      allowed: true,
    },
    {
      name: 'Allow for clusters: beyond',
      rules: [{name: 'a', action: 'Allow', targetClusters: ['cluster-1']}],
      object: named('cluster-1', 'cluster-3'),
      allowed: false,
    },
    {
      name: 'a condition that fails forbids, also where the rule allows',
      rules: [{name: 'a', action: 'Allow', cel: 'targetClusters[7] == "x"'}],
      object: standard(),
      allowed: false,
    },
    {
      name: 'so does one that got in although it does not compile',
      rules: [{name: 'a', action: 'Allow', cel: '1 +'}],
      object: standard(),
      allowed: false,
    },
    {
      name: 'a condition that holds makes the rule count',
      rules: [{name: 'a', action: 'Deny', cel: 'cluster.id == "cluster-2" && namespaceObject.metadata.name == "bar"'}],
      object: standard(),
      allowed: false,
    },
    {
      name: 'one that does not leaves it to the next rule',
      rules: [
        {name: 'a', action: 'Deny', cel: 'cluster.region == "mars"'},
        {name: 'b', action: 'Allow'},
      ],
      object: standard(),
      allowed: true,
    },
    {
      name: 'a condition of a rule about other services does no harm',
      rules: [{name: 'a', action: 'Allow', services: ['other'], cel: '1 +'}],
      object: standard(),
      allowed: true,
    },
  ] as const;
  test.each(cases)('$name', ({rules, object, allowed}) => {
    const admission = admitExport(object, view([...rules]));
    expect(admission.allowed).toBe(allowed);
    for (const {message} of admission.denials)
      expect(message).toMatch(/^ExportPolicy p, rule [ab]: .*; .* the (rule|condition)/);
  });

  test('a denial about clusters says which, and what this export asks for', () => {
    const message = (rules: Parameters<typeof view>[0], object: FlomeshServiceExport | ServiceExport) =>
      admitExport(object, view(rules)).denials.map((denial) => denial.message);
    const change = 'in spec.targetClusters of a flomesh.io ServiceExport, or have the rule changed';
    const allow = [{name: 'a', action: 'Allow', targetClusters: ['cluster-1']}] as const;
    expect(message([...allow], standard())).toEqual([
      `ExportPolicy p, rule a: Service bar/foo may be exported to cluster-1 only, and this export is to all; name no others ${change}`,
    ]);
    expect(message([...allow], named('cluster-1', 'cluster-3'))).toEqual([
      `ExportPolicy p, rule a: Service bar/foo may be exported to cluster-1 only, and this export is also to cluster-3; name no others ${change}`,
    ]);
    const deny = [{name: 'b', action: 'Deny', targetClusters: ['cluster-1', 'cluster-9']}] as const;
    expect(admitExport(standard(), view([...deny])).denials[0]?.field).toBe('spec.targetClusters');
    expect(message([...deny], named('cluster-3', 'cluster-1'))).toEqual([
      `ExportPolicy p, rule b: Service bar/foo may not be exported to cluster-1; name other clusters ${change}`,
    ]);
  });

  test('exclusive: refused while another cluster exports the name, and not to who is in it already', () => {
    const exportPolicies = [anExportPolicy('one', {rules: [{name: 'only', action: 'Allow', exclusive: true}]})];
    const exportedBy = (...clusters: string[]) => aView({exportPolicies, imports: [anImport(clusters)]});
    expect(admitExport(standard(), aView({exportPolicies})).allowed).toBe(true);
    expect(admitExport(standard(), exportedBy('cluster-1', 'cluster-2')).allowed).toBe(true);
    expect(admitExport(standard(), exportedBy('cluster-1')).denials[0]?.message).toContain(
      'may be exported by one cluster only, and cluster-1 exports it; delete the export there first',
    );
  });
});

describe('a preview of what the export will lose (design §1)', () => {
  const warningsOf = (service: Partial<LocalServiceView>, imported = anImport(['cluster-1'])) =>
    admitExport(
      standard(),
      aView({services: [aLocalService(service)], imports: [imported], clusters: [aCluster('cluster-1')]}),
    ).warnings.map(({message}) => message);
  const port = (name: string, number: number) => ({
    name,
    port: number,
    protocol: 'TCP' as const,
    targetPort: number,
    appProtocol: undefined,
  });
  const two = anImport(['cluster-1', 'cluster-3'], {
    ports: [
      {name: 'http', port: 80},
      {name: 'https', port: 443},
    ],
    portClusters: {'TCP/443': ['cluster-1']},
  });

  test('the same ports: nothing to warn of', () => {
    expect(warningsOf({})).toEqual([]);
  });

  test('a name that means another port there', () => {
    expect(warningsOf({ports: [port('http', 80), port('https', 8443)]}, two)).toEqual([
      'this export will lose port 8443 to cluster-1, whose export is older: the name "https" is taken by TCP/443; rename the port',
      'this Service lacks TCP/443 of the older exports of cluster-1, cluster-3: requests to it never come to this cluster (PortConflict on all exports of the name)',
    ]);
  });

  test('a port that several older exports have', () => {
    expect(warningsOf({ports: [port('web', 80), port('https', 443)]}, two)).toEqual([
      'this export will lose port 80 to cluster-1, cluster-3, whose exports are older: TCP/80 is named "http" there; use the same name',
    ]);
  });

  test('a port that has another name there', () => {
    expect(warningsOf({ports: [port('web', 80)]})).toEqual([
      'this export will lose port 80 to cluster-1, whose export is older: TCP/80 is named "http" there; use the same name',
    ]);
  });

  test('a port that is new', () => {
    expect(warningsOf({ports: [port('http', 80), port('admin', 9000)]})).toEqual([
      'port TCP/9000 is new to the import and will lead to this cluster only (PortConflict on all exports of the name)',
    ]);
  });

  test('another type', () => {
    expect(warningsOf({headless: true})).toEqual([
      'this export will be ClusterSetIP, not Headless, like the older export of cluster-1 (TypeConflict on all exports of the name)',
    ]);
  });

  test('ExternalName', () => {
    expect(warningsOf({type: 'ExternalName'})).toEqual([
      'Service bar/foo is of type ExternalName: the export stays Valid=False, InvalidServiceType',
    ]);
  });

  test('silent about an import that this cluster is part of, whose age is not known, and about one that nobody exports', () => {
    expect(warningsOf({headless: true}, anImport(['cluster-1', 'cluster-2']))).toEqual([]);
    expect(warningsOf({headless: true}, anImport([]))).toEqual([]);
  });
});
