import {mkdtemp, readFile, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {decode} from 'dns-packet';
import fc from 'fast-check';
import {pino} from 'pino';
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest';

import type {DnsServer} from '../../dns/server.ts';
import {startDnsServer} from '../../dns/server.ts';
import type {KubeObject} from '../../src/api/meta.ts';
import {services} from '../../src/api/resources.ts';
import type {View} from '../../src/clusterset/view.ts';
import {missingForClusters} from '../../src/dev/real/part-cache.ts';
import {ProcessKeeper} from '../../src/dev/real/process-keeper.ts';
import {Testbed} from '../../src/dev/real/testbed.ts';
import {until} from '../../src/dev/real/until.ts';
import {IsthmusError} from '../../src/errors.ts';
import {lines, question} from '../dns/ask.ts';
import {everything, fixture, makeImport, makeView} from '../dns/fixture-view.ts';
import {WORKED_QUERIES} from '../dns/worked-queries.ts';
import {missingPart} from './missing-part.ts';
import type {CoreDns} from './played-coredns.ts';
import {askLikeAClient, startCoreDns} from './played-coredns.ts';

const logger = pino({level: 'silent'});
const missing = await missingPart('coredns');
const missingClusters = await missingForClusters();
if (missing !== undefined) test(`CoreDNS in front (${missing})`, ({skip}) => skip());
else if (missingClusters !== undefined) test(`cluster.local beside it (${missingClusters})`, ({skip}) => skip());

const QUERIES = 10_000;
const AT_ONCE = 64;
const TTL_MS = 5_000;
/** Of one question. A machine that stands still for seconds loses datagrams, and so does UDP without it. */
const TRIES = 3;
const SOON = {deadlineMs: 30_000};
/** AXFR and IXFR are for servers, and CoreDNS does not forward them over UDP; all others are passed on. */
const TYPES = ['A', 'AAAA', 'SRV', 'TXT', 'NS', 'SOA', 'MX', 'CNAME', 'PTR', 'ANY', 'TYPE65', 'TYPE257', 'TYPE65280'];

interface Said {
  readonly rcode: string;
  readonly name: string | undefined;
  readonly answers: readonly string[];
  readonly authorities: readonly string[];
  readonly ttls: readonly number[];
}

/** What a resolver would use of a message: names without regard to case (RFC 4343), TTLs apart, because a cache counts them down. */
function said(message: Buffer): Said {
  const {rcode, questions, answers, authorities} = decode(message);
  const withoutTtl = (records: typeof answers): readonly string[] =>
    lines(records.map((record) => ({...record, ttl: 0}))).map((line) => line.toLowerCase());
  return {
    rcode,
    name: questions[0]?.name,
    answers: withoutTtl(answers),
    authorities: withoutTtl(authorities),
    ttls: answers.map(({ttl = 0}) => ttl),
  };
}

function inRandomCase(name: string, bits: number): string {
  return name
    .split('')
    .map((letter, at) => ((bits >> (at % 31)) & 1 ? letter.toUpperCase() : letter.toLowerCase()))
    .join('');
}

function viewWith(name: string, o: {readonly revision: number; readonly ip: string}): View {
  const {revision, ip} = o;
  return makeView({
    namespaces: ['test'],
    imports: [makeImport(name, {ips: [ip], ports: [{name: 'http', port: 80, protocol: 'TCP'}]})],
    view: {revision},
  });
}

describe.runIf(missing === undefined)('CoreDNS in front', () => {
  let dir: string;
  let keeper: ProcessKeeper;
  let isthmus: DnsServer;
  let coredns: CoreDns;
  let testbed: Testbed | undefined;
  /** Names that no try of a test had before are in no cache. */
  let fresh = 0;
  let revision = 10;
  let askedAgain = 0;

  async function startIsthmus(port: number, view: View): Promise<DnsServer> {
    const server = await startDnsServer({listen: {host: '127.0.0.1', port}, logger});
    server.publish(view, everything);
    await server.served(view.revision);
    return server;
  }

  async function ask(at: {readonly server: string; readonly port: number}, query: Buffer): Promise<Buffer> {
    for (let left = TRIES - 1; ; left--) {
      try {
        return await askLikeAClient(at, query);
      } catch (error) {
        if (left === 0 || !(error instanceof IsthmusError && error.code === 'ISTHMUS_DNS_QUERY')) throw error;
        askedAgain++;
      }
    }
  }

  async function publish(view: View): Promise<void> {
    isthmus.publish(view, everything);
    await isthmus.served(view.revision);
  }

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'isthmus-coredns-'));
    keeper = new ProcessKeeper(dir, {removeDir: true});
    isthmus = await startIsthmus(0, fixture);
    const kubeconfigFile = join(dir, 'kubeconfig');
    if (missingClusters === undefined) {
      testbed = await Testbed.start({clusters: ['one'], logger});
      await writeFile(kubeconfigFile, testbed.get('one').kubeconfig);
    }
    coredns = await startCoreDns({
      keeper,
      dir,
      isthmus: `127.0.0.1:${isthmus.address.port}`,
      ...(testbed !== undefined && {kubeconfigFile}),
    });
  }, 90_000);
  afterAll(async () => {
    await keeper.close();
    await isthmus.close();
    await testbed?.close();
  });

  const direct = (query: Buffer): Promise<Buffer> => ask({server: '127.0.0.1', port: isthmus.address.port}, query);
  const through = (query: Buffer): Promise<Buffer> => ask(coredns, query);
  const logOfCoreDns = (): Promise<string> => readFile(coredns.process.logFile, 'utf8');

  test.each<{cache: 'with its cache' | 'without'}>([{cache: 'with its cache'}, {cache: 'without'}])(
    `answers ${QUERIES} queries of all types and spellings as Isthmus itself does, $cache`,
    async ({cache}) => {
      const loggedBefore = (await logOfCoreDns()).length;
      const askedAgainBefore = askedAgain;
      const at = cache === 'without' ? {...coredns, port: coredns.uncachedPort} : coredns;
      const reachedBefore = isthmus.stats().udpQueries;
      const names = [
        ...new Set(WORKED_QUERIES.map((of) => of.question.replace('~', '.svc.clusterset.local').replace(/\.$/, ''))),
      ].filter((name) => /(^|\.)clusterset\.local$/i.test(name));
      const anyQuery = fc.record({
        name: fc.oneof(
          {weight: 9, arbitrary: fc.constantFrom(...names)},
          {
            weight: 1,
            arbitrary: fc.stringMatching(/^[a-z]{1,8}$/).map((label) => `${label}.test.svc.clusterset.local`),
          },
        ),
        type: fc.oneof({weight: 3, arbitrary: fc.constantFrom('A', 'AAAA', 'SRV')}, fc.constantFrom(...TYPES)),
        bits: fc.integer({min: 0, max: 2 ** 31 - 1}),
        id: fc.integer({min: 0, max: 65_535}),
        edns: fc.constantFrom(undefined, 512, 1232, 4096),
      });
      const queries = fc.sample(anyQuery, {numRuns: QUERIES, seed: 20_261_121});
      const tally: Record<string, number> = {};
      const wrong: string[] = [];
      const known = new Map<string, Said>();
      const next = queries.values();
      const worker = async (): Promise<void> => {
        for (const {name, type, bits, id, edns} of next) {
          const asked = inRandomCase(name, bits);
          const key = `${name.toLowerCase()} ${type}`;
          const truth = known.get(key) ?? said(await direct(question(name, type, {id, edns: 1232})));
          known.set(key, truth);
          const got = said(await ask(at, question(asked, type, {id, ...(edns !== undefined && {edns})})));
          const isRight =
            got.name === asked &&
            got.rcode === truth.rcode &&
            got.answers.join() === truth.answers.join() &&
            got.authorities.join() === truth.authorities.join() &&
            Math.max(0, ...got.ttls) <= Math.max(0, ...truth.ttls);
          const kind = truth.rcode === 'NOERROR' && truth.answers.length === 0 ? 'NODATA' : truth.rcode;
          tally[kind] = (tally[kind] ?? 0) + 1;
          if (!isRight)
            wrong.push(`${asked} ${type} edns ${edns}: ${JSON.stringify(got)}, not ${JSON.stringify(truth)}`);
        }
      };
      await Promise.all(Array.from({length: AT_ONCE}, worker));
      expect(wrong.slice(0, 5)).toEqual([]);
      expect(wrong).toHaveLength(0);
      expect(Object.values(tally).reduce((sum, count) => sum + count)).toBe(QUERIES);
      for (const kind of ['NOERROR', 'NODATA', 'NXDOMAIN']) expect(tally[kind], kind).toBeGreaterThan(500);
      const reached = isthmus.stats().udpQueries - reachedBefore;
      if (cache === 'without') expect(reached).toBeGreaterThanOrEqual(QUERIES);
      else expect(reached, 'the cache is in use').toBeLessThan(QUERIES / 2);
      const timedOut = askedAgain - askedAgainBefore;
      process.stdout.write(`CoreDNS ${cache}: ${timedOut} of ${QUERIES} questions had to be asked again\n`);
      const errors = (await logOfCoreDns())
        .slice(loggedBefore)
        .split('\n')
        .filter((line) => line.includes('[ERROR]'));
      // Whom Isthmus does not answer in time, CoreDNS does not either, and says so.
      expect(errors.slice(timedOut), 'and CoreDNS has no error to report').toEqual([]);
    },
  );

  test('brings an answer that does not fit a datagram, whole, over TCP', async () => {
    const query = question('thousand.test.svc.clusterset.local', 'A', {edns: 1232});
    const [own, forwarded] = [said(await direct(query)), said(await through(query))];
    expect(own.answers).toHaveLength(1_000);
    expect(forwarded).toMatchObject({rcode: 'NOERROR', answers: own.answers});
  });

  test.runIf(missingClusters === undefined)('leaves cluster.local to its own kubernetes plugin', async () => {
    const name = `own-${++fresh}`;
    const created = (await testbed?.get('one').client.create(
      services,
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: {name, namespace: 'default'},
        spec: {ports: [{port: 80}]},
      } as KubeObject,
      {fieldManager: 'test'},
    )) as KubeObject & {spec: {clusterIP: string}};
    const query = question(`${name}.default.svc.cluster.local`, 'A');
    const resolved = async (): Promise<boolean> =>
      said(await through(query)).answers.some((line) => line.endsWith(` ${created.spec.clusterIP}`));
    // A denial is cached for 5 s, too.
    await until('the Service to resolve', resolved, SOON);
    expect(said(await through(question('web.test.svc.clusterset.local', 'A'))).answers).toHaveLength(1);
  });

  test('shows an update when the TTL is over, and not one time something else than the old or the new answer', async () => {
    const name = `moving-${++fresh}`;
    await publish(viewWith(name, {revision: ++revision, ip: '10.42.42.1'}));
    const query = question(`${name}.test.svc.clusterset.local`, 'A');
    const addressNow = async (): Promise<string> => said(await through(query)).answers.join();
    const before = await addressNow();
    expect(before).toMatch(/ 10\.42\.42\.1$/);
    await publish(viewWith(name, {revision: ++revision, ip: '10.42.42.2'}));
    const publishedMs = performance.now();
    const seen = new Set<string>();
    await until(
      'the new address',
      async () => {
        const now = await addressNow();
        seen.add(now);
        return now.endsWith(' 10.42.42.2');
      },
      SOON,
    );
    // The cache counts in whole seconds, and may keep what says nothing of its time for 30 s.
    expect(performance.now() - publishedMs).toBeLessThan(TTL_MS + 10_000);
    expect([...seen].filter((line) => !/ 10\.42\.42\.[12]$/.test(line))).toEqual([]);
  });

  test('says SERVFAIL while Isthmus is away, and answers again soon after it is back', async () => {
    const {port} = isthmus.address;
    let isAway = true;
    const comeBack = async (): Promise<void> => {
      if (isAway) isthmus = await startIsthmus(port, fixture);
      isAway = false;
    };
    onTestFinished(comeBack);
    await isthmus.close();
    const query = question('web.test.svc.clusterset.local', 'AAAA');
    const rcodeNow = async (): Promise<string> => said(await through(query)).rcode;
    await until('SERVFAIL', async () => (await rcodeNow()) === 'SERVFAIL', SOON);
    await comeBack();
    const backMs = performance.now();
    await until('an answer', async () => (await rcodeNow()) === 'NOERROR', SOON);
    // CoreDNS keeps a SERVFAIL for up to 5 s, and looks after a failed upstream every half second.
    expect(performance.now() - backMs).toBeLessThan(20_000);
    expect(said(await through(query)).answers).toHaveLength(1);
  });
});
