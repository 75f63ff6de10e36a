import {mkdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Logger} from 'pino';

import type {ClusterCredentials} from '../../src/kube/credentials.ts';
import {KubeClient} from '../../src/kube/client.ts';
import {applyManifests} from './apply-manifests.ts';
import type {ClusterFiles} from './cluster-files.ts';
import {ADMIN_GROUP, writeClusterFiles} from './cluster-files.ts';
import type {ApiServerPlace} from './control-plane-flags.ts';
import {apiServerFlags, controllerManagerFlags} from './control-plane-flags.ts';
import type {Etcd} from './etcd.ts';
import {FaultyFront, requestFaults} from './faulty-front.ts';
import {reservePort} from './free-port.ts';
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
}

interface Binaries {
  readonly apiServer: string;
  readonly controllerManager: string;
}

/** A kube-apiserver and a kube-controller-manager on 127.0.0.1, and a loop that plays scheduler and kubelet. */
export class RealCluster {
  readonly name: string;
  /** Of the testbed itself, as system:masters. */
  readonly client: KubeClient;
  /** Of single requests, as an embedded server's. They need {@link start} with `front`. */
  readonly faults = requestFaults();
  readonly #options: RealClusterOptions;
  readonly #binaries: Binaries;
  readonly #files: ClusterFiles;
  readonly #place: ApiServerPlace;
  readonly #pods = new AbortController();
  #apiServer: KeptProcess | undefined;
  #front: FaultyFront | undefined;
  #controllerManager: KeptProcess | undefined;
  #podRunner: {readonly closed: Promise<void>} | undefined;

  private constructor(
    options: RealClusterOptions,
    parts: {binaries: Binaries; files: ClusterFiles; place: ApiServerPlace},
  ) {
    this.name = options.name;
    this.client = new KubeClient({credentials: parts.files.rootCredentials, userAgent: 'testbed'});
    this.#options = options;
    this.#binaries = parts.binaries;
    this.#files = parts.files;
    this.#place = parts.place;
  }

  /** Ready to be used when it resolves. */
  static async start(options: RealClusterOptions): Promise<RealCluster> {
    const {name, index, etcd} = options;
    const dir = join(options.dir, name);
    await mkdir(dir, {recursive: true, mode: 0o700});
    const [apiServer, controllerManager, reserved] = await Promise.all([
      usablePart('kube-apiserver'),
      usablePart('kube-controller-manager'),
      reservePort(),
    ]);
    const files = await writeClusterFiles({dir, name, port: reserved.port});
    const place = {name, index, dir, port: reserved.port, etcdUrl: etcd.url};
    const cluster = new RealCluster(options, {binaries: {apiServer, controllerManager}, files, place});
    await reserved.release();
    await cluster.start();
    await applyManifests(cluster.client, ADMIN_BINDING);
    await cluster.#startControllers();
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

  /** Kills the kube-apiserver; the data stay. */
  async stop(): Promise<void> {
    await this.#front?.close();
    this.#front = undefined;
    await this.#apiServer?.kill();
    this.#apiServer = undefined;
  }

  /**
   * On the same port, with the data as they were and no memory of what led to them: old watches get 410.
   *
   * @param o.front - with a {@link FaultyFront} on that port, and the API server on another one; both are ready when it opens
   */
  async start(o: {readonly front?: boolean} = {}): Promise<void> {
    if (this.#apiServer?.running === true) return;
    if (o.front !== true) return this.#run(this.#place, this.client);
    const aside = await reservePort();
    const credentials = {...this.#files.rootCredentials, server: `https://127.0.0.1:${aside.port}`};
    const client = new KubeClient({credentials, userAgent: 'testbed'});
    try {
      await aside.release();
      await this.#run({...this.#place, port: aside.port}, client);
    } finally {
      await client.close();
    }
    const {certFile, keyFile} = this.#files;
    const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
    const tls = {cert, key, ca: credentials.ca};
    this.#front = new FaultyFront({port: this.#place.port, target: aside.port, tls, faults: this.faults});
    await this.#front.open();
  }

  /** Whether faults have an effect. */
  get hasFront(): boolean {
    return this.#front !== undefined;
  }

  get isStopped(): boolean {
    return this.#apiServer === undefined;
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

  async #run(place: ApiServerPlace, client: KubeClient): Promise<void> {
    const {keeper} = this.#options;
    const kept = keeper.start(`${this.name}-apiserver`, this.#binaries.apiServer, apiServerFlags(this.#files, place));
    this.#apiServer = kept;
    await until(`the kube-apiserver of ${this.name}`, () => isReady(client, kept), {
      deadlineMs: START_MS,
      why: () => kept.logTail(),
    });
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
    this.#podRunner = await startPodRunner({client: this.client, index, logger}, this.#pods.signal);
  }
}

async function isReady(client: KubeClient, kept: KeptProcess): Promise<boolean> {
  if (!kept.running) throw new Error(`${kept.name} ended:\n${kept.logTail()}`);
  try {
    return (await client.raw('GET', '/readyz', {timeoutMs: 2_000})).status === 200;
  } catch {
    // Not listening yet; the deadline of the caller is what ends this.
    return false;
  }
}

async function hasDefaultAccount(client: KubeClient, kept: KeptProcess): Promise<boolean> {
  if (!kept.running) throw new Error(`${kept.name} ended:\n${kept.logTail()}`);
  return (await client.raw('GET', '/api/v1/namespaces/default/serviceaccounts/default')).status === 200;
}
