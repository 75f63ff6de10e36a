import {describe, expect, test} from 'vitest';
import type {Cluster, ExportPolicy} from '../../src/api/kinds.ts';
import type {KubeObject} from '../../src/api/meta.ts';
import type {Admission} from '../../src/clusterset/decision.ts';
import {createAuthority} from '../../src/pki/authority.ts';
import {agentHandlers, hubHandlers} from '../../webhooks/handlers.ts';
import {PATHS} from '../../webhooks/paths.ts';
import type {AdmissionRequest, ReviewAnswer} from '../../webhooks/review.ts';
import {validatingHandler} from '../../webhooks/validation/validating-handler.ts';
import {namespaceOf, viewOf} from '../mesh/views.ts';
import {requestOf} from './reviews.ts';

const REFUSED: Admission = {
  allowed: false,
  code: 403,
  denials: [
    {source: 'ExportPolicy/p', rule: 'r', message: 'ExportPolicy p, rule r: not here; use another namespace'},
    {source: 'Thing', field: 'spec.a', message: 'is wrong'},
  ],
  warnings: [{source: 'Thing', field: 'spec.b', message: 'is odd'}],
  audits: [{source: 'ExportPolicy/q', rule: 'r', message: 'seen'}],
};

function thing(parts: {spec?: unknown; metadata?: Partial<KubeObject['metadata']>} = {}): KubeObject {
  const metadata = {name: 'one', namespace: 'shop', ...parts.metadata};
  return {
    apiVersion: 'example.org/v1',
    kind: 'Thing',
    metadata,
    ...('spec' in parts && {spec: parts.spec}),
  };
}

describe('an object that admission refuses', () => {
  const handler = validatingHandler(() => REFUSED);

  test('is denied with code, one sentence for each finding, causes with fields, and its warnings', () => {
    expect(handler(requestOf())).toEqual({
      allowed: false,
      denial: {
        code: 403,
        message: 'ExportPolicy p, rule r: not here; use another namespace; spec.a: is wrong',
        causes: [
          {
            reason: 'FieldValueForbidden',
            field: 'spec',
            message: 'ExportPolicy p, rule r: not here; use another namespace',
          },
          {reason: 'FieldValueForbidden', field: 'spec.a', message: 'is wrong'},
        ],
      },
      warnings: ['spec.b: is odd'],
      audits: ['ExportPolicy/q r'],
    });
  });

  const old = thing({spec: {a: 1}, metadata: {labels: {x: '1'}}});
  const cases: readonly {name: string; request: Partial<AdmissionRequest>; allowed: boolean}[] = [
    {name: 'DELETE', request: {operation: 'DELETE', object: null, oldObject: old}, allowed: true},
    {
      name: 'an update of its status',
      request: {operation: 'UPDATE', subResource: 'status', object: thing({spec: {a: 2}}), oldObject: old},
      allowed: true,
    },
    {
      name: 'an update of what is being deleted, whatever it changes',
      request: {
        operation: 'UPDATE',
        object: thing({spec: {a: 2}, metadata: {deletionTimestamp: '2026-11-21T00:00:00Z'}}),
        oldObject: old,
      },
      allowed: true,
    },
    {
      name: 'an update of finalizers alone',
      request: {
        operation: 'UPDATE',
        object: {...old, metadata: {...old.metadata, finalizers: ['a/b']}},
        oldObject: old,
      },
      allowed: true,
    },
    {
      name: 'an apply without a change',
      request: {operation: 'UPDATE', object: structuredClone(old), oldObject: old},
      allowed: true,
    },
    {
      name: 'a change of spec',
      request: {operation: 'UPDATE', object: thing({spec: {a: 2}, metadata: {labels: {x: '1'}}}), oldObject: old},
      allowed: false,
    },
    {
      name: 'a change of labels, which policies select by',
      request: {operation: 'UPDATE', object: thing({spec: {a: 1}}), oldObject: old},
      allowed: false,
    },
    {name: 'CREATE', request: {operation: 'CREATE', object: old}, allowed: false},
    {
      name: 'CREATE of something that claims to be deleted',
      request: {operation: 'CREATE', object: thing({metadata: {deletionTimestamp: '2026-11-21T00:00:00Z'}})},
      allowed: false,
    },
  ];
  test.each(cases)('$name: allowed is $allowed', ({request, allowed}) => {
    expect(handler(requestOf(request)).allowed).toBe(allowed);
  });

  test('is let in unchanged with its denials as warnings', () => {
    const {warnings} = handler(requestOf({operation: 'UPDATE', object: structuredClone(old), oldObject: old}));
    expect(warnings?.[0]).toMatch(/^would be refused if it were new: ExportPolicy p, rule r/);
    expect(warnings).toHaveLength(3);
  });
});

const view = viewOf({namespaces: [namespaceOf('shop')]});

function ask(
  handlers: ReadonlyMap<string, (request: AdmissionRequest) => ReviewAnswer>,
  path: string,
  object: unknown,
) {
  const handler = handlers.get(path);
  if (handler === undefined) throw new Error(`no handler for ${path}`);
  return handler(requestOf({object: object as KubeObject}));
}

const agentOf = (parts: Partial<typeof view> = {}) =>
  agentHandlers({
    view: () => ({...view, ...parts}),
    development: true,
    sidecarImage: 'envoy',
    namespace: 'isthmus-system',
    zone: 'clusterset.local',
  });

describe('a ServiceExport', () => {
  const forbid = (enforcement: 'Deny' | 'Warn' | 'Audit'): Partial<typeof view> => {
    const policy: ExportPolicy = {
      apiVersion: 'isthmus.dev/v1alpha1',
      kind: 'ExportPolicy',
      metadata: {name: 'no-shop'},
      spec: {enforcement, rules: [{name: 'closed', action: 'Deny', namespaces: ['shop'], message: 'ask team shop'}]},
    };
    return {exportPolicies: new Map([['no-shop', policy]])};
  };
  const groups = ['multicluster.x-k8s.io/v1beta1', 'flomesh.io/v1alpha1', 'multicluster.flomesh.io/v1alpha1'];
  const exportOf = (apiVersion: string): object => ({
    apiVersion,
    kind: 'ServiceExport',
    metadata: {name: 'foo', namespace: 'shop'},
  });

  test.each(groups)('of %s is refused where a policy denies it, with policy, rule and what to change', (apiVersion) => {
    const answer = ask(agentOf(forbid('Deny')), PATHS.serviceExports, exportOf(apiVersion));
    expect(answer.allowed).toBe(false);
    expect(answer.denial?.code).toBe(403);
    expect(answer.denial?.message).toMatch(/ExportPolicy no-shop, rule closed: .*ask team shop.*;/);
  });

  test('is let in with a warning where the policy warns, and silently where it audits', () => {
    const warned = ask(agentOf(forbid('Warn')), PATHS.serviceExports, exportOf(groups[0] ?? ''));
    expect([warned.allowed, warned.warnings?.join()]).toEqual([
      true,
      expect.stringContaining('ExportPolicy no-shop, rule closed'),
    ]);
    const audited = ask(agentOf(forbid('Audit')), PATHS.serviceExports, exportOf(groups[0] ?? ''));
    expect([audited.allowed, audited.warnings, audited.audits]).toEqual([true, [], ['ExportPolicy/no-shop closed']]);
  });

  test("out of Isthmus' own namespace is refused", () => {
    const object = {apiVersion: groups[0], kind: 'ServiceExport', metadata: {name: 'foo', namespace: 'isthmus-system'}};
    expect(ask(agentOf(), PATHS.serviceExports, object).denial?.message).toContain('protected');
  });

  test('with errors in its fields says all of them at once', () => {
    const object = {
      ...exportOf('flomesh.io/v1alpha1'),
      spec: {rules: [{portNumber: 0, path: 'x', pathType: 'Prefix'}]},
    };
    const {denial} = ask(agentOf(), PATHS.serviceExports, object);
    expect(denial?.code).toBe(422);
    expect(denial?.causes.map(({field}) => field)).toEqual(['spec.rules[0].portNumber', 'spec.rules[0].path']);
  });
});

describe('a policy', () => {
  test.each([
    {path: PATHS.exportPolicies, kind: 'ExportPolicy'},
    {path: PATHS.importPolicies, kind: 'ImportPolicy'},
  ])(
    '$kind with a condition is let in where it compiles, else refused with the compiler’s text, by hub and agent',
    ({path, kind}) => {
      const policy = (cel: string) => ({
        apiVersion: 'isthmus.dev/v1alpha1',
        kind,
        metadata: {name: 'p'},
        spec: {rules: [{name: 'r', action: 'Allow', cel}]},
      });
      for (const handlers of [agentOf(), hubHandlers({clusters: () => [], development: true})]) {
        expect(ask(handlers, path, policy('service.metadata.name == "foo"')).denial).toBeUndefined();
        const {denial} = ask(handlers, path, policy('service.nme == "foo"'));
        expect(denial?.code).toBe(422);
        expect(denial?.message).toContain("undefined field 'nme'");
        const {denial: unknown} = ask(handlers, path, policy('svc.metadata.name == "foo"'));
        expect(unknown?.message).toContain("undeclared reference to 'svc'");
        expect(unknown?.message).toMatch(new RegExp(`variables of an ${kind}: (cluster|namespaceObject), .*service`));
      }
    },
  );
});

test("a hub's GlobalTrafficPolicy is warned of for a cluster that isn't registered, or not by that long key", () => {
  const registered: Cluster = {
    apiVersion: 'flomesh.io/v1alpha1',
    kind: 'Cluster',
    metadata: {name: 'cluster-1'},
    spec: {region: 'east', gatewayHost: 'gw.example.org', gatewayPort: 443, kubeconfig: ''},
  };
  const hub = hubHandlers({clusters: () => [registered], development: true});
  const policy = (...keys: readonly string[]) => ({
    apiVersion: 'flomesh.io/v1alpha1',
    kind: 'GlobalTrafficPolicy',
    metadata: {name: 'foo', namespace: 'bar'},
    spec: {lbType: 'ActiveActive', targets: keys.map((clusterKey) => ({clusterKey, weight: 1}))},
  });
  const warnings = (...keys: readonly string[]): string =>
    ask(hub, PATHS.trafficPolicies, policy(...keys)).warnings?.join() ?? '';
  expect(warnings('cluster-1', 'east/default/default/cluster-1')).toBe('');
  expect(warnings('cluster-1', 'nope')).toContain('no cluster nope is known here');
  expect(warnings('west/default/default/cluster-1')).toContain('has the key east/default/default/cluster-1');
});

describe('a Cluster', () => {
  const SECRET = 'hunter2-token';
  let caData: string;
  const hub = (clusters: readonly Cluster[] = []) => hubHandlers({clusters: () => clusters, development: true});

  async function kubeconfig(user: object): Promise<string> {
    caData ??= Buffer.from(
      (await createAuthority({commonName: 'ca', notBeforeMs: 0, notAfterMs: Date.UTC(2040, 0, 1)})).certPem,
    ).toString('base64');
    return JSON.stringify({
      'apiVersion': 'v1',
      'kind': 'Config',
      'clusters': [{name: 'c', cluster: {'server': 'https://127.0.0.1:6443', 'certificate-authority-data': caData}}],
      'users': [{name: 'u', user}],
      'contexts': [{name: 'x', context: {cluster: 'c', user: 'u'}}],
      'current-context': 'x',
    });
  }

  const clusterOf = (text: string, parts: Partial<Cluster['spec']> = {}, name = 'cluster-a'): Cluster => ({
    apiVersion: 'flomesh.io/v1alpha1',
    kind: 'Cluster',
    metadata: {name},
    spec: {gatewayHost: 'gw.example.org', gatewayPort: 443, kubeconfig: text, ...parts},
  });

  test('with a token in its kubeconfig is let in', async () => {
    const answer = ask(hub(), PATHS.clusters, clusterOf(await kubeconfig({token: SECRET})));
    expect(answer).toMatchObject({allowed: true, warnings: []});
  });

  test('whose kubeconfig runs a program is refused with the key and what to change, and no secret', async () => {
    const user = {token: SECRET, exec: {command: '/bin/sh', args: [SECRET]}};
    const {denial} = ask(hub(), PATHS.clusters, clusterOf(await kubeconfig(user)));
    expect(denial?.code).toBe(422);
    expect(denial?.message).toMatch(/spec\.kubeconfig.*exec.*use a token/);
    expect(denial?.causes[0]?.field).toBe('spec.kubeconfig');
    expect(JSON.stringify(denial)).not.toContain(SECRET);
  });

  test('whose kubeconfig is garbage is refused without quoting it', () => {
    const {denial} = ask(hub(), PATHS.clusters, clusterOf(`{ ${SECRET}`));
    expect(denial?.code).toBe(422);
    expect(JSON.stringify(denial)).not.toContain(SECRET);
  });

  test('with several faults hears of all of them', async () => {
    const text = await kubeconfig({exec: {command: 'sh'}});
    const {denial} = ask(hub(), PATHS.clusters, clusterOf(text, {gatewayHost: '', gatewayPort: 0}));
    expect(denial?.causes.map(({field}) => field).toSorted()).toEqual([
      'spec.gatewayHost',
      'spec.gatewayPort',
      'spec.kubeconfig',
    ]);
  });

  test('is compared with the others, but not with itself', async () => {
    const text = await kubeconfig({token: SECRET});
    const [one, two] = [clusterOf(text), clusterOf(text, {}, 'cluster-b')];
    expect(ask(hub([one]), PATHS.clusters, one).allowed).toBe(true);
    expect(ask(hub([one]), PATHS.clusters, two).denial?.message).toContain('cluster-a');
  });

  test('applied where no hub runs is let in with a warning that says so', async () => {
    const object = clusterOf(await kubeconfig({token: SECRET}));
    expect(ask(agentOf(), PATHS.clusters, object).warnings?.join()).toContain('no hub runs in this cluster');
    expect(ask(agentOf({hubIsHere: true}), PATHS.clusters, object).warnings).toEqual([]);
  });
});

describe('the pod handler', () => {
  const pod = {apiVersion: 'v1', kind: 'Pod', metadata: {name: 'p'}, spec: {containers: [{name: 'app'}]}};
  const kind = {group: '', version: 'v1', kind: 'Pod'};
  const answer = (parts: Partial<AdmissionRequest>): ReviewAnswer | undefined =>
    agentOf({namespaces: new Map()}).get(PATHS.pods)?.(requestOf({kind, object: pod, ...parts}));

  test('injects, in a dry run too, because it has no side effects', () => {
    expect(answer({})?.patch?.length).toBeGreaterThan(0);
    expect(answer({dryRun: true})).toEqual(answer({}));
  });

  test.each<{name: string; parts: Partial<AdmissionRequest>}>([
    {name: 'an update', parts: {operation: 'UPDATE'}},
    {name: 'a Binding', parts: {subResource: 'binding', kind: {...kind, kind: 'Binding'}}},
    {name: 'an ephemeral container', parts: {subResource: 'ephemeralcontainers'}},
    {name: 'DELETE', parts: {operation: 'DELETE', object: null, oldObject: pod}},
  ])('leaves $name alone', ({parts}) => {
    expect(answer(parts)).toEqual({allowed: true});
  });
});
