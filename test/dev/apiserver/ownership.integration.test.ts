import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {CONFIG_MAPS, configMap, testCluster, WIDGET_CRD, widgetBody, WIDGETS} from './support/clusters.ts';
import type {TestCluster} from './support/clusters.ts';

let at: TestCluster;

beforeAll(async () => {
  at = await testCluster();
  await at.cluster.applyManifests(WIDGET_CRD);
});

afterAll(() => at.close());

/** Server-side apply as two managers of one object meet it (apiserver.md §4). */
describe('two managers of one object', () => {
  test('a field of the other one is a 409 that names it; force takes it over', async () => {
    const path = `${WIDGETS}/two`;
    expect((await at.http.apply(path, widgetBody('two', {min: 1}), 'hub')).status).toBe(201);
    const refused = await at.http.apply(path, widgetBody('two', {min: 2}), 'agent');
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "hub": .spec.min',
      details: {causes: [{reason: 'FieldManagerConflict', message: 'conflict with "hub"', field: '.spec.min'}]},
    });
    const forced = await at.http.apply(path, widgetBody('two', {min: 2}), 'agent', true);
    expect([forced.status, forced.body.spec.min]).toEqual([200, 2]);
    expect((await at.http.apply(path, widgetBody('two', {min: 3}), 'hub')).body.message).toContain('"agent"');
  });

  test('several conflicts are listed by manager', async () => {
    const path = `${WIDGETS}/many`;
    await at.http.apply(path, widgetBody('many', {min: 1, only: 'x'}), 'm1');
    const {body} = await at.http.apply(path, widgetBody('many', {min: 2, only: 'y'}), 'm2');
    expect(body.message).toBe('Apply failed with 2 conflicts: conflicts with "m1":\n- .spec.min\n- .spec.only');
  });

  test('a field that its only owner drops goes; a co-owned one stays', async () => {
    const path = `${WIDGETS}/drop`;
    await at.http.apply(path, widgetBody('drop', {min: 1, only: 'x'}), 'm1');
    await at.http.apply(path, widgetBody('drop', {only: 'x'}), 'm2');
    const {body} = await at.http.apply(path, widgetBody('drop', {}), 'm1');
    expect(body.spec).toEqual({mode: 'On', only: 'x'});
  });

  test('an Update of the same name is another manager', async () => {
    const path = `${WIDGETS}/same`;
    await at.http.post(`${WIDGETS}?fieldManager=m1`, widgetBody('same', {min: 1}));
    const {status, body} = await at.http.apply(path, widgetBody('same', {min: 2}), 'm1');
    expect([status, body.message]).toEqual([
      409,
      'Apply failed with 1 conflict: conflict with "m1" using example.dev/v1: .spec.min',
    ]);
  });

  test('status is shared item by item; a main apply cannot touch it', async () => {
    const path = `${WIDGETS}/shared`;
    const conditions = (type: string): object => ({
      ...widgetBody('shared'),
      status: {conditions: [{type, status: 'True'}]},
    });
    await at.http.apply(path, widgetBody('shared'), 'm1');
    await at.http.apply(`${path}/status`, conditions('A'), 'm1');
    const {body} = await at.http.apply(`${path}/status`, conditions('B'), 'm2');
    expect(body.status.conditions.map(({type}: any) => type)).toEqual(['A', 'B']);
    const main = await at.http.apply(path, {...widgetBody('shared'), status: {phase: 'x'}}, 'm3');
    expect(main.body.status.phase).toBeUndefined();
  });

  test('applying the same again writes nothing', async () => {
    const path = `${WIDGETS}/again`;
    const first = await at.http.apply(path, widgetBody('again', {min: 1}), 'm1');
    const second = await at.http.apply(path, widgetBody('again', {min: 1}), 'm1');
    expect([second.status, second.body]).toEqual([200, first.body]);
  });

  test('a resourceVersion in the body guards an object that exists, and is ignored where there is none', async () => {
    const path = `${WIDGETS}/guard`;
    expect((await at.http.apply(path, widgetBody('guard', {}, {resourceVersion: '5'}), 'm')).status).toBe(201);
    expect((await at.http.apply(path, widgetBody('guard', {min: 1}, {resourceVersion: '5'}), 'm', true)).status).toBe(
      409,
    );
    const {resourceVersion} = (await at.http.get(path)).body.metadata;
    expect((await at.http.apply(path, widgetBody('guard', {min: 1}, {resourceVersion}), 'm')).status).toBe(200);
  });

  test('a metadata-only apply with the uid does not bring back what was deleted', async () => {
    const path = `${CONFIG_MAPS}/lost`;
    const {uid} = (await at.http.post(CONFIG_MAPS, configMap('lost'))).body.metadata;
    await at.http.delete(path);
    const body = {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'lost', uid, labels: {a: 'b'}}};
    expect((await at.http.apply(path, body, 'agent')).body.message).toContain('uid mismatch');
    expect((await at.http.get(path)).status).toBe(404);
    await at.http.post(CONFIG_MAPS, configMap('lost'));
    expect((await at.http.apply(path, body, 'agent')).status).toBe(422);
  });

  test('what the server fills in is nobody’s, defaults are the writer’s', async () => {
    const path = '/api/v1/namespaces/default/services?fieldManager=me';
    const {body} = await at.http.post(path, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {name: 'owned'},
      spec: {ports: [{port: 80}]},
    });
    expect(body.spec.clusterIP).toMatch(/^10\.101\./);
    const owned = Object.keys(body.metadata.managedFields[0].fieldsV1['f:spec']).sort();
    expect(owned).toEqual(['f:internalTrafficPolicy', 'f:ports', 'f:sessionAffinity', 'f:type']);
    expect(body.metadata.managedFields[0].manager).toBe('me');
  });
});
