import {setTimeout as pause} from 'node:timers/promises';
import {isDeepStrictEqual} from 'node:util';

import {pino} from 'pino';
import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test} from 'vitest';

import type {KubeObject} from '../../src/api/meta.ts';
import {configMaps, namespaces} from '../../src/api/resources.ts';
import {callEtcd} from '../../src/dev/real/etcd.ts';
import {missingForClusters} from '../../src/dev/real/part-cache.ts';
import type {RealCluster} from '../../src/dev/real/real-cluster.ts';
import {Testbed} from '../../src/dev/real/testbed.ts';
import {until} from '../../src/dev/real/until.ts';
import {KubeClient} from '../../src/kube/client.ts';
import type {ReflectorStatus, StoreChange} from '../../src/kube/reflector.ts';
import {Reflector} from '../../src/kube/reflector.ts';
import {Churn} from './drills/churn.ts';
import {writeForeignCertificate} from './drills/foreign-certificate.ts';

/** The reflector of the hub and the agents against a real kube-apiserver that is ill-treated while others write without a pause. */

const logger = pino({level: 'silent'});
const manager = {fieldManager: 'test'};
const SOON = {deadlineMs: 60_000};
const isLong = process.env['ISTHMUS_LONG'] !== undefined;
/** Silence for longer than {@link IDLE_MS}: the watch is given up and taken up again. */
const STOPPED_MS = isLong ? 60_000 : 8_000;
const IDLE_MS = isLong ? 40_000 : 3_000;
/** No machine stands still for so long: where the very watch has to go on, silence doesn't end it. */
const NEVER_MS = 120_000;
const missing = await missingForClusters();

interface Kept {
  readonly uid: string;
  readonly step: string;
}

if (missing !== undefined) test(`drills of the reflector (${missing})`, ({skip}) => skip());

describe.runIf(missing === undefined)('a reflector of a real API server', () => {
  let testbed: Testbed;
  let cluster: RealCluster;
  let writer: KubeClient;

  beforeAll(async () => {
    testbed = await Testbed.start({clusters: ['one'], logger});
    cluster = testbed.get('one');
    writer = new KubeClient({credentials: cluster.credentials, userAgent: 'writer', requestTimeoutMs: 5_000});
  }, 120_000);

  afterAll(async () => {
    await writer.close();
    await testbed.close();
  });

  describe('while others write without a pause', () => {
    let namespace: string;
    let count = 0;
    let reader: KubeClient;
    let reflector: Reflector<Kept>;
    let stop: AbortController;
    let changes: StoreChange<Kept>[];
    let churn: Churn;
    let before: ReflectorStatus;

    beforeEach(async () => {
      // As the test before left it, where it failed half-way.
      cluster.apiServer?.signal('SIGCONT');
      await cluster.start();
      namespace = `drill-${++count}`;
      await writer.create(namespaces, {apiVersion: 'v1', kind: 'Namespace', metadata: {name: namespace}}, manager);
      reader = new KubeClient({credentials: cluster.credentials, userAgent: 'reader', requestTimeoutMs: 3_000});
      await start(IDLE_MS);
      churn = new Churn(writer, namespace);
    });

    afterEach(async () => {
      await churn.stop();
      stop.abort();
      await reflector.closed;
      await reader.close();
    });

    async function start(watchIdleMs: number): Promise<void> {
      stop = new AbortController();
      changes = [];
      reflector = new Reflector<Kept>({
        client: reader,
        resource: configMaps,
        namespace,
        keep: toKept,
        onChange: (batch) => changes.push(...batch),
        logger,
        backoff: {minMs: 100, maxMs: 2_000},
        watchIdleMs,
      });
      reflector.start(stop.signal);
      await reflector.synced;
      before = reflector.status();
    }

    /** In place of the one that each test begins with. */
    async function startPatient(): Promise<void> {
      stop.abort();
      await reflector.closed;
      await start(NEVER_MS);
    }

    /** A write after the fault arrives: no watch is silently dead. */
    async function expectAlive(mark: string): Promise<void> {
      const metadata = {namespace, name: `mark-${mark}`};
      const object = {apiVersion: 'v1', kind: 'ConfigMap', metadata, data: {step: mark}} as KubeObject;
      await until(
        'the API server to take a write',
        () => succeeds(() => writer.apply(configMaps, object, manager)),
        SOON,
      );
      await until(
        `the reflector to see ${mark}`,
        () => Promise.resolve(reflector.store.get(`${namespace}/mark-${mark}`)?.step === mark),
        {...SOON, why: () => JSON.stringify(reflector.status())},
      );
    }

    /** When all is quiet the store is the truth, and the changes that were told lead there one after the other. */
    async function expectNothingLost(): Promise<void> {
      // Some more, so that there is something to lose after the fault too.
      const enough = churn.counts.answered + 25;
      await until('more writes', () => Promise.resolve(churn.counts.answered >= enough), SOON);
      await churn.stop();
      const {items} = await writer.list(configMaps, {namespace});
      const truth = Object.fromEntries(items.map((raw) => [`${namespace}/${raw.metadata.name}`, toKept(raw)]));
      await until('the store to be the truth', () => Promise.resolve(isDeepStrictEqual(known(), truth)), SOON);
      const told = new Map<string, Kept>();
      for (const {key, previous, current} of changes) {
        expect(told.get(key), `${key}: each change begins where the one before ended`).toEqual(previous);
        if (previous?.uid === current?.uid && previous !== undefined && current !== undefined) {
          expect(Number(current.step), `${key} never goes back`).toBeGreaterThanOrEqual(Number(previous.step));
        }
        if (current === undefined) told.delete(key);
        else told.set(key, current);
      }
      expect(Object.fromEntries(told)).toEqual(truth);
    }

    const known = (): Record<string, Kept> => Object.fromEntries(reflector.store.entries());

    /** Since the fault; printed, because the bounds are what a healthy reflector needs, not what it may waste. */
    function expectFew(what: string, most: {lists: number; watches: number; failures?: number}): void {
      const after = reflector.status();
      const lists = after.lists - before.lists;
      const watches = after.watches - before.watches;
      const failed = after.listFailures - before.listFailures;
      const {answered, unanswered} = churn.counts;
      process.stdout.write(
        `${what}: ${lists} lists (${failed} failed), ${watches} watches, ${after.expired - before.expired} times 410, ` +
          `${after.events - before.events} events of ${answered} writes (${unanswered} unanswered)\n`,
      );
      expect(lists, 'lists').toBeLessThanOrEqual(most.lists);
      expect(failed, 'failed lists').toBeLessThanOrEqual(most.failures ?? 0);
      expect(watches, 'watches').toBeLessThanOrEqual(most.watches);
    }

    test('killed with SIGKILL and started again, three times: each costs one list at most', async () => {
      for (const round of [1, 2, 3]) {
        await cluster.stop();
        await cluster.start();
        await expectAlive(String(round));
      }
      expectFew('kill -9, three times', {lists: 3, watches: 9, failures: 6});
      await expectNothingLost();
    });

    test('etcd compacted under an open watch, five times: no list', async () => {
      await startPatient();
      await expectAlive('1');
      before = reflector.status();
      for (let round = 0; round < 5; round++) {
        await testbed.etcd.compact();
        await expectAlive(`open-${round}`);
      }
      expectFew('compacted under a watch, five times', {lists: 0, watches: 0});
      await expectNothingLost();
    });

    test('an event that was compacted away before the API server came back: 410, and one list shows it', async () => {
      await expectAlive('1');
      before = reflector.status();
      await cluster.stop();
      const key = Buffer.from(`/one/configmaps/${namespace}/mark-1`).toString('base64');
      expect(await callEtcd(testbed.etcd.url, 'kv/deleterange', {key})).toMatchObject({deleted: '1'});
      await testbed.etcd.compact();
      await cluster.start();
      await expectAlive('2');
      expect(known()).not.toHaveProperty([`${namespace}/mark-1`]);
      expectFew('compacted while away', {lists: 1, watches: 3, failures: 2});
      expect(reflector.status().expired - before.expired).toBe(1);
      await expectNothingLost();
    });

    test(`stopped with SIGSTOP for ${STOPPED_MS / 1000} s: given up, taken up again, without a list`, async () => {
      await expectAlive('1');
      before = reflector.status();
      cluster.apiServer?.signal('SIGSTOP');
      const {lists, watches} = reflector.status();
      await pause(STOPPED_MS);
      expect(reflector.status(), 'nothing is opened at a server that answers nothing').toMatchObject({lists, watches});
      cluster.apiServer?.signal('SIGCONT');
      await expectAlive('2');
      expect(reflector.status().restarts - before.restarts, 'the silent watch was given up').toBeGreaterThan(0);
      expectFew(`SIGSTOP for ${STOPPED_MS / 1000} s`, {lists: 0, watches: 3});
      await expectNothingLost();
    });

    test('stopped for shorter than a watch may be silent: the very watch goes on', async () => {
      await startPatient();
      await expectAlive('1');
      before = reflector.status();
      cluster.apiServer?.signal('SIGSTOP');
      await pause(IDLE_MS / 3);
      cluster.apiServer?.signal('SIGCONT');
      await expectAlive('2');
      expectFew('a short SIGSTOP', {lists: 0, watches: 0});
      await expectNothingLost();
    });

    test('its certificate replaced by one of the same CA: it goes on', async () => {
      await cluster.renewCertificate();
      await cluster.stop();
      await cluster.start();
      await expectAlive('1');
      expectFew('certificate of the same CA', {lists: 1, watches: 3, failures: 2});
      await expectNothingLost();
    });

    test('its certificate replaced by one of another CA: refused, and said; the right one again: it goes on', async () => {
      await expectAlive('1');
      before = reflector.status();
      await cluster.stop();
      const lastError = () => reflector.status().lastError ?? 'no error';
      const findsNobody = () => Promise.resolve(lastError() !== 'no error');
      await until('the reflector to find nobody, so that no event is under way', findsNobody, {
        ...SOON,
        why: lastError,
      });
      const knownBefore = known();
      await writeForeignCertificate(cluster);
      onTestFinished(() => cluster.renewCertificate());
      // Ready for a client of its own CA only once the right certificate is back.
      const started = cluster.start();
      await until(
        'the refusal to be told',
        () => Promise.resolve(/its certificate is not of the CA in the credentials/.test(lastError())),
        {...SOON, why: lastError},
      );
      process.stdout.write(`certificate of another CA: ${lastError()}\n`);
      expect(reflector.status()).toMatchObject({lists: before.lists, watches: before.watches, synced: true});
      expect(known(), 'what is known is kept').toEqual(knownBefore);
      await cluster.renewCertificate();
      await started;
      await expectAlive('2');
      expectFew('certificate of another CA and back', {lists: 1, watches: 3, failures: 2});
      await expectNothingLost();
    });
  });
});

function toKept(raw: KubeObject): Kept {
  const {data} = raw as KubeObject & {data?: Record<string, string>};
  return {uid: raw.metadata.uid ?? '', step: data?.['step'] ?? ''};
}

async function succeeds(attempt: () => Promise<unknown>): Promise<boolean> {
  try {
    await attempt();
    return true;
  } catch {
    // The API server is on its way back; the deadline of the caller is what ends this.
    return false;
  }
}
