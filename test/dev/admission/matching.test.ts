import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {AdmissionInput} from '../../../src/dev/admission/admit.ts';
import type {ResourceType} from '../../../src/dev/apiserver/resource-type.ts';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {configMap, namespace, pod} from '../controllers/memory-cluster.ts';
import {admissionFixture} from './admission-fixture.ts';
import type {AdmissionFixture} from './admission-fixture.ts';
import {startTestServer, testAuthority} from './webhook-server.ts';
import type {ReviewRequest, TestAuthority, TestWebhookServer} from './webhook-server.ts';

let authority: TestAuthority;
let server: TestWebhookServer;

beforeAll(async () => {
  authority = await testAuthority();
  server = await startTestServer({authority, answers: {'/allow': () => ({allowed: true})}});
});
afterAll(() => server.close());

/** The reviews that one request causes under these entries. */
async function reviews(
  hooks: readonly JsonObject[],
  fields: (made: AdmissionFixture) => Partial<AdmissionInput>,
): Promise<ReviewRequest[]> {
  const made = admissionFixture();
  const clientConfig = {url: `${server.base}/allow`, caBundle: authority.caBundle};
  made.configure(
    'Validating',
    'w',
    hooks.map((hook) => ({clientConfig, ...hook})),
  );
  const before = server.seen.length;
  await made.validate(fields(made));
  await made.admission.close();
  return server.seen.slice(before).map(({request}) => request);
}

function rule(resources: string[], fields: JsonObject = {}): JsonObject {
  return {rules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources, ...fields}]};
}

describe('rules', () => {
  const of = (plural: string, subresource?: string) => (made: AdmissionFixture) => ({
    type: made.typeOf(plural),
    ...(subresource === undefined ? {} : {subresource}),
  });
  const rows: {name: string; hook: JsonObject; request: ReturnType<typeof of>; called: boolean}[] = [
    {name: 'the resource', hook: rule(['pods']), request: of('pods'), called: true},
    {name: 'another resource', hook: rule(['pods']), request: of('configmaps'), called: false},
    {name: 'a resource without its subresources', hook: rule(['pods']), request: of('pods', 'status'), called: false},
    {name: 'a subresource', hook: rule(['pods/status']), request: of('pods', 'status'), called: true},
    {name: 'all of a resource', hook: rule(['pods/*']), request: of('pods', 'status'), called: true},
    {name: 'all of a resource means itself too', hook: rule(['pods/*']), request: of('pods'), called: true},
    {name: '* has no subresources', hook: rule(['*']), request: of('pods', 'status'), called: false},
    {name: '*/status of anything', hook: rule(['*/status']), request: of('pods', 'status'), called: true},
    {name: '*/* is everything', hook: rule(['*/*']), request: of('pods', 'status'), called: true},
    {name: 'another group', hook: rule(['*'], {apiGroups: ['apps']}), request: of('pods'), called: false},
    {name: 'another version', hook: rule(['*'], {apiVersions: ['v2']}), request: of('pods'), called: false},
    {name: 'another operation', hook: rule(['*'], {operations: ['DELETE']}), request: of('pods'), called: false},
    {name: 'the wrong scope', hook: rule(['*'], {scope: 'Cluster'}), request: of('pods'), called: false},
    {name: 'the right scope', hook: rule(['*'], {scope: 'Cluster'}), request: of('nodes'), called: true},
    {
      name: 'webhook configurations are exempt',
      hook: rule(['*/*']),
      request: of('validatingwebhookconfigurations'),
      called: false,
    },
  ];
  test.each(rows)('$name', async ({hook, request, called}) => {
    expect(await reviews([hook], request)).toHaveLength(called ? 1 : 0);
  });
});

describe('selectors', () => {
  const ALL = rule(['*/*']);
  const byNamespace = (value: string): JsonObject => ({...ALL, namespaceSelector: {matchLabels: {team: value}}});
  const byObject = {...ALL, objectSelector: {matchLabels: {q: '1'}}};
  const labelled = configMap('m', {labels: {q: '1'}});

  test('the labels of the namespace', async () => {
    expect(await reviews([byNamespace('a'), byNamespace('b')], () => ({}))).toHaveLength(1);
  });

  test('a Namespace is judged by the labels it is about to have', async () => {
    const write = (made: AdmissionFixture): Partial<AdmissionInput> => ({
      type: made.typeOf('namespaces'),
      namespace: 'bar',
      name: 'bar',
      object: namespace('bar', {team: 'b'}),
    });
    expect(await reviews([byNamespace('b')], write)).toHaveLength(1);
    expect(await reviews([byNamespace('a')], write)).toHaveLength(0);
  });

  test('cluster-scoped kinds have no namespace to be judged by', async () => {
    const write = (made: AdmissionFixture): Partial<AdmissionInput> => ({
      type: made.typeOf('nodes'),
      object: {metadata: {name: 'n'}},
    });
    expect(await reviews([byNamespace('b')], write)).toHaveLength(1);
  });

  test.each([
    {name: 'the new object', object: labelled, oldObject: configMap('m'), called: 1},
    {name: 'the old object', object: configMap('m'), oldObject: labelled, called: 1},
    {name: 'neither', object: configMap('m'), oldObject: configMap('m'), called: 0},
    {name: 'the one that is deleted', object: null, oldObject: labelled, called: 1},
  ])('objectSelector on $name', async ({object, oldObject, called}) => {
    expect(await reviews([byObject], () => ({object, oldObject}))).toHaveLength(called);
  });
});

describe('the review', () => {
  test('carries the request as it came', async () => {
    const oldObject = configMap('m', {labels: {a: 'b'}});
    const [review] = await reviews([rule(['*/*'])], (made) => ({
      operation: 'UPDATE',
      subresource: 'status',
      type: made.typeOf('pods'),
      object: pod('p'),
      oldObject,
      dryRun: true,
      options: {kind: 'UpdateOptions', apiVersion: 'meta.k8s.io/v1', dryRun: ['All'], fieldManager: 'fm1'},
    }));
    const of = {kind: {group: '', version: 'v1', kind: 'Pod'}, resource: {group: '', version: 'v1', resource: 'pods'}};
    expect(review).toEqual({
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      ...of,
      subResource: 'status',
      requestKind: of.kind,
      requestResource: of.resource,
      requestSubResource: 'status',
      name: 'm',
      namespace: 'bar',
      operation: 'UPDATE',
      userInfo: {username: 'admin', groups: ['system:masters']},
      object: pod('p'),
      oldObject,
      dryRun: true,
      options: {kind: 'UpdateOptions', apiVersion: 'meta.k8s.io/v1', dryRun: ['All'], fieldManager: 'fm1'},
    });
    expect(Object.keys(review ?? {})[0]).toBe('uid');
  });

  test('a deletecollection names nobody, and there is no new object', async () => {
    const [review] = await reviews([rule(['*'])], (made) => {
      const {name: _name, ...rest} = made.input({operation: 'DELETE', object: null, oldObject: configMap('m')});
      return {...rest, name: undefined as unknown as string};
    });
    expect(review).toMatchObject({operation: 'DELETE', object: null});
    expect(Object.keys(review ?? {})).not.toContain('name');
  });
});

describe('matchPolicy', () => {
  const schema = {'type': 'object' as const, 'x-kubernetes-preserve-unknown-fields': true};
  const version = (made: AdmissionFixture, name: string): ResourceType => ({
    ...made.typeOf('configmaps'),
    group: 'example.dev',
    version: name,
    kind: 'Widget',
    plural: 'widgets',
    storageKey: 'widgets.example.dev',
    storageVersion: 'v1beta1',
    custom: true,
    schema,
  });
  const write = (made: AdmissionFixture): Partial<AdmissionInput> => {
    made.registry.set(
      'widgets.example.dev',
      ['v1beta1', 'v1alpha1'].map((name) => version(made, name)),
    );
    const type = made.registry.find('example.dev', 'v1alpha1', 'widgets');
    if (type === undefined) throw new Error('the type is missing');
    return {type, object: {apiVersion: 'example.dev/v1alpha1', kind: 'Widget', metadata: {name: 'w'}, spec: {a: 1}}};
  };
  const hook = rule(['widgets'], {apiGroups: ['example.dev'], apiVersions: ['v1beta1']});

  test('Equivalent converts to the version that the rule names', async () => {
    const [review] = await reviews([hook], write);
    expect(review).toMatchObject({
      kind: {version: 'v1beta1'},
      resource: {version: 'v1beta1'},
      requestKind: {version: 'v1alpha1'},
      requestResource: {version: 'v1alpha1'},
      object: {apiVersion: 'example.dev/v1beta1', spec: {a: 1}},
    });
  });

  test('Equivalent finds a version that is not the stored one', async () => {
    const older = rule(['widgets'], {apiGroups: ['example.dev'], apiVersions: ['v1alpha1']});
    const inNewer = (made: AdmissionFixture): Partial<AdmissionInput> => {
      write(made);
      const type = made.registry.find('example.dev', 'v1beta1', 'widgets');
      if (type === undefined) throw new Error('the type is missing');
      return {type, object: {apiVersion: 'example.dev/v1beta1', kind: 'Widget', metadata: {name: 'w'}}};
    };
    expect(await reviews([older], inNewer)).toMatchObject([
      {kind: {version: 'v1alpha1'}, requestKind: {version: 'v1beta1'}},
    ]);
  });

  test('Exact does not', async () => {
    expect(await reviews([{...hook, matchPolicy: 'Exact'}], write)).toHaveLength(0);
  });
});
