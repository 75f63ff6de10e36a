import {keyOf} from '../../../src/api/meta.ts';
import type {KubeObject} from '../../../src/api/meta.ts';
import {endpointSlices, serviceExports, serviceImports, services, type Resource} from '../../../src/api/resources.ts';
import type {MemberExport} from '../../../src/clusterset/member-export.ts';
import {merge} from '../../../src/clusterset/merge.ts';
import {exportSources, keepExport, type KeptExport} from '../../../src/hub/kept-export.ts';
import {keepService} from '../../../src/hub/kept-service.ts';
import {isReady, keepSlice} from '../../../src/hub/kept-slice.ts';
import {toMemberExport} from '../../../src/hub/member-export.ts';
import {planExportStatus} from '../../../src/hub/plan-export-status.ts';
import {planImport} from '../../../src/hub/plan-import.ts';
import {resourcePath} from '../../../src/kube/resource-path.ts';
import type {LightApi} from '../../tools/light/light-api.ts';

/** One export as it is in its member, and what the hub makes of it. */
interface Exported {
  readonly api: LightApi;
  readonly object: KeptExport;
  readonly export: MemberExport;
}

/**
 * Writes what an earlier hub would have written: all imports in all members, and the conditions of all exports. A hub that starts
 * then has everything to read and to compare, and nothing to write.
 */
export function prefill(members: readonly LightApi[], nowMs: number): void {
  const byKey = new Map<string, Exported[]>();
  for (const api of members) {
    for (const raw of api.list(serviceExports)) {
      const key = keyOf(raw.metadata);
      byKey.set(key, [...(byKey.get(key) ?? []), exportedBy(api, raw)]);
    }
  }
  for (const exported of byKey.values()) fillName(members, exported, nowMs);
  for (const api of members) api.writes.clear();
}

function exportedBy(api: LightApi, raw: KubeObject): Exported {
  const [source] = exportSources;
  const object = source && keepExport(raw, source);
  const key = keyOf(raw.metadata);
  const service = api.find(services, key);
  const slice = api.find(endpointSlices, `${key}-abcde`);
  if (object === undefined || service === undefined || slice === undefined) throw new Error(`${key} is not whole`);
  const facts = {cluster: api.name, exports: [object], service: keepService(service), namespaceLabels: {}};
  const ready = isReady(keepSlice(slice));
  return {api, object, export: toMemberExport({...facts, ready, ageOf: ({claimedAtMs}) => claimedAtMs})};
}

function fillName(members: readonly LightApi[], exported: readonly Exported[], nowMs: number): void {
  const {import: merged, verdicts} = merge(exported.map((each) => each.export));
  const plan = planImport({
    ...{merged, actual: undefined, written: false, createNamespaces: true},
    namespace: 'Present',
    // So many slices that they are left out.
    hasSlices: false,
  });
  if (plan.do !== 'write' || plan.status === undefined) throw new Error('an import that is merged is written');
  for (const api of members) {
    apply(api, serviceImports, plan.object);
    apply(api, serviceImports, plan.status, 'status');
  }
  for (const {api, object} of exported) {
    const status = planExportStatus({
      ...{object, verdict: verdicts.get(api.name), refusal: undefined, complete: true, refusedEndpoints: [], nowMs},
      delivery: {state: 'Delivered'},
    });
    apply(api, serviceExports, status, 'status');
  }
}

function apply(api: LightApi, resource: Resource, object: KubeObject, subresource?: 'status'): void {
  const at = {...object.metadata, ...(subresource === undefined ? {} : {subresource})};
  const path = `${resourcePath(resource, at)}?fieldManager=isthmus-hub&force=true`;
  const contentType = 'application/apply-patch+yaml';
  const call = {method: 'PATCH', path, body: JSON.stringify(object), contentType, userAgent: 'isthmus-hub'};
  if (api.user(call) >= 300) throw new Error(`${path} was refused`);
}
