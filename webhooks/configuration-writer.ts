import type {Logger} from 'pino';

import type {KubeObject} from '../src/api/meta.ts';
import type {Resource} from '../src/api/resources.ts';
import {apiVersionOf} from '../src/api/resources.ts';
import {describeError} from '../src/errors.ts';
import {isUpToDate} from '../src/kube/apply-if-different.ts';
import type {KubeClient} from '../src/kube/client.ts';
import {Reflector} from '../src/kube/reflector.ts';
import {WorkQueue} from '../src/kube/work-queue.ts';

export interface ConfigurationWriterOptions {
  readonly client: KubeClient;
  readonly resource: Resource;
  /** Name of the configuration object; the manifests created it, without entries. */
  readonly name: string;
  readonly fieldManager: string;
  /** What the entries should be now; undefined: not known yet, leave them alone. */
  readonly entries: () => readonly object[] | undefined;
  /** Several replicas serve, one writes. */
  readonly mayWrite: () => boolean;
  readonly logger: Logger;
}

/**
 * Keeps the entries of one webhook configuration. It never creates the object (design §8: the manifests do, so that
 * uninstalling removes it and nothing fights GitOps), and it repairs whatever else changes: a wrong CA bundle would
 * make every matching request wait and fail.
 */
export class ConfigurationWriter {
  readonly #options: ConfigurationWriterOptions;
  readonly #reflector: Reflector<KubeObject>;
  readonly #queue: WorkQueue;
  readonly closed: Promise<void>;
  /** Settles with the last write of the queue, never rejects. */
  #underWay: Promise<unknown> = Promise.resolve();

  constructor(options: ConfigurationWriterOptions) {
    this.#options = options;
    const {client, resource, name, logger} = options;
    this.#reflector = new Reflector<KubeObject>({
      client,
      resource,
      fieldSelector: `metadata.name=${name}`,
      keep: (raw) => raw,
      onChange: () => this.poke(),
      logger,
    });
    this.#queue = new WorkQueue({
      concurrency: 1,
      handle: (_key, signal) => {
        const work = this.#reconcile(signal);
        this.#underWay = work.catch(() => undefined);
        return work;
      },
      onError: (_key, error, attempt, nextDelayMs) =>
        logger.warn(
          {configuration: name, attempt, nextDelayMs, err: describeError(error)},
          'webhook configuration not written',
        ),
    });
    this.closed = Promise.all([this.#reflector.closed, this.#queue.closed]).then(() => undefined);
  }

  start(signal: AbortSignal): void {
    this.#reflector.start(signal);
    this.#queue.start(signal);
    void this.#reflector.synced.then(() => this.#warnWhereMissing());
  }

  /** Something that the entries depend on has changed. */
  poke(): void {
    this.#queue.add(this.#options.name);
  }

  /** Writes what `entries` says now, after whatever is being written; for the end of a process. */
  async writeNow(signal: AbortSignal): Promise<void> {
    // Else a write that is under way could land after this one, with what was true before.
    await this.#underWay;
    await this.#reconcile(signal);
  }

  #warnWhereMissing(): void {
    const {name, logger} = this.#options;
    if (this.#reflector.store.has(name)) return;
    logger.warn(
      {configuration: name},
      'webhook configuration is missing: apply the install manifests to have admission checked',
    );
  }

  async #reconcile(signal: AbortSignal): Promise<void> {
    const {client, resource, name, fieldManager, mayWrite} = this.#options;
    const existing = this.#reflector.store.get(name);
    const webhooks = this.#options.entries();
    if (existing === undefined || webhooks === undefined || !mayWrite()) return;
    const {uid = ''} = existing.metadata;
    const desired = {apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: {name, uid}, webhooks};
    if (isUpToDate(existing, desired)) return;
    await client.apply(resource, desired, {fieldManager, force: true, signal});
  }
}
