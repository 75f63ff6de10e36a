import type {FlomeshServiceExport, ServiceExport} from '../api/kinds.ts';
import type {KubeObject} from '../api/meta.ts';
import {hasConditions} from '../api/meta.ts';
import {AGENT_MANAGER} from '../api/names.ts';
import * as resources from '../api/resources.ts';
import {admitExport} from '../clusterset/admit/export.ts';
import type {View} from '../clusterset/view.ts';
import type {KubeClient} from '../kube/client.ts';
import {buildExportStatus, judgeExport} from './export-validity.ts';
import type {Sources} from './sources.ts';

export interface ExportWriterOptions {
  readonly client: KubeClient;
  readonly sources: Sources;
  /** Isthmus' own, which nothing is exported from. */
  readonly namespace: string;
  readonly view: () => View;
  readonly nowMs: () => number;
}

/** Keeps `Valid` on the local ServiceExports of all groups; one key covers the objects of every group of that name. */
export class ExportWriter {
  readonly #options: ExportWriterOptions;

  constructor(options: ExportWriterOptions) {
    this.#options = options;
  }

  async reconcile(key: string, signal: AbortSignal): Promise<void> {
    const {sources} = this.#options;
    const standard = sources.exports.store.get(key);
    const flomesh = sources.flomeshExports.store.get(key);
    if (standard !== undefined) await this.#apply(resources.serviceExports, standard, key, signal);
    if (flomesh !== undefined) await this.#apply(resources.flomeshServiceExports, flomesh, key, signal);
  }

  async #apply(
    resource: resources.Resource,
    object: ServiceExport | FlomeshServiceExport,
    key: string,
    signal: AbortSignal,
  ): Promise<void> {
    if (object.metadata.deletionTimestamp !== undefined) return;
    const {sources, view, nowMs, client, namespace} = this.#options;
    const validity = judgeExport(
      sources.services.store.get(key),
      admitExport(object, view(), {ownNamespace: namespace}),
    );
    const desired = buildExportStatus(object, validity, nowMs());
    if (hasConditions(object.status?.conditions, desired.status.conditions)) return;
    await client.apply<KubeObject>(resource, desired, {
      fieldManager: AGENT_MANAGER,
      force: true,
      subresource: 'status',
      signal,
    });
  }
}
