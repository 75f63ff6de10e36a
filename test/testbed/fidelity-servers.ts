import {mkdtemp, readFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pino} from 'pino';

import {testCluster} from '../dev/apiserver/support/clusters.ts';
import type {TestCluster} from '../dev/apiserver/support/clusters.ts';
import {HttpClient} from '../dev/apiserver/support/http-client.ts';
import {GADGET_CRD} from '../dev/fidelity/kinds.ts';
import type {Etcd} from '../../src/dev/real/etcd.ts';
import {startEtcd} from '../../src/dev/real/etcd.ts';
import {ProcessKeeper} from '../../src/dev/real/process-keeper.ts';
import {RealCluster} from '../../src/dev/real/real-cluster.ts';

/** Decides the address ranges, which rows name: 10.101.0.0/16. */
const INDEX = 1;
const IMPORTS = new URL('../../manifests/crds/multicluster.x-k8s.io_serviceimports.yaml', import.meta.url);

/** An embedded and a real API server with the same kinds, and nobody who plays kubelet. */
export interface FidelityServers {
  readonly embedded: TestCluster;
  readonly real: {readonly cluster: RealCluster; readonly http: HttpClient};
  /** Both forget what was before the first of these. */
  forget(): Promise<void>;
  close(): Promise<void>;
}

export async function startFidelityServers(): Promise<FidelityServers> {
  const logger = pino({level: 'silent'});
  const dir = await mkdtemp(join(tmpdir(), 'isthmus-fidelity-'));
  const keeper = new ProcessKeeper(dir, {removeDir: true});
  const embedded = await testCluster({runPods: false, index: INDEX});
  const close = async (): Promise<void> => {
    await embedded.close();
    await keeper.close();
  };
  try {
    const etcd = await startEtcd(keeper, dir);
    const cluster = await RealCluster.start({name: 'test', index: INDEX, dir, etcd, keeper, logger, runPods: false});
    for (const manifest of [GADGET_CRD, await readFile(IMPORTS, 'utf8')]) {
      await embedded.cluster.applyManifests(manifest);
      await cluster.applyManifests(manifest);
    }
    const {url, credentials} = cluster;
    let forgotten: Promise<void> | undefined;
    const http = new HttpClient({url, caPem: credentials.ca, credentials});
    return {
      embedded,
      real: {cluster, http},
      forget: () => (forgotten ??= forget({embedded, cluster, etcd})),
      close: async () => {
        http.close();
        await cluster.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A kube-apiserver also keeps snapshots of what etcd has forgotten, for a minute or so; a new one has none. */
async function forget(o: {embedded: TestCluster; cluster: RealCluster; etcd: Etcd}): Promise<void> {
  o.embedded.cluster.faults.compact();
  await o.cluster.stop();
  await o.etcd.compact();
  await o.cluster.start();
  await o.cluster.applyManifests(GADGET_CRD);
}
