import {callEtcd} from '../../../src/dev/real/etcd.ts';

interface Range {
  readonly kvs?: readonly {readonly key: string; readonly value?: string; readonly mod_revision: string}[];
}

interface Kept {
  readonly value: string;
  revision: string;
}

/** What the API server and its controllers renew by themselves, under a cluster's prefix. */
const LIVING = ['masterleases/', 'leases/kube-system/', 'leases/kube-node-lease/'];

/**
 * What one cluster has in etcd at a moment, and the way back there. An API server takes such a change as any other: its caches and
 * watches see deletions and updates, and no finalizer, controller or grace period stands between. That makes a used cluster a fresh
 * one in some milliseconds, where deleting its namespaces takes seconds and a new API server takes three.
 */
export class EtcdState {
  readonly #url: string;
  readonly #prefix: string;
  readonly #kept = new Map<string, Kept>();

  private constructor(url: string, prefix: string) {
    this.#url = url;
    this.#prefix = prefix;
  }

  /** @param prefix - with slashes at both ends */
  static async record(url: string, prefix: string): Promise<EtcdState> {
    const state = new EtcdState(url, prefix);
    for (const {key, value = '', mod_revision: revision} of await state.#list(false)) {
      state.#kept.set(key, {value, revision});
    }
    return state;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** In one transaction: what is new goes, what changed or went comes back. */
  async restore(): Promise<void> {
    const now = new Map((await this.#list(true)).map((one) => [one.key, one.mod_revision]));
    const gone = [...now.keys()].filter((key) => !this.#kept.has(key));
    const changed = [...this.#kept].filter(([key, {revision}]) => now.get(key) !== revision);
    if (gone.length + changed.length === 0) return;
    const answer = (await callEtcd(this.#url, 'kv/txn', {
      success: [
        ...gone.map((key) => ({requestDeleteRange: {key}})),
        ...changed.map(([key, {value}]) => ({requestPut: {key, value}})),
      ],
    })) as {header: {revision: string}};
    for (const [, kept] of changed) kept.revision = answer.header.revision;
  }

  async #list(keysOnly: boolean): Promise<NonNullable<Range['kvs']>> {
    const [key, end] = [this.#prefix, `${this.#prefix.slice(0, -1)}0`];
    const range = {key: toBase64(key), range_end: toBase64(end), keys_only: keysOnly};
    const {kvs = []} = (await callEtcd(this.#url, 'kv/range', range)) as Range;
    const living = LIVING.map((path) => `${this.#prefix}${path}`);
    return kvs.filter((one) => {
      const name = Buffer.from(one.key, 'base64').toString();
      return !living.some((path) => name.startsWith(path));
    });
  }
}

function toBase64(text: string): string {
  return Buffer.from(text).toString('base64');
}
