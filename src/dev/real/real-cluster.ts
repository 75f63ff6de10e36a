import {mkdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Logger} from 'pino';

import {IsthmusError} from '../../errors.ts';
import type {ClusterCredentials} from '../../kube/credentials.ts';
import {KubeClient} from '../../kube/client.ts';
import type {DevCluster} from '../dev-cluster.ts';
import {applyManifests} from './apply-manifests.ts';
import type {ClusterFiles} from './cluster-files.ts';
import {ADMIN_GROUP, writeClusterFiles} from './cluster-files.ts';
import type {ApiServerPlace} from './control-plane-flags.ts';
import {apiServerFlags, controllerManagerFlags} from './control-plane-flags.ts';
import type {Etcd} from './etcd.ts';
import type {Faults} from '../faults.ts';
import type {RequestCounts} from '../writes.ts';
import {FaultyFront} from './faulty-front.ts';
import type {ReservedPort} from './free-port.ts';
import {isPortTaken, PORT_TRIES, reservePort} from './free-port.ts';
import {usablePart} from './part-cache.ts';
import {startPodRunner} from './pod-runner.ts';
import type {KeptProcess, ProcessKeeper} from './process-keeper.ts';
import {until} from './until.ts';

const START_MS = 60_000;
const ADMIN_BINDING = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: testbed-admins}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: '${ADMIN_GROUP}'}]
`;

export interface RealClusterOptions {
  readonly name: string;
  /** Service ranges 10.(100+index).0.0/16 and fd00:0:0:index::/112, pods 10.(200+index).0.0/16: as an embedded cluster has them. */
  readonly index: number;
  readonly dir: string;
  readonly etcd: Etcd;
  readonly keeper: ProcessKeeper;
  readonly logger: Logger;
  /** A {@link FaultyFront} before the API server: without it there are no faults of single requests, and no counts. Default false. */
  readonly front?: boolean;
  /** Whether somebody plays scheduler and kubelet. Default true. */
  readonly runPods?: boolean;
  /** Where ports come from. */
  readonly reserve?: () => Promise<ReservedPort>;
}

interface Binaries {
  readonly apiServer: string;
  readonly controllerManager: string;
}

/** A kube-apiserver and a kube-controller-manager on 127.0.0.1, and a loop that plays scheduler and kubelet. */
export class RealCluster implements DevCluster {
  readonly name: string;
  /** Of the testbed itself, as system:masters. */
  readonly client: KubeClient;
  readonly #options: RealClusterOptions;
  readonly #binaries: Binaries;
  readonly #files: ClusterFiles;
  readonly #place: ApiServerPlace;
  readonly #pods = new AbortController();
  readonly #front: FaultyFront | undefined;
  #apiServer: KeptProcess | undefined;
  #controllerManager: KeptProcess | undefined;
  #podRunner: {readonly closed: Promise<void>} | undefined;

  private constructor(
    options: RealClusterOptions,
    parts: {binaries: Binaries; files: ClusterFiles; place: ApiServerPlace; front: FaultyFront | undefined},
  ) {
    this.name = options.name;
    this.client = new KubeClient({credentials: parts.files.rootCredentials, userAgent: 'testbed'});
    this.#options = options;
    this.#binaries = parts.binaries;
    this.#files = parts.files;
    this.#place = parts.place;
    this.#front = parts.front;
  }

  /** Ready to be used when it resolves; where it rejects nothing is left running. Somebody else may take a port first: then with others. */
  static async start(options: RealClusterOptions): Promise<RealCluster> {
    for (let tried = 1; ; tried++) {
      const cluster = await RealCluster.#prepare(options);
      try {
        await cluster.start();
        await applyManifests(cluster.client, ADMIN_BINDING);
        await cluster.#startControllers();
        return cluster;
      } catch (error) {
        await cluster.close();
        if (!isPortTaken(error) || tried === PORT_TRIES) throw error;
      }
    }
  }

  /** Its files, which its ports stand in. */
  static async #prepare(options: RealClusterOptions): Promise<RealCluster> {
    const {name, index, etcd, reserve = reservePort} = options;
    const dir = join(options.dir, name);
    await mkdir(dir, {recursive: true, mode: 0o700});
    const [apiServer, controllerManager, reserved, publicReserved] = await Promise.all([
      usablePart('kube-apiserver'),
      usablePart('kube-controller-manager'),
      reserve(),
      options.front === true ? reserve() : undefined,
    ]);
    const {port} = reserved;
    const publicPort = publicReserved?.port ?? port;
    const files = await writeClusterFiles({dir, name, port, publicPort});
    const front = publicReserved === undefined ? undefined : await frontOf(files, {port, publicPort, etcd});
    const place = {name, index, dir, port, etcdUrl: etcd.url};
    const cluster = new RealCluster(options, {binaries: {apiServer, controllerManager}, files, place, front});
    await Promise.all([reserved.release(), publicReserved?.release()]);
    return cluster;
  }

  get url(): string {
    return this.#files.credentials.server;
  }

  get kubeconfig(): string {
    return this.#files.kubeconfig;
  }

  /** As {@link kubeconfig}: cluster-admin by RBAC. */
  get credentials(): ClusterCredentials {
    return this.#files.credentials;
  }

  /** For signals: SIGSTOP and SIGCONT, and its id. Undefined while it is stopped. */
  get apiServer(): KeptProcess | undefined {
    return this.#apiServer;
  }

  /** As the administrator: server-side apply of every document, types first; they are served when it returns. */
  async applyManifests(yaml: string): Promise<void> {
    await applyManifests(this.client, yaml);
  }

  /** Where the API server itself listens, and by which certificate: for a front of somebody else's. */
  get behind(): {readonly port: number; readonly certFile: string; readonly keyFile: string} {
    const {certFile, keyFile} = this.#files;
    return {port: this.#place.port, certFile, keyFile};
  }

  /** @throws IsthmusError ISTHMUS_DEV_CLUSTER for the faults of a cluster without a front */
  get faults(): Faults {
    return this.#fronted().faults;
  }

  /** @throws IsthmusError ISTHMUS_DEV_CLUSTER for the counts of a cluster without a front */
  get writes(): RequestCounts {
    return this.#fronted().writes;
  }

  #fronted(): FaultyFront {
    if (this.#front !== undefined) return this.#front;
    throw new IsthmusError('ISTHMUS_DEV_CLUSTER', `${this.name} was started without a front`);
  }

  /** Kills the kube-apiserver; the data stay. */
  async stop(): Promise<void> {
    await this.#front?.close();
    await this.#apiServer?.kill();
    this.#apiServer = undefined;
  }

  /** On the same port, with the data as they were and no memory of what led to them: old watches get 410. */
  async start(): Promise<void> {
    if (this.#apiServer?.running === true) return;
    const {keeper} = this.#options;
    const kept = keeper.start(
      `${this.name}-apiserver`,
      this.#binaries.apiServer,
      apiServerFlags(this.#files, this.#place),
    );
    this.#apiServer = kept;
    await until(`the kube-apiserver of ${this.name}`, () => isReady(this.client, kept), {
      deadlineMs: START_MS,
      why: () => kept.logTail(),
    });
    await this.#front?.open();
  }

  /** A new serving certificate of the same CA; the running server takes it up within a minute, a restarted one at once. */
  async renewCertificate(): Promise<void> {
    await this.#files.renewCertificate();
  }

  async close(): Promise<void> {
    this.#pods.abort();
    await Promise.all([this.#podRunner?.closed, this.stop(), this.#controllerManager?.kill()]);
    await this.client.close();
  }

  async #startControllers(): Promise<void> {
    const {keeper, index, logger} = this.#options;
    const file = this.#binaries.controllerManager;
    const kept = keeper.start(`${this.name}-controllers`, file, controllerManagerFlags(this.#files));
    this.#controllerManager = kept;
    // The first thing that it makes; pods are refused before.
    await until(`the default ServiceAccount of ${this.name}`, () => hasDefaultAccount(this.client, kept), {
      deadlineMs: START_MS,
      why: () => kept.logTail(),
    });
    if (this.#options.runPods === false) return;
    this.#podRunner = await startPodRunner({client: this.client, index, logger}, this.#pods.signal);
  }
}

async function isReady(client: KubeClient, kept: KeptProcess): Promise<boolean> {
  if (!kept.running) throw new IsthmusError('ISTHMUS_DEV_CLUSTER', `${kept.name} ended:\n${kept.logTail()}`);
  try {
    return (await client.raw('GET', '/readyz', {timeoutMs: 2_000})).status === 200;
  } catch {
    // Not listening yet; the deadline of the caller is what ends this.
    return false;
  }
}

async function hasDefaultAccount(client: KubeClient, kept: KeptProcess): Promise<boolean> {
  if (!kept.running) throw new IsthmusError('ISTHMUS_DEV_CLUSTER', `${kept.name} ended:\n${kept.logTail()}`);
  return (await client.raw('GET', '/api/v1/namespaces/default/serviceaccounts/default')).status === 200;
}

async function frontOf(
  {certFile, keyFile, credentials}: ClusterFiles,
  o: {port: number; publicPort: number; etcd: Etcd},
): Promise<FaultyFront> {
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
  const tls = {cert, key, ca: credentials.ca};
  return new FaultyFront({port: o.publicPort, target: o.port, tls, compact: () => o.etcd.compact()});
}
