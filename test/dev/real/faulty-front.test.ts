import {once} from 'node:events';
import type {ServerResponse} from 'node:http';
import type {Server} from 'node:https';
import {createServer} from 'node:https';
import type {AddressInfo} from 'node:net';

import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';

import {namespaces, serviceExports} from '../../../src/api/resources.ts';
import {KubeClient} from '../../../src/kube/client.ts';
import {KubeError} from '../../../src/kube/kube-error.ts';
import {createAuthority, issueServing} from '../../../src/pki/authority.ts';
import type {Faults} from '../../../src/dev/faults.ts';
import {FaultyFront} from '../../../src/dev/real/faulty-front.ts';
import {reservePort} from '../../../src/dev/real/free-port.ts';

const LIST = {kind: 'ServiceExportList', apiVersion: 'multicluster.x-k8s.io/v1beta1', metadata: {resourceVersion: '7'}};
const EVENT = {type: 'ADDED', object: {kind: 'ServiceExport', metadata: {name: 'foo', namespace: 'bar'}}};
/** What the server would have been compacted to. */
const REVISION = 100;
let faults: Faults;
let server: Server;
let front: FaultyFront;
let client: KubeClient;

/** Answers every list with nothing, every watch with one event and then silence. */
function answer(url: string, outgoing: ServerResponse): void {
  outgoing.writeHead(200, {'content-type': 'application/json'});
  if (url.includes('fieldManager=')) outgoing.end(JSON.stringify(EVENT.object));
  else if (url.includes('watch=true')) outgoing.write(`${JSON.stringify(EVENT)}\n`);
  else if (url.includes('/namespaces?')) outgoing.end(JSON.stringify({...LIST, items: [{metadata: {name: 'bar'}}]}));
  else outgoing.end(JSON.stringify({...LIST, items: []}));
}

beforeAll(async () => {
  const times = {notBeforeMs: Date.now() - 60_000, notAfterMs: Date.now() + 600_000};
  const authority = await createAuthority({commonName: 'test', ...times});
  const names = {commonName: 'server', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1']};
  const {certPem: cert, keyPem: key} = await issueServing(authority, {...names, ...times});
  server = createServer({cert, key}, (incoming, outgoing) => answer(incoming.url ?? '', outgoing));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const reserved = await reservePort();
  await reserved.release();
  const tls = {cert, key, ca: authority.certPem};
  front = new FaultyFront({
    port: reserved.port,
    target: (server.address() as AddressInfo).port,
    tls,
    compact: () => Promise.resolve(REVISION),
  });
  ({faults} = front);
  await front.open();
  const credentials = {server: `https://127.0.0.1:${reserved.port}`, ca: authority.certPem, token: 'secret'};
  client = new KubeClient({credentials, userAgent: 'test'});
});

beforeEach(() => faults.clear());

afterAll(async () => {
  await client.close();
  await front.close();
  server.closeAllConnections();
  server.close();
});

/** The first thing that a watch brings. */
async function firstEvent({from = 1, ...o}: {idleMs?: number; from?: number} = {}): Promise<unknown> {
  for await (const event of client.watch(serviceExports, {resourceVersion: String(from), ...o})) return event;
  return undefined;
}

describe('a front before an API server', () => {
  test('passes lists and watches on where no fault fits', async () => {
    faults.add({resource: 'services'}, {kind: 'status', code: 503});
    expect(await client.list(serviceExports)).toEqual({items: [], resourceVersion: '7'});
    expect(await firstEvent()).toEqual(EVENT);
  });

  test('refuses the lists it was told to, and nothing else', async () => {
    faults.add({verb: 'list', resource: 'serviceexports'}, {kind: 'status', code: 503});
    await expect(client.list(serviceExports)).rejects.toMatchObject({status: 503});
    expect(await firstEvent()).toEqual(EVENT);
    faults.clear();
    expect((await client.list(serviceExports)).items).toEqual([]);
  });

  test('is overloaded as priority and fairness are: 429 with Retry-After', async () => {
    faults.add({verb: 'list'}, {kind: 'overload', retryAfterSeconds: 2}, {times: 1});
    await expect(client.list(serviceExports)).rejects.toMatchObject({status: 429, retryAfterMs: 2_000});
  });

  test('says 410 to a list by HTTP, to a watch by an ERROR event', async () => {
    faults.add({resource: 'serviceexports'}, {kind: 'gone'});
    for (const ask of [() => client.list(serviceExports), () => firstEvent()]) {
      const error: unknown = await ask().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(KubeError);
      expect(error).toMatchObject({status: 410, isExpired: true});
    }
  });

  test('keeps a watch open and silent', async () => {
    faults.add({verb: 'watch'}, {kind: 'halfOpenWatch'});
    await expect(firstEvent({idleMs: 100})).rejects.toMatchObject({code: 'ISTHMUS_KUBE_TIMEOUT'});
  });

  test('empties a list, and keeps its version', async () => {
    faults.add({verb: 'list'}, {kind: 'emptyList'}, {times: 1});
    expect(await client.list(namespaces)).toEqual({items: [], resourceVersion: '7'});
    expect((await client.list(namespaces)).items).toHaveLength(1);
  });

  test('cuts the watches that fit, and no others', async () => {
    const events = client.watch(serviceExports, {resourceVersion: '1'});
    const iterator = events[Symbol.asyncIterator]();
    await iterator.next();
    expect(faults.dropWatches({resource: 'services'})).toBe(0);
    expect(faults.dropWatches({resource: 'serviceexports'})).toBe(1);
    await expect(iterator.next()).rejects.toMatchObject({status: 0});
  });

  test('cuts every connection and refuses new ones while it is a partition', async () => {
    faults.partition(true);
    await expect(client.list(serviceExports)).rejects.toMatchObject({status: 0});
    faults.partition(false);
    expect((await client.list(serviceExports)).items).toEqual([]);
  });

  test('counts write requests by resource, verb, manager and name, and reads not at all', async () => {
    front.writes.reset();
    const at = {namespace: 'bar', name: 'foo'};
    const object = {apiVersion: 'multicluster.x-k8s.io/v1beta1', kind: 'ServiceExport', metadata: at};
    await client.list(serviceExports);
    await client.create(serviceExports, object, {fieldManager: 'tester'});
    await client.apply(serviceExports, object, {fieldManager: 'tester', subresource: 'status'});
    await client.delete(serviceExports, at);
    expect(
      front.writes
        .requests()
        .map((row) => Object.values(row).join(' '))
        .toSorted(),
    ).toEqual([
      'serviceexports.multicluster.x-k8s.io create tester bar/foo 1',
      'serviceexports.multicluster.x-k8s.io delete test bar/foo 1',
      'serviceexports.multicluster.x-k8s.io/status apply tester bar/foo 1',
    ]);
  });

  test('drops connections', async () => {
    faults.add({verb: 'list'}, {kind: 'reset'});
    await expect(client.list(serviceExports)).rejects.toMatchObject({status: 0});
  });

  test('after a compaction, old watches are too old, and newer ones are not', async () => {
    faults.compact();
    expect(await firstEvent().catch((reason: unknown) => reason)).toMatchObject({isExpired: true});
    expect(await firstEvent({from: REVISION})).toEqual(EVENT);
  });
});
