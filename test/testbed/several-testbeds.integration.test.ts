import {once} from 'node:events';
import {mkdtemp} from 'node:fs/promises';
import type {AddressInfo} from 'node:net';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {pino} from 'pino';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';

import {configMaps} from '../../src/api/resources.ts';
import type {Etcd} from '../../src/dev/real/etcd.ts';
import {startEtcd} from '../../src/dev/real/etcd.ts';
import type {ReservedPort} from '../../src/dev/real/free-port.ts';
import {reservePort} from '../../src/dev/real/free-port.ts';
import {missingForClusters} from '../../src/dev/real/part-cache.ts';
import {ProcessKeeper} from '../../src/dev/real/process-keeper.ts';
import {RealCluster} from '../../src/dev/real/real-cluster.ts';
import {Testbed} from '../../src/dev/real/testbed.ts';
import {KubeClient} from '../../src/kube/client.ts';

const logger = pino({level: 'silent'});
const manager = {fieldManager: 'test'};
const missing = await missingForClusters();

if (missing !== undefined) test(`several testbeds (${missing})`, ({skip}) => skip());

describe.runIf(missing === undefined)('two testbeds at the same time', () => {
  test('have the same names and address ranges, and nothing of each other', async () => {
    const testbeds = await Promise.all([1, 2].map(() => Testbed.start({clusters: ['one'], logger})));
    try {
      for (const [number, testbed] of testbeds.entries()) {
        const client = new KubeClient({credentials: testbed.get('one').credentials, userAgent: 'test'});
        const metadata = {namespace: 'default', name: `of-${number}`};
        await client.create(configMaps, {apiVersion: 'v1', kind: 'ConfigMap', metadata}, manager);
        const {items} = await client.list(configMaps, {
          namespace: 'default',
          fieldSelector: 'metadata.name!=kube-root-ca.crt',
        });
        expect(items.map(({metadata: {name}}) => name)).toEqual([`of-${number}`]);
        await client.close();
      }
    } finally {
      await Promise.all(testbeds.map((testbed) => testbed.close()));
    }
  });
});

/** Between the release of a port and its use, somebody else was quicker. */
describe.runIf(missing === undefined)('a port that somebody else has taken', () => {
  const others = createServer();
  let keeper: ProcessKeeper;
  let dir: string;
  let etcd: Etcd;

  /** The first `times` ports are taken, those after them free. */
  function reserveTaken(times: number): {asked: number; reserve: () => Promise<ReservedPort>} {
    const counted = {
      asked: 0,
      reserve: (): Promise<ReservedPort> => {
        if (++counted.asked > times) return reservePort();
        return Promise.resolve({port: (others.address() as AddressInfo).port, release: () => Promise.resolve()});
      },
    };
    return counted;
  }

  beforeAll(async () => {
    others.on('connection', (socket) => socket.destroy());
    others.listen({host: '127.0.0.1', port: 0});
    await once(others, 'listening');
    dir = await mkdtemp(join(tmpdir(), 'isthmus-testbed-'));
    keeper = new ProcessKeeper(dir, {removeDir: true});
  });

  afterAll(async () => {
    await keeper.close();
    others.close();
  });

  test('etcd is started again on another one', async () => {
    const ports = reserveTaken(1);
    etcd = await startEtcd(keeper, dir, ports.reserve);
    expect(ports.asked).toBe(2);
    expect(etcd.process.running).toBe(true);
    expect(keeper.running).toEqual([etcd.process]);
  });

  test('and is not mistaken for the etcd of somebody else, who answers there', async () => {
    const there = Number(new URL(etcd.url).port);
    let asked = 0;
    const second = await startEtcd(keeper, await mkdtemp(join(dir, 'second-')), () =>
      ++asked === 1 ? Promise.resolve({port: there, release: () => Promise.resolve()}) : reservePort(),
    );
    expect(asked).toBe(2);
    expect(second.url).not.toBe(etcd.url);
    await second.process.kill();
  });

  test('a kube-apiserver is started again on another one, which its kubeconfigs name', async () => {
    const ports = reserveTaken(1);
    const cluster = await RealCluster.start({name: 'one', index: 0, dir, etcd, keeper, logger, reserve: ports.reserve});
    expect(ports.asked).toBe(2);
    const client = new KubeClient({credentials: cluster.credentials, userAgent: 'test'});
    expect((await client.list(configMaps, {namespace: 'default'})).items).toHaveLength(1);
    expect(cluster.kubeconfig).toContain(cluster.url);
    await client.close();
    await cluster.close();
  });

  test('taken again and again, that is the error, and nothing is left running', async () => {
    const {reserve} = reserveTaken(99);
    const start = RealCluster.start({name: 'two', index: 1, dir, etcd, keeper, logger, reserve});
    await expect(start).rejects.toThrow('address already in use');
    expect(keeper.running).toEqual([etcd.process]);
  });
});
