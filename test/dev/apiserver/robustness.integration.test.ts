import {execFile} from 'node:child_process';
import {connect} from 'node:tls';
import {promisify} from 'node:util';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {MAX_DEPTH} from '../../../src/dev/schema/bounded-json.ts';
import {GADGET_CRD, GADGETS} from '../fidelity/kinds.ts';
import {CONFIG_MAPS, configMap, testCluster} from './support/clusters.ts';
import type {TestCluster} from './support/clusters.ts';

let at: TestCluster;

beforeAll(async () => {
  at = await testCluster({runPods: false});
  await at.cluster.applyManifests(GADGET_CRD);
  await at.http.post(GADGETS, JSON.parse(deep('target', 1)));
});

afterAll(() => at.close());

/** A Gadget, the text of it: its open field nests this deep. Built as text, since nothing in this process should recurse over it either. */
function deep(name: string, levels: number, kind = 'Gadget'): string {
  const inner = `${'{"n":'.repeat(levels)}1${'}'.repeat(levels)}`;
  return `{"apiVersion":"t.dev/v1","kind":"${kind}","metadata":{"name":"${name}"},"spec":{"any":${inner}}}`;
}

const lists = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const block = (levels: number): string => Array.from({length: levels}, (_, i) => `${' '.repeat(i)}n:`).join('\n');
const TARGET = `${GADGETS}/target`;
const MERGE = 'application/merge-patch+json';
const APPLY = 'application/apply-patch+yaml';

interface Deep {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly contentType: string;
}

const TOO_DEEP: readonly Deep[] = [
  {name: 'a create', method: 'POST', path: GADGETS, body: deep('x', 10_000), contentType: 'application/json'},
  {name: 'a create of lists', method: 'POST', path: GADGETS, body: lists(10_000), contentType: 'application/json'},
  {
    name: 'a create, built in',
    method: 'POST',
    path: CONFIG_MAPS,
    body: deep('x', 10_000, 'ConfigMap'),
    contentType: 'application/json',
  },
  {
    name: 'a create in YAML',
    method: 'POST',
    path: GADGETS,
    body: `a: ${lists(10_000)}`,
    contentType: 'application/yaml',
  },
  {name: 'a create in YAML blocks', method: 'POST', path: GADGETS, body: block(1_000), contentType: 'application/yaml'},
  {name: 'a replacement', method: 'PUT', path: TARGET, body: deep('target', 10_000), contentType: 'application/json'},
  {name: 'a merge patch', method: 'PATCH', path: TARGET, body: deep('target', 10_000), contentType: MERGE},
  {
    name: 'a JSON patch',
    method: 'PATCH',
    path: TARGET,
    body: `[{"op":"add","path":"/spec/any","value":${lists(10_000)}}]`,
    contentType: 'application/json-patch+json',
  },
  {
    name: 'an apply',
    method: 'PATCH',
    path: `${TARGET}?fieldManager=m`,
    body: deep('target', 10_000),
    contentType: APPLY,
  },
  {
    name: 'an apply in YAML',
    method: 'PATCH',
    path: `${TARGET}?fieldManager=m`,
    body: `a: ${lists(10_000)}`,
    contentType: APPLY,
  },
  {
    name: 'three million brackets',
    method: 'POST',
    path: GADGETS,
    body: lists(1_500_000),
    contentType: 'application/json',
  },
  {
    name: 'three million brackets in YAML',
    method: 'POST',
    path: GADGETS,
    body: `a: ${lists(1_500_000)}`,
    contentType: 'application/yaml',
  },
  {name: 'options of a delete', method: 'DELETE', path: TARGET, body: lists(10_000), contentType: 'application/json'},
];

describe('what nests too deep is refused with a sentence, not by a lost stack:', () => {
  test.each(TOO_DEEP)('$name', async ({method, path, body, contentType}) => {
    const answer = await at.http.call(method, path, {body, contentType});
    expect([answer.status, answer.body.reason]).toEqual([400, 'BadRequest']);
    expect(answer.body.message).toContain(`exceeded max depth of ${MAX_DEPTH}`);
  });

  test('every verb gets along with what is just not too deep', async () => {
    // Object, spec and the field itself are levels as well.
    const body = (name: string): string => deep(name, MAX_DEPTH - 2);
    const made = await at.http.post(GADGETS, body('edge'));
    expect([made.status, made.text]).toEqual([201, made.text]);
    for (const manager of ['a', 'b', 'kubectl']) {
      expect((await at.http.apply(`${GADGETS}/edge`, body('edge'), manager, true)).status).toBe(200);
    }
    expect((await at.http.apply(`${GADGETS}/edge`, deep('edge', 1), 'a', true)).status).toBe(200);
    expect((await at.http.merge(`${GADGETS}/edge`, body('edge'))).status).toBe(200);
    expect((await at.http.get(`${GADGETS}/edge`, {accept: 'application/yaml'})).status).toBe(200);
    expect((await at.http.get('/apis/t.dev/v1alpha1/namespaces/default/gadgets/edge')).status).toBe(200);
    const watch = await at.http.watch(`${GADGETS}?watch=true&fieldSelector=metadata.name%3Dedge`);
    await watch.until(({events}) => events.length === 1);
    watch.close();
    expect((await at.http.delete(`${GADGETS}/edge`)).status).toBe(200);
  });

  test('JSON patches that pile up levels one by one', async () => {
    const half = lists(MAX_DEPTH - 20);
    const pile = (path: string): string => `[{"op":"add","path":"${path}","value":{"n":${half}}}]`;
    const options = {contentType: 'application/json-patch+json'};
    expect((await at.http.call('PATCH', TARGET, {body: pile('/spec/any'), ...options})).status).toBe(200);
    const deeper = `/spec/any/n${'/0'.repeat(MAX_DEPTH - 22)}/-`;
    const answer = await at.http.call('PATCH', TARGET, {body: pile(deeper), ...options});
    expect([answer.status, answer.body.reason]).toEqual([422, 'Invalid']);
  });

  test('a last-applied annotation of kubectl', async () => {
    const annotations = {
      'kubectl.kubernetes.io/last-applied-configuration': `{"apiVersion":"v1","a":${lists(10_000)}}`,
    };
    const body = {...configMap('annotated'), metadata: {name: 'annotated', annotations}};
    expect((await at.http.post(CONFIG_MAPS, body)).status).toBe(201);
    const applied = await at.http.apply(
      `${CONFIG_MAPS}/annotated`,
      configMap('annotated', {data: {a: '1'}}),
      'kubectl',
    );
    expect(applied.status).toBe(200);
  });

  test('a path of managedFields', async () => {
    const element = `k:{"name":${lists(10_000)}}`;
    const managedFields = [
      {manager: 'm', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: {[element]: {}}},
    ];
    const body = {...configMap('owned'), metadata: {name: 'owned', managedFields}};
    expect((await at.http.post(CONFIG_MAPS, body)).status).toBe(201);
    expect((await at.http.apply(`${CONFIG_MAPS}/owned`, configMap('owned', {data: {a: '1'}}), 'x')).status).toBe(200);
  });
});

test('a JSON patch that doubles the object over and over is a 413', async () => {
  await at.http.post(CONFIG_MAPS, configMap('bomb', {data: {a: 'x'.repeat(1000)}}));
  const body = Array.from({length: 30}, (_, i) => ({op: 'copy', from: '/data', path: `/data/${i}`}));
  const answer = await at.http.call('PATCH', `${CONFIG_MAPS}/bomb`, {body, contentType: 'application/json-patch+json'});
  expect([answer.status, answer.body.reason]).toEqual([413, 'RequestEntityTooLarge']);
  expect(answer.body.message).toMatch(/^Request entity too large: Unable to complete the copy/);
});

describe('clients that misbehave', () => {
  /** A TLS connection that sends what it is told. */
  async function rawClient(text: string): Promise<ReturnType<typeof connect>> {
    const socket = connect({port: at.cluster.port, host: '127.0.0.1', ca: at.cluster.caPem});
    await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    socket.on('error', () => undefined);
    socket.resume();
    socket.write(text);
    return socket;
  }

  const head = (path: string, more = ''): string =>
    `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${at.cluster.credentials.token ?? ''}\r\n${more}\r\n`;

  test('a body that stops half way holds up nobody else, and ends with its connection', async () => {
    const socket = await rawClient(`${head(CONFIG_MAPS, 'Content-Length: 1000\r\n')}{"half":`);
    expect((await at.http.get('/version')).status).toBe(200);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.destroy();
    await closed;
    expect((await at.http.get('/version')).status).toBe(200);
  });

  test('what is no HTTP is hung up on', async () => {
    const socket = await rawClient('\u0000\u0001nonsense\r\n\r\n');
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    expect((await at.http.get('/version')).status).toBe(200);
  });

  test('watches whose clients went away are let go', async () => {
    const watches = await Promise.all(
      Array.from({length: 20}, () => at.http.watch(`${CONFIG_MAPS}?watch=true&resourceVersion=0`)),
    );
    for (const watch of watches) watch.close();
    const left = (): number => at.cluster.faults.dropWatches({resource: 'configmaps'});
    await expect.poll(left, {timeout: 5_000}).toBe(0);
  });
});

test('a closed cluster leaves nothing that keeps a process, and an idle one takes no time', async () => {
  const script = new URL('support/start-and-close.ts', import.meta.url).pathname;
  const {stdout} = await promisify(execFile)(process.execPath, [script], {timeout: 15_000});
  expect((JSON.parse(stdout) as {idleCpuMs: number}).idleCpuMs).toBeLessThan(50);
});
