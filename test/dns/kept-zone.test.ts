import {mkdtemp, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {createHash} from 'node:crypto';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pino} from 'pino';
import {afterAll, beforeEach, describe, expect, test} from 'vitest';
import type {GlobalTrafficPolicy} from '../../src/api/kinds.ts';
import {queryDns} from '../../dns/client.ts';
import type {DnsResult} from '../../dns/client.ts';
import type {DnsServer, DnsServerOptions} from '../../dns/server.ts';
import {ZoneKeeper} from '../../dns/state/zone-keeper.ts';
import {ZONE} from './ask.ts';
import {changeOf, everything, fixture, makeImport, makeView} from './fixture-view.ts';
import {startServer} from './live-server.ts';
import {eventually} from '../tools/eventually.ts';
import {answersOf, questionOf, WORKED_QUERIES} from './worked-queries.ts';

let dir = '';
const dirs: string[] = [];
let log: string[] = [];
const logger = pino({level: 'info'}, {write: (line: string) => void log.push(line)});

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'isthmus-dns-'));
  dirs.push(dir);
  log = [];
});

// Not after each: the servers of a test are closed after its own hooks, and a server that closes keeps its zone.
afterAll(() => Promise.all(dirs.map((each) => rm(each, {recursive: true, force: true}))));

const file = () => join(dir, 'dns-zone.state');
const start = (o: Partial<DnsServerOptions> = {}) => startServer({state: {dir, clusterId: 'cluster-a'}, logger, ...o});

/** A server that served the fixture and went. */
async function keepFixture(): Promise<void> {
  const server = await start({});
  server.publish(fixture, everything);
  await server.close();
}

function query(server: DnsServer, name: string, type = 'A'): Promise<DnsResult> {
  return queryDns({server: server.address.host, port: server.address.port, name, type});
}

/** The worker takes the file in before the first datagram: both are messages of its event loop, so it may take a few. */
async function restored(server: DnsServer, name: string, type = 'A'): Promise<DnsResult> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    const reply = await query(server, name, type);
    if (reply.rcode !== 'SERVFAIL' || performance.now() > deadline) return reply;
  }
}

const web = 'web.test.svc.clusterset.local';

describe('while the API server is away', () => {
  /** The mark is a message to the worker, which may be read after the first datagrams. */
  async function askedUntil(server: DnsServer, isOld: boolean): Promise<DnsResult> {
    return eventually('the mark', async () => {
      const reply = await query(server, web);
      return reply.extendedErrors.length > 0 === isOld && reply;
    });
  }

  test('answers stay, and say their age from the moment on that the server is told, until it is heard again', async () => {
    const server = await startServer({});
    server.publish(fixture, everything);
    await server.served(fixture.revision);
    expect(await query(server, web)).toMatchObject({rcode: 'NOERROR', extendedErrors: []});
    server.markSilent(Date.now() - 1_000_000);
    const old = await askedUntil(server, true);
    expect(old).toMatchObject({rcode: 'NOERROR', extendedErrors: [{code: 3}]});
    const age = Number(/^as of (\d+) s ago$/.exec(old.extendedErrors[0]?.text ?? '')?.[1]);
    expect(age).toBeGreaterThanOrEqual(1_000);
    expect(age).toBeLessThan(1_060);
    expect(old.answers).not.toEqual([]);
    expect(await query(server, 'nobody.test.svc.clusterset.local')).toMatchObject({
      rcode: 'NXDOMAIN',
      extendedErrors: [{code: 19}],
    });
    expect((await query(server, `_why.${web}`, 'TXT')).answers[0]?.data).toMatch(/ data=10\d\ds"/);
    server.markSilent(undefined);
    expect(await askedUntil(server, false)).toMatchObject({rcode: 'NOERROR'});
  });
});

describe('after a restart while the API server is away', () => {
  test('every answer is there, and says how old it is', async () => {
    await keepFixture();
    const server = await start();
    await restored(server, web);
    const ageSeconds = Math.floor((Date.now() - fixture.atMs) / 1000);
    for (const worked of WORKED_QUERIES) {
      const reply = await query(server, questionOf(worked), worked.type);
      const title = `${worked.rule}: ${worked.question} ${worked.type}`;
      expect(reply.rcode, title).toBe(worked.rcode ?? 'NOERROR');
      expect(reply.answers.map((r) => `${r.name} ${r.ttl} IN ${r.type} ${r.data}`).sort(), title).toEqual(
        answersOf(worked).map((line) => line.replace('"RFC8482" ""', '\\# 9 075246433834383200')),
      );
      if (reply.rcode === 'REFUSED' || reply.rcode === 'NOTIMP') continue;
      const [extended] = reply.extendedErrors;
      expect(extended?.code, title).toBe(reply.rcode === 'NXDOMAIN' ? 19 : 3);
      const said = Number(/^as of (\d+) s ago$/.exec(extended?.text ?? '')?.[1]);
      expect(said - ageSeconds, title).toBeGreaterThanOrEqual(0);
      expect(said - ageSeconds, title).toBeLessThan(60);
    }
    expect(log.join('')).toContain('serving the kept zone as stale until the first view');
  });

  test('the explanation is there too, and says how old it is', async () => {
    await keepFixture();
    const server = await start();
    const why = await restored(server, `_why.${web}`, 'TXT');
    expect(why.answers[0]?.data).toMatch(
      /"answer=Addresses type=ClusterSetIP data=\d+s".*"cluster id=cluster-a tier=1/,
    );
  });

  test('a view that is not synced changes nothing; the first synced one takes its place whole', async () => {
    await keepFixture();
    const server = await start();
    await restored(server, web);
    server.publish({...makeView({}), revision: 1, synced: false}, everything);
    await server.served(1);
    expect(await query(server, web)).toMatchObject({rcode: 'NOERROR', extendedErrors: [{code: 3}]});
    const fresh = makeView({namespaces: ['test'], imports: [makeImport('new', {ips: ['10.42.0.9']})]});
    server.publish({...fresh, revision: 2}, changeOf({}));
    await server.served(2);
    expect(await query(server, 'new.test.svc.clusterset.local')).toMatchObject({rcode: 'NOERROR', extendedErrors: []});
    for (const gone of [web, 'other.svc.clusterset.local', 'my-pet-1.cluster-a.db.test.svc.clusterset.local']) {
      expect(await query(server, gone)).toMatchObject({rcode: 'NXDOMAIN', extendedErrors: []});
    }
    expect(server.stats().names).toBe(1 + 1 + 5);
    const before = Number(/(\d+) 7200/.exec((await query(server, 'clusterset.local', 'SOA')).answers[0]!.data)?.[1]);
    expect(before).toBeGreaterThan(Math.floor(fixture.atMs / 1000));
    expect((await query(server, '_why.new.test.svc.clusterset.local', 'TXT')).answers[0]?.data).toContain(
      'out id=cluster-b reason=UnknownCluster',
    );
  });

  test('nothing kept: SERVFAIL as ever, and nothing is said', async () => {
    const server = await start();
    expect(await query(server, web)).toMatchObject({rcode: 'SERVFAIL'});
    expect(log.join('')).not.toContain('kept');
  });
});

test('a policy that was taken away in the meantime is not explained by', async () => {
  const policy = {
    apiVersion: 'flomesh.io/v1alpha1',
    kind: 'GlobalTrafficPolicy',
    metadata: {name: 'old', namespace: 'test'},
    spec: {lbType: 'ActiveActive'},
  } as GlobalTrafficPolicy;
  const first = await start({});
  first.publish({...fixture, trafficPolicies: new Map([['test/web', policy]])}, everything);
  await first.close();
  const server = await start();
  const why = async () => (await restored(server, `_why.${web}`, 'TXT')).answers[0]?.data;
  expect(await why()).toContain('name=old');
  server.publish(fixture, everything);
  await server.served(fixture.revision);
  expect(await why()).toContain('name=local-first');
});

describe('a file is refused, and the log says why', () => {
  const cases: readonly (readonly [string, (content: Buffer) => Buffer, string])[] = [
    ['one octet differs', (content) => flipped(content, 300), 'its checksum is wrong'],
    ['it is cut', (content) => content.subarray(0, 500), 'its checksum is wrong'],
    ['it is empty', () => Buffer.alloc(0), 'it is not a zone of this server'],
    ['it is something else', () => Buffer.from('{"zone":"clusterset.local"}'), 'it is not a zone of this server'],
    ['it has another version', (content) => flipped(content, 20), 'it has version'],
    ['a slab of it is cut', (content) => resealed(cutSlab(content)), 'a slab of it is cut'],
  ];
  test.each(cases)('%s', async (_title, spoil, reason) => {
    await keepFixture();
    await writeFile(file(), spoil(await readFile(file())));
    const server = await start();
    expect(await query(server, web)).toMatchObject({rcode: 'SERVFAIL'});
    expect(log.join('')).toContain('the kept zone is not used');
    expect(log.join('')).toContain(reason);
  });

  test.each<[string, Partial<DnsServerOptions>, string]>([
    ['another zone', {zone: 'example.org'}, 'its zone is clusterset.local, not example.org'],
    ['another cluster', {state: {dir: '', clusterId: 'cluster-b'}}, 'its clusterId is cluster-a, not cluster-b'],
    ['another kind of answer', {answer: 'gateways'}, 'its answer is vips, not gateways'],
  ])('it is of %s', async (_title, options, reason) => {
    await keepFixture();
    const state = {...options.state, dir, clusterId: options.state?.clusterId ?? 'cluster-a'};
    const server = await start({...options, state});
    const zone = options.zone ?? 'clusterset.local';
    expect(await query(server, `web.test.svc.${zone}`)).toMatchObject({rcode: 'SERVFAIL'});
    expect(log.join('')).toContain(reason);
  });

  function flipped(content: Buffer, at: number): Buffer {
    const copy = Buffer.from(content);
    copy[at] = copy[at]! ^ 1;
    return copy;
  }

  /** The first slab says that its last name is longer than the slab is. */
  function cutSlab(content: Buffer): Buffer {
    const copy = Buffer.from(content);
    copy.writeUInt32BE(0x7fff_ffff, 21 + 4 + 1 + copy[25]! + 2);
    return copy;
  }

  function resealed(content: Buffer): Buffer {
    const body = content.subarray(0, content.length - 32);
    return Buffer.concat([body, createHash('sha256').update(body).digest()]);
  }
});

describe('the keeper', () => {
  const keeper = (o: {intervalMs?: number; dir?: string} = {}) =>
    new ZoneKeeper({
      dir,
      zone: 'clusterset.local',
      clusterId: 'cluster-a',
      answer: 'vips',
      compile: {zone: ZONE, ttlSeconds: 5},
      logger,
      ...o,
    });

  test('writes the last of many views once, and nothing else stays in the directory', async () => {
    const kept = keeper();
    for (let revision = 1; revision <= 100; revision++) kept.keep({...fixture, revision, atMs: revision});
    await kept.close();
    expect(await readdir(dir)).toEqual(['dns-zone.state']);
    expect((await keeper().load())?.about.atMs).toBe(100);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
  });

  test('writes within its interval without being closed', async () => {
    const kept = keeper({intervalMs: 1});
    kept.keep(fixture);
    await expect.poll(async () => (await keeper().load())?.about.atMs, {timeout: 5_000}).toBe(fixture.atMs);
    await kept.close();
  });

  test.each([
    {name: 'a file', of: () => join(dir, 'taken')},
    {name: 'in a folder that is not there', of: () => join(dir, 'none', 'state')},
    // Made with its parents, Node would try for ever here.
    {name: 'in /proc', of: () => '/proc/isthmus'},
  ])('a directory that can not be written is logged, and answers do not depend on it: $name', async ({of}) => {
    await writeFile(join(dir, 'taken'), '');
    const server = await start({state: {dir: of(), clusterId: 'cluster-a'}});
    server.publish(fixture, everything);
    await server.served(1);
    expect(await query(server, web)).toMatchObject({rcode: 'NOERROR'});
    await server.close();
    expect(log.join('')).toContain('the zone could not be kept');
  });

  test('a zone of many slabs is kept whole', async () => {
    const imports = Array.from({length: 5000}, (_, i) => makeImport(`s${i}`, {ips: ['10.0.0.1']}));
    const kept = keeper();
    kept.keep(makeView({namespaces: ['test'], imports}));
    await kept.close();
    const stored = await keeper().load();
    expect(stored?.slabs.length).toBeGreaterThan(1);
    expect(stored?.groups).toHaveLength(5000 + 1 + 1);
  });
});
