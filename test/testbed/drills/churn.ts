import {setTimeout as pause} from 'node:timers/promises';

import {configMaps} from '../../../src/api/resources.ts';
import type {KubeClient} from '../../../src/kube/client.ts';
import {KubeError} from '../../../src/kube/kube-error.ts';

const manager = {fieldManager: 'churn'};
const NAMES = 20;
const EVERY_MS = 20;
/** While the API server is away, nobody hammers it. */
const AWAY_MS = 200;

/** ConfigMaps of one namespace that are written without a pause, one in sixteen deleted and made again; a lost event would show. */
export class Churn {
  readonly #client: KubeClient;
  readonly #namespace: string;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #step = 0;
  #refused = 0;

  constructor(client: KubeClient, namespace: string) {
    this.#client = client;
    this.#namespace = namespace;
    this.#done = this.#run();
  }

  /** Writes that were answered, and those that were not while the API server was away. */
  get counts(): {readonly answered: number; readonly unanswered: number} {
    return {answered: this.#step - this.#refused, unanswered: this.#refused};
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const {signal} = this.#stop;
    while (!signal.aborted) {
      const step = this.#step++;
      const isAnswered = await this.#write(`c-${step % NAMES}`, step);
      if (!isAnswered) this.#refused++;
      await pause(isAnswered ? EVERY_MS : AWAY_MS);
    }
  }

  async #write(name: string, step: number): Promise<boolean> {
    const metadata = {namespace: this.#namespace, name};
    try {
      if (step % 16 === 3) await this.#client.delete(configMaps, metadata);
      const object = {apiVersion: 'v1', kind: 'ConfigMap', metadata, data: {step: String(step)}};
      await this.#client.apply(configMaps, object, {...manager, force: true});
      return true;
    } catch (error) {
      if (error instanceof KubeError) return false;
      throw error;
    }
  }
}
