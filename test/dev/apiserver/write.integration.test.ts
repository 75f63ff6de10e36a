import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {CONFIG_MAPS, configMap, testCluster, WIDGET_CRD, widgetBody, WIDGETS} from './support/clusters.ts';
import type {TestCluster} from './support/clusters.ts';

let at: TestCluster;

beforeAll(async () => {
  at = await testCluster();
  await at.cluster.applyManifests(WIDGET_CRD);
});

afterAll(() => at.close());

describe('a create', () => {
  test('fills in what the server knows: uid, times, version, generation, defaults; and drops the status', async () => {
    const {status, body} = await at.http.post(WIDGETS, {...widgetBody('new', {min: 1}), status: {phase: 'x'}});
    expect(status).toBe(201);
    expect(body.metadata).toMatchObject({name: 'new', namespace: 'default', generation: 1});
    expect(body.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(body.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(Number(body.metadata.resourceVersion)).toBeGreaterThan(1);
    expect(body.spec).toEqual({min: 1, mode: 'On'});
    expect(body.status).toBeUndefined();
  });

  test('with generateName cuts the prefix to 58 characters and adds five', async () => {
    const {body} = await at.http.post(CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {generateName: `${'g'.repeat(70)}-`},
    });
    expect(body.metadata.name).toMatch(/^g{58}[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  test('with dryRun answers as if, and stores nothing', async () => {
    const dry = await at.http.post(`${CONFIG_MAPS}?dryRun=All`, configMap('dry'));
    expect(dry.status).toBe(201);
    expect(dry.body.metadata.uid).toBeDefined();
    expect(dry.body.metadata.resourceVersion).toBeUndefined();
    expect((await at.http.get(`${CONFIG_MAPS}/dry`)).status).toBe(404);
  });

  test('of YAML reads it as YAML 1.1 does, as real clusters', async () => {
    const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: yam}\ndata: {a: "yes"}\n';
    const {status, body} = await at.http.post(CONFIG_MAPS, text, {contentType: 'application/yaml'});
    expect([status, body.data]).toEqual([201, {a: 'yes'}]);
    const boolean = text.replace('"yes"', 'yes').replace('yam', 'yam2');
    const refused = await at.http.post(CONFIG_MAPS, boolean, {contentType: 'application/yaml'});
    expect(refused.status).toBe(400);
    expect(refused.body.message).toContain('json: cannot unmarshal');
  });

  test('of an invalid object tells every error', async () => {
    const {status, body} = await at.http.post(WIDGETS, widgetBody('bad', {min: -1, mode: 'Maybe', tags: ['a', 'a']}));
    expect([status, body.reason, body.details.kind]).toEqual([422, 'Invalid', 'Widget']);
    expect(body.details.causes.map(({reason, field}: any) => `${field} ${reason}`).sort()).toEqual([
      'spec.min FieldValueInvalid',
      'spec.mode FieldValueNotSupported',
      'spec.tags[1] FieldValueDuplicate',
    ]);
  });
});

describe('unknown and duplicate fields', () => {
  const text = (name: string): string =>
    `{"apiVersion":"example.dev/v1","kind":"Widget","metadata":{"name":"${name}","zork":1},"spec":{"min":1,"min":2,"foo":1},"extra":{}}`;

  test.each(['', '?fieldValidation=Warn'])('are dropped with a warning each: "%s"', async (query) => {
    const {status, body, warnings} = await at.http.post(WIDGETS + query, text(`warn${query.length}`));
    expect(status).toBe(201);
    expect(body.spec).toEqual({min: 2, mode: 'On'});
    expect(body.metadata.zork).toBeUndefined();
    expect(warnings).toEqual([
      '299 - "duplicate field \\"spec.min\\""',
      '299 - "unknown field \\"extra\\""',
      '299 - "unknown field \\"metadata.zork\\""',
      '299 - "unknown field \\"spec.foo\\""',
    ]);
  });

  test('are dropped silently with Ignore', async () => {
    const {status, warnings} = await at.http.post(`${WIDGETS}?fieldValidation=Ignore`, text('ignore'));
    expect([status, warnings]).toEqual([201, []]);
  });

  test('are refused with Strict', async () => {
    const {status, body} = await at.http.post(`${WIDGETS}?fieldValidation=Strict`, text('strict'));
    expect([status, body.details]).toEqual([400, undefined]);
    expect(body.message).toBe(
      'Widget in version "v1" cannot be handled as a Widget: strict decoding error: duplicate field "spec.min", unknown field "extra", ' +
        'unknown field "metadata.zork", unknown field "spec.foo"',
    );
  });
});

describe('an update', () => {
  test('of the main resource leaves the status, one of the status leaves the rest', async () => {
    await at.http.post(WIDGETS, widgetBody('two', {min: 1}));
    const main = await at.http.merge(`${WIDGETS}/two`, {status: {phase: 'zz'}, spec: {min: 2}});
    expect([main.body.status, main.body.spec.min, main.body.metadata.generation]).toEqual([undefined, 2, 2]);
    const status = await at.http.merge(`${WIDGETS}/two/status`, {
      status: {phase: 'yy'},
      spec: {min: 3},
      metadata: {labels: {a: 'b'}},
    });
    expect(status.body).toMatchObject({status: {phase: 'yy'}, spec: {min: 2}, metadata: {generation: 2}});
    expect(status.body.metadata.labels).toBeUndefined();
  });

  test('raises the generation for the spec, not for labels', async () => {
    await at.http.post(WIDGETS, widgetBody('gen'));
    const labels = await at.http.merge(`${WIDGETS}/gen`, {metadata: {labels: {a: 'b'}}});
    const spec = await at.http.merge(`${WIDGETS}/gen`, {spec: {min: 9}});
    expect([labels.body.metadata.generation, spec.body.metadata.generation]).toEqual([1, 2]);
  });

  test('cannot change what the server keeps', async () => {
    const created = (await at.http.post(CONFIG_MAPS, configMap('kept'))).body;
    const {body} = await at.http.merge(`${CONFIG_MAPS}/kept`, {
      metadata: {
        creationTimestamp: '2020-01-01T00:00:00Z',
        generation: 77,
        selfLink: 'x',
        deletionTimestamp: '2020-01-01T00:00:00Z',
      },
    });
    expect(body).toEqual(created);
  });

  test('of a core kind without a version: the last one wins', async () => {
    await at.http.post(CONFIG_MAPS, configMap('last', {data: {a: '1'}}));
    const {status, body} = await at.http.put(`${CONFIG_MAPS}/last`, configMap('last', {data: {a: '2'}}));
    expect([status, body.data]).toEqual([200, {a: '2'}]);
  });

  test('by many at once: each patch arrives, none is lost', async () => {
    await at.http.post(CONFIG_MAPS, configMap('busy'));
    const keys = Array.from({length: 20}, (_, i) => `k${i}`);
    await Promise.all(keys.map((key) => at.http.merge(`${CONFIG_MAPS}/busy`, {data: {[key]: '1'}})));
    expect(Object.keys((await at.http.get(`${CONFIG_MAPS}/busy`)).body.data).sort()).toEqual(keys.sort());
  });

  test('by all four kinds of patch', async () => {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {name: 'patched'},
      spec: {
        ports: [
          {name: 'a', port: 80},
          {name: 'b', port: 81},
        ],
      },
    };
    const path = '/api/v1/namespaces/default/services';
    await at.http.post(path, service);
    const strategic = await at.http.call('PATCH', `${path}/patched`, {
      body: {spec: {ports: [{port: 81, name: 'c'}]}},
      contentType: 'application/strategic-merge-patch+json',
    });
    expect(strategic.body.spec.ports.map(({name, port}: any) => `${name}${port}`).sort()).toEqual(['a80', 'c81']);
    const json = await at.http.call('PATCH', `${path}/patched`, {
      body: [{op: 'remove', path: '/spec/ports/0'}],
      contentType: 'application/json-patch+json',
    });
    expect(json.body.spec.ports).toHaveLength(1);
    const merge = await at.http.merge(`${path}/patched`, {spec: {ports: [{port: 1}]}});
    expect(merge.body.spec.ports).toHaveLength(1);
    const apply = await at.http.apply(
      `${path}/patched`,
      {apiVersion: 'v1', kind: 'Service', metadata: {name: 'patched', labels: {x: 'y'}}},
      'm',
    );
    expect([apply.status, apply.body.metadata.labels]).toEqual([200, {x: 'y'}]);
  });
});

describe('a delete', () => {
  test('answers with a Status and the uid, for Services with the object', async () => {
    const created = (await at.http.post(CONFIG_MAPS, configMap('gone'))).body;
    expect((await at.http.delete(`${CONFIG_MAPS}/gone`)).body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: {name: 'gone', kind: 'configmaps', uid: created.metadata.uid},
    });
    await at.http.post('/api/v1/namespaces/default/services', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {name: 'gone'},
      spec: {ports: [{port: 80}]},
    });
    expect((await at.http.delete('/api/v1/namespaces/default/services/gone')).body.kind).toBe('Service');
  });

  test('waits for finalizers; the write that removes the last one is the deletion', async () => {
    await at.http.post(WIDGETS, widgetBody('fin', {}, {finalizers: ['example.dev/x']}));
    const first = await at.http.delete(`${WIDGETS}/fin`);
    expect(first.body.metadata).toMatchObject({deletionGracePeriodSeconds: 0, generation: 2});
    expect(first.body.metadata.deletionTimestamp).toBeDefined();
    const second = await at.http.delete(`${WIDGETS}/fin`);
    expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
    const added = await at.http.merge(`${WIDGETS}/fin`, {metadata: {finalizers: ['example.dev/x', 'example.dev/y']}});
    expect([added.status, added.body.message]).toEqual([
      422,
      expect.stringContaining(
        'no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.dev/y"}',
      ),
    ]);
    const again = await at.http.post(WIDGETS, widgetBody('fin'));
    expect(again.body.message).toBe('object is being deleted: widgets.example.dev "fin" already exists');
    const last = await at.http.merge(`${WIDGETS}/fin`, {metadata: {finalizers: null}});
    expect([last.status, last.body.metadata.resourceVersion]).toEqual([200, first.body.metadata.resourceVersion]);
    expect((await at.http.get(`${WIDGETS}/fin`)).status).toBe(404);
  });

  test('with the right uid goes through, with another one it does not', async () => {
    const {uid} = (await at.http.post(CONFIG_MAPS, configMap('pre'))).body.metadata;
    const wrong = await at.http.delete(`${CONFIG_MAPS}/pre`, {preconditions: {uid: 'zzz'}});
    expect(wrong.status).toBe(409);
    expect(wrong.body.message).toBe(
      `Operation cannot be fulfilled on ConfigMap "pre": the UID in the precondition (zzz) does not match the UID in record (${uid}). ` +
        'The object might have been deleted and then recreated',
    );
    expect((await at.http.delete(`${CONFIG_MAPS}/pre`, {preconditions: {uid}})).status).toBe(200);
  });

  test('of a collection takes what is selected, and says what', async () => {
    for (const name of ['x1', 'x2', 'y1']) await at.http.post(WIDGETS, widgetBody(name, {}, {labels: {set: name[0]}}));
    const {body} = await at.http.delete(`${WIDGETS}?labelSelector=set%3Dx`);
    expect(body.items.map((item: any) => item.metadata.name)).toEqual(['x1', 'x2']);
    expect((await at.http.get(`${WIDGETS}?labelSelector=set`)).body.items).toHaveLength(1);
  });

  test('with dryRun changes nothing', async () => {
    await at.http.post(CONFIG_MAPS, configMap('stays'));
    expect((await at.http.delete(`${CONFIG_MAPS}/stays?dryRun=All`)).body.status).toBe('Success');
    expect((await at.http.get(`${CONFIG_MAPS}/stays`)).status).toBe(200);
  });
});

describe('the counter of writes', () => {
  test('counts what changed something, by manager and verb, and nothing else', async () => {
    at.cluster.writes.reset();
    await at.http.apply(`${WIDGETS}/counted`, widgetBody('counted', {min: 1}), 'm1');
    await at.http.apply(`${WIDGETS}/counted`, widgetBody('counted', {min: 1}), 'm1');
    await at.http.apply(`${WIDGETS}/counted/status`, {...widgetBody('counted'), status: {phase: 'p'}}, 'm1');
    await at.http.get(`${WIDGETS}/counted`);
    await at.http.post(`${WIDGETS}?dryRun=All&fieldManager=m2`, widgetBody('dry'));
    await at.http.delete(`${WIDGETS}/counted?fieldManager=m3`);
    const rows = at.cluster.writes
      .rows()
      .map(({resource, verb, manager, name, count}) => `${resource} ${verb} ${manager} ${name} ${count}`);
    expect(rows.sort()).toEqual([
      'widgets.example.dev apply m1 default/counted 1',
      'widgets.example.dev delete unknown default/counted 1',
      'widgets.example.dev/status apply m1 default/counted 1',
    ]);
    expect(at.cluster.writes.total((row) => row.verb === 'delete')).toBe(2);
  });

  test('counts every write request of a client as such: without effect, refused, tried only', async () => {
    await at.http.post(`${WIDGETS}?fieldManager=m1`, widgetBody('asked', {min: 1}));
    at.cluster.writes.reset();
    await at.http.apply(`${WIDGETS}/asked`, widgetBody('asked', {min: 9}), 'm2');
    await at.http.merge(`${WIDGETS}/asked?fieldManager=m1`, {spec: {min: 1}});
    await at.http.merge(`${WIDGETS}/asked?fieldManager=m1`, {spec: {min: 1}});
    await at.http.post(`${WIDGETS}?fieldManager=m1`, widgetBody('asked'));
    await at.http.post(`${WIDGETS}?dryRun=All&fieldManager=m1`, widgetBody('dry'));
    await at.http.get(`${WIDGETS}/asked`);
    const asked = at.cluster.writes
      .requests()
      .map(({verb, manager, name, count}) => `${verb} ${manager} ${name} ${count}`);
    expect(asked.sort()).toEqual([
      'apply m2 default/asked 1',
      'create m1 default/ 1',
      'create m1 default/dry 1',
      'patch m1 default/asked 2',
    ]);
    expect(at.cluster.writes.rows()).toEqual([]);
  });
});
