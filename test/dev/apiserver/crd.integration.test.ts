import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {parse} from 'yaml';
import {testCluster, WIDGET_CRD, widgetBody, WIDGETS} from './support/clusters.ts';
import type {TestCluster} from './support/clusters.ts';

let at: TestCluster;

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const WIDGETS_BETA = WIDGETS.replace('/v1/', '/v1beta1/');

beforeAll(async () => {
  at = await testCluster();
});

afterAll(() => at.close());

function definition(change: (crd: any) => void = () => undefined): object {
  const crd = parse(WIDGET_CRD);
  change(crd);
  return crd;
}

function conditionOf(crd: any, type: string): any {
  return crd.status.conditions.find((condition: any) => condition.type === type);
}

describe('a definition', () => {
  beforeEach(() => at.cluster.applyManifests(WIDGET_CRD));

  test('is established with its names accepted, and served at once', async () => {
    const {body} = await at.http.get(`${CRDS}/widgets.example.dev`);
    expect(conditionOf(body, 'NamesAccepted')).toMatchObject({
      status: 'True',
      reason: 'NoConflicts',
      message: 'no conflicts found',
    });
    expect(conditionOf(body, 'Established')).toMatchObject({status: 'True', reason: 'InitialNamesAccepted'});
    expect(body.status.acceptedNames).toMatchObject({plural: 'widgets', singular: 'widget', listKind: 'WidgetList'});
    expect(body.status.storedVersions).toEqual(['v1']);
    expect((await at.http.get(WIDGETS)).status).toBe(200);
  });

  test('appears in discovery, its versions in order of preference', async () => {
    const {body} = await at.http.get('/apis', {
      accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json',
    });
    const group = body.items.find(({metadata}: any) => metadata.name === 'example.dev');
    expect(group.versions.map(({version}: any) => version)).toEqual(['v1', 'v1beta1']);
    expect(group.versions[0].resources[0]).toEqual({
      resource: 'widgets',
      responseKind: {group: 'example.dev', version: 'v1', kind: 'Widget'},
      scope: 'Namespaced',
      singularResource: 'widget',
      verbs: ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'],
      shortNames: ['wd'],
      categories: ['ex'],
      subresources: [
        {
          subresource: 'status',
          responseKind: {group: 'example.dev', version: 'v1', kind: 'Widget'},
          verbs: ['get', 'patch', 'update'],
        },
      ],
    });
  });

  test('with two versions shows an object in both: apiVersion rewritten, unknown fields pruned, that version’s defaults', async () => {
    await at.http.post(WIDGETS, widgetBody('both', {min: 1, only: 'v1'}));
    const beta = (await at.http.get(`${WIDGETS_BETA}/both`)).body;
    expect([beta.apiVersion, beta.spec]).toEqual(['example.dev/v1beta1', {min: 1, mode: 'On'}]);
    await at.http.merge(`${WIDGETS_BETA}/both`, {spec: {min: 2, mode: null}});
    const stored = (await at.http.get(`${WIDGETS}/both`)).body;
    expect([stored.apiVersion, stored.spec]).toEqual(['example.dev/v1', {min: 2, mode: 'Off'}]);
  });

  test('whose schema changes ends the watches and makes their versions too old; a new default shows on old objects', async () => {
    await at.http.post(WIDGETS, widgetBody('old'));
    const before = (await at.http.get(`${WIDGETS}/old`)).body;
    const watch = await at.http.watch(`${WIDGETS}?watch=true&resourceVersion=${before.metadata.resourceVersion}`);
    await at.cluster.applyManifests(WIDGET_CRD.replace('only: {type: string}', 'only: {type: string, default: dflt}'));
    await watch.until(({ended}) => ended !== undefined);
    expect(watch.ended).toBe('Clean');
    const again = await at.http.watch(`${WIDGETS}?watch=true&resourceVersion=${before.metadata.resourceVersion}`);
    await again.until(({events}) => events.length > 0);
    expect(again.events[0]).toMatchObject({type: 'ERROR', object: {code: 410}});
    const after = (await at.http.get(`${WIDGETS}/old`)).body;
    expect(after.spec).toEqual({mode: 'On', only: 'dflt'});
    expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });

  test('that is deleted takes its instances along, ends watches with 410 and is served no more', async () => {
    await at.http.post(WIDGETS, widgetBody('last', {}, {finalizers: ['example.dev/x']}));
    await at.http.post(WIDGETS, widgetBody('more'));
    const {resourceVersion} = (await at.http.get(WIDGETS)).body.metadata;
    const watch = await at.http.watch(`${WIDGETS}?watch=true&resourceVersion=${resourceVersion}`);
    expect((await at.http.delete(`${CRDS}/widgets.example.dev`)).body.kind).toBe('CustomResourceDefinition');
    const refused = await at.http.post(WIDGETS, widgetBody('late'));
    expect(refused.body.message).toBe(
      'widgets.example.dev "late" is forbidden: create not allowed while custom resource definition is terminating',
    );
    const waiting = (await at.http.get(`${CRDS}/widgets.example.dev`)).body;
    expect(conditionOf(waiting, 'Terminating').status).toBe('True');
    await at.http.merge(`${WIDGETS}/last`, {metadata: {finalizers: null}});
    expect((await at.http.get(`${CRDS}/widgets.example.dev`)).status).toBe(404);
    expect((await at.http.get(WIDGETS)).text).toBe('404 page not found\n');
    await watch.until(({ended}) => ended !== undefined);
    expect(watch.summary()).toContain('DELETED more');
    expect(watch.events.at(-1)).toMatchObject({type: 'ERROR', object: {code: 410, reason: 'Expired'}});
  });
});

describe('a definition is refused', () => {
  test.each([
    {
      name: 'under another name than plural.group',
      change: (crd: any) => (crd.metadata.name = 'xx.example.dev'),
      message: 'metadata.name: Invalid value: "xx.example.dev": must be spec.names.plural+"."+spec.group',
    },
    {
      name: 'without a schema',
      change: (crd: any) => delete crd.spec.versions[1].schema,
      message: 'spec.versions[1].schema.openAPIV3Schema: Required value',
    },
    {
      name: 'with a field without a type',
      change: (crd: any) => delete crd.spec.versions[0].schema.openAPIV3Schema.properties.spec.type,
      message: 'openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields',
    },
    {
      name: 'with a default of another type',
      change: (crd: any) => (crd.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.min.default = 'x'),
      message: 'properties[min].default: Invalid value: "string":  in body must be of type integer: "string"',
    },
    {
      name: 'with two storage versions',
      change: (crd: any) => (crd.spec.versions[1].storage = true),
      message: 'must have exactly one version marked as storage version',
    },
    {
      name: 'in a protected group without approval',
      change: (crd: any) => {
        crd.spec.group = 'x.k8s.io';
        crd.metadata.name = 'widgets.x.k8s.io';
      },
      message:
        'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation ' +
        '"api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
    },
  ])('$name', async ({change, message}) => {
    const {status, body} = await at.http.post(CRDS, definition(change));
    expect([status, body.reason]).toEqual([422, 'Invalid']);
    expect(body.message).toContain(message);
  });

  test('where a version that objects may be stored in is taken away', async () => {
    await at.cluster.applyManifests(WIDGET_CRD);
    const {body} = await at.http.merge(`${CRDS}/widgets.example.dev`, {
      spec: {
        versions: (definition() as any).spec.versions.slice(1).map((version: any) => ({...version, storage: true})),
      },
    });
    expect(body.message).toContain('status.storedVersions[0]: Invalid value: "v1": missing from spec.versions');
  });
});

test('names that another type of the group has are not accepted, and the type is not served', async () => {
  await at.cluster.applyManifests(WIDGET_CRD);
  await at.http.post(
    CRDS,
    definition((crd) => {
      crd.metadata.name = 'gadgets.example.dev';
      crd.spec.names = {plural: 'gadgets', kind: 'Gadget', listKind: 'WidgetList'};
    }),
  );
  const {body} = await at.http.get(`${CRDS}/gadgets.example.dev`);
  expect(conditionOf(body, 'NamesAccepted')).toMatchObject({
    status: 'False',
    reason: 'ListKindConflict',
    message: '"WidgetList" is already in use',
  });
  expect(conditionOf(body, 'Established')).toMatchObject({status: 'False', reason: 'NotAccepted'});
  expect((await at.http.get('/apis/example.dev/v1/namespaces/default/gadgets')).status).toBe(404);
});
