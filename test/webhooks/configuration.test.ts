import {describe, expect, test} from 'vitest';
import {agentWebhooks, hubWebhooks} from '../../webhooks/configuration.ts';
import type {WebhookEntry, WebhookOptions} from '../../webhooks/configuration.ts';
import {agentHandlers, hubHandlers} from '../../webhooks/handlers.ts';
import {viewOf} from '../mesh/views.ts';

const options: WebhookOptions = {
  client: {url: 'https://127.0.0.1:9443/'},
  caBundle: '-----BEGIN CERTIFICATE-----\n',
  ready: true,
  namespace: 'isthmus-system',
};

const agent = agentWebhooks({...options, hubIsHere: false});
const hub = hubWebhooks(options);
const all: readonly WebhookEntry[] = [...agent.mutating, ...agent.validating, ...hub.validating];
const pathOf = ({clientConfig}: WebhookEntry): string =>
  'url' in clientConfig ? new URL(clientConfig.url).pathname : clientConfig.service.path;

const isValidation = ({name}: WebhookEntry): boolean => name.endsWith('.validate.isthmus.dev');

describe('every entry', () => {
  test.each(all.map((entry) => ({name: entry.name, entry})))('$name keeps the cluster usable', ({entry}) => {
    expect(entry.name.split('.').length).toBeGreaterThanOrEqual(3);
    expect(entry).toMatchObject({sideEffects: 'None', timeoutSeconds: 3, admissionReviewVersions: ['v1']});
    for (const rule of entry.rules) {
      // What can't be deleted while a webhook is down is an outage of its own.
      if (entry.failurePolicy === 'Fail') expect(rule.operations).not.toContain('DELETE');
      expect(rule.operations).not.toContain('*');
      for (const list of [rule.resources, rule.apiGroups, rule.apiVersions]) expect(list.join()).not.toContain('*');
      for (const resource of ['leases', 'nodes', 'endpointslices']) expect(rule.resources).not.toContain(resource);
    }
  });

  test('for a namespaced kind never matches kube-system and the own namespace', () => {
    for (const entry of all.filter(({rules}) => rules.some(({scope}) => scope === 'Namespaced'))) {
      const never = entry.namespaceSelector.matchExpressions?.find(({operator}) => operator === 'NotIn');
      expect(never?.key).toBe('kubernetes.io/metadata.name');
      expect(never?.values).toEqual(expect.arrayContaining(['kube-system', 'isthmus-system']));
    }
  });

  test('has a handler at its path, and no handler is without an entry', () => {
    const handlers = agentHandlers({
      view: () => viewOf(),
      development: false,
      sidecarImage: 'envoy',
      namespace: 'isthmus-system',
      zone: 'clusterset.local',
    });
    const paths = (entries: readonly WebhookEntry[]): string[] => [...new Set(entries.map(pathOf))].toSorted();
    expect(paths([...agent.mutating, ...agent.validating])).toEqual([...handlers.keys()].toSorted());
    expect(paths(hub.validating)).toEqual([...hubHandlers({clusters: () => [], development: false}).keys()].toSorted());
  });

  test('has a name of its own', () => {
    expect(new Set(agent.validating.map(({name}) => name)).size).toBe(agent.validating.length);
    expect(new Set(agent.mutating.map(({name}) => name)).size).toBe(agent.mutating.length);
  });
});

describe('injection', () => {
  test('is Ignore for enabled and for FSM, Fail for required', () => {
    const found = agent.mutating.map(({failurePolicy, namespaceSelector}) => [
      failurePolicy,
      namespaceSelector.matchExpressions?.[0]?.values?.[0] ?? namespaceSelector.matchExpressions?.[0]?.key,
    ]);
    expect(found).toEqual([
      ['Ignore', 'enabled'],
      ['Fail', 'required'],
      ['Ignore', 'flomesh.io/monitored-by'],
    ]);
  });

  test('is asked for new pods alone, and not for those whose label opts out', () => {
    for (const entry of agent.mutating) {
      expect(entry.rules).toEqual([
        {apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: 'Namespaced'},
      ]);
      expect(entry.objectSelector.matchExpressions).toEqual([
        {key: 'isthmus.dev/inject', operator: 'NotIn', values: ['disabled']},
      ]);
    }
  });

  test('does not change with readiness: required stays Fail, enabled stays Ignore', () => {
    const {mutating} = agentWebhooks({...options, ready: false, hubIsHere: false});
    expect(mutating.map(({failurePolicy}) => failurePolicy)).toEqual(['Ignore', 'Fail', 'Ignore']);
  });
});

describe('validation', () => {
  test.each([
    {ready: true, failurePolicy: 'Fail'},
    {ready: false, failurePolicy: 'Ignore'},
  ])('is $failurePolicy where ready is $ready', ({ready, failurePolicy}) => {
    const entries = [
      ...agentWebhooks({...options, ready, hubIsHere: false}).validating,
      ...hubWebhooks({...options, ready}).validating,
    ];
    for (const entry of entries.filter(isValidation)) expect(entry.failurePolicy).toBe(failurePolicy);
  });

  test('entries that only warn are always Ignore, and asked for few changes', () => {
    const entries = agent.validating.filter((entry) => !isValidation(entry));
    expect(entries.map(({name, failurePolicy, rules}) => [name, failurePolicy, rules[0]?.operations])).toEqual([
      ['serviceexport-deletions.warn.isthmus.dev', 'Ignore', ['DELETE']],
      ['services.warn.isthmus.dev', 'Ignore', ['UPDATE', 'DELETE']],
    ]);
    for (const {matchConditions} of entries) expect(matchConditions?.length).toBeGreaterThan(0);
  });

  test('covers every group of exports and imports in all served versions', () => {
    const entry = agent.validating.find(({name}) => name.startsWith('serviceexports.'));
    expect(entry?.rules.map(({apiGroups, apiVersions}) => [apiGroups[0], apiVersions])).toEqual([
      ['multicluster.x-k8s.io', ['v1beta1', 'v1alpha1']],
      ['flomesh.io', ['v1alpha1']],
      ['multicluster.flomesh.io', ['v1alpha1']],
    ]);
  });

  test('asks about imports of everybody but who holds the verb own by a rule that says so', () => {
    const entry = agent.validating.find(({name}) => name.startsWith('serviceimports.'));
    const [condition] = entry?.matchConditions ?? [];
    expect(condition?.expression).toContain("check('own').allowed() &&");
    expect(condition?.expression).toContain("!authorizer.group('multicluster.x-k8s.io')");
    const others = agent.validating.filter(({name}) => name.includes('.validate.') && name !== entry?.name);
    for (const {matchConditions} of others) expect(matchConditions).toBeUndefined();
  });

  test("leaves the hub's kinds to the hub where one runs here", () => {
    const resources = (hubIsHere: boolean): string[] =>
      agentWebhooks({...options, hubIsHere})
        .validating.filter(isValidation)
        .flatMap(({rules}) => rules[0]?.resources ?? []);
    const hubs = hub.validating.flatMap(({rules}) => rules[0]?.resources ?? []);
    expect(hubs).toEqual(['clusters', 'exportpolicies', 'importpolicies', 'globaltrafficpolicies']);
    expect(resources(true)).toEqual(['serviceexports', 'serviceimports']);
    expect(resources(false)).toEqual([...resources(true), ...hubs]);
  });
});

describe('the client', () => {
  test('is a URL with the path, and the CA in base64', () => {
    expect(agent.mutating[0]?.clientConfig).toEqual({
      url: 'https://127.0.0.1:9443/mutate/pods',
      caBundle: Buffer.from('-----BEGIN CERTIFICATE-----\n').toString('base64'),
    });
  });

  test('or a Service with the path', () => {
    const service = {namespace: 'isthmus-system', name: 'isthmus-agent', port: 443};
    const [entry] = hubWebhooks({...options, client: {service}}).validating;
    expect(entry?.clientConfig).toMatchObject({service: {...service, path: '/validate/clusters'}});
  });
});
