import type {FlomeshServiceExport, ServiceExport} from '../api/kinds.ts';
import type {KubeObject} from '../api/meta.ts';
import {hasConditions} from '../api/meta.ts';
import {AGENT_MANAGER, POLICY_FINDINGS_CONDITION} from '../api/names.ts';
import * as resources from '../api/resources.ts';
import {admitExport} from '../clusterset/admit/export.ts';
import type {View} from '../clusterset/view.ts';
import type {DefaultExportPolicy} from '../clusterset/export-policy.ts';
import type {KubeClient} from '../kube/client.ts';
import type {EventRecorder} from '../kube/event-recorder.ts';
import {buildExportStatus, eventsOf, judgeExport} from './export-validity.ts';
import type {Verdict} from './export-validity.ts';
import {findingsCondition, policyFindings} from './policy-findings.ts';
import type {PolicyFinding} from './policy-findings.ts';
import type {Sources} from './sources.ts';

export interface ExportWriterOptions {
  readonly client: KubeClient;
  readonly sources: Sources;
  /** Isthmus' own, which nothing is exported from. */
  readonly namespace: string;
  readonly view: () => View;
  readonly defaultExportPolicy?: DefaultExportPolicy | undefined;
  readonly recorder: EventRecorder;
  readonly nowMs: () => number;
}

/**
 * Keeps `Valid`, and what policies find, on the local ServiceExports of all groups; one key covers the objects of every group of
 * that name. It judges again what is there whenever a policy changes.
 */
export class ExportWriter {
  readonly #options: ExportWriterOptions;
  /** By resource group and key. */
  readonly #found = new Map<string, readonly PolicyFinding[]>();

  constructor(options: ExportWriterOptions) {
    this.#options = options;
  }

  /** What policies find about the exports that are there, as far as this process has judged them. */
  get findings(): Iterable<readonly PolicyFinding[]> {
    return this.#found.values();
  }

  /** Another replica judges from now on. */
  forget(): void {
    this.#found.clear();
  }

  async reconcile(key: string, signal: AbortSignal): Promise<void> {
    const {exports, flomeshExports, flomeshMcsExports} = this.#options.sources;
    await this.#judge(resources.serviceExports, exports.store.get(key), {key, signal});
    await this.#judge(resources.flomeshServiceExports, flomeshExports.store.get(key), {key, signal});
    await this.#judge(resources.flomeshMcsServiceExports, flomeshMcsExports.store.get(key), {key, signal});
  }

  async #judge(
    resource: resources.Resource,
    object: ServiceExport | FlomeshServiceExport | undefined,
    {key, signal}: {readonly key: string; readonly signal: AbortSignal},
  ): Promise<void> {
    const id = `${resource.group} ${key}`;
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) {
      this.#found.delete(id);
      return;
    }
    const {sources, view, namespace, defaultExportPolicy} = this.#options;
    const admission = admitExport(object, view(), {
      ownNamespace: namespace,
      ...(defaultExportPolicy === undefined ? {} : {defaultExportPolicy}),
    });
    const findings = policyFindings(admission);
    if (findings.length === 0) this.#found.delete(id);
    else this.#found.set(id, findings);
    const found = findingsCondition(findings);
    const verdict = {...judgeExport(sources.services.store.get(key), admission), type: 'Valid'};
    await this.#tell(resource, {object, verdicts: found === undefined ? [verdict] : [verdict, found]}, signal);
  }

  async #tell(
    resource: resources.Resource,
    {object, verdicts}: {readonly object: ServiceExport | FlomeshServiceExport; readonly verdicts: readonly Verdict[]},
    signal: AbortSignal,
  ): Promise<void> {
    const {nowMs, client, recorder} = this.#options;
    const before = object.status?.conditions ?? [];
    const desired = buildExportStatus(object, verdicts, nowMs());
    // Left out of an apply, a condition of ours goes.
    const isOver =
      verdicts.every(({type}) => type !== POLICY_FINDINGS_CONDITION) &&
      before.some(({type}) => type === POLICY_FINDINGS_CONDITION);
    if (!isOver && hasConditions(before, desired.status.conditions)) return;
    await client.apply<KubeObject>(resource, desired, {
      fieldManager: AGENT_MANAGER,
      force: true,
      subresource: 'status',
      signal,
    });
    for (const event of eventsOf(before, verdicts)) recorder.record(object, event);
  }
}
