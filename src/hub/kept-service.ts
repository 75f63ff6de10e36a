import type {KubeObject} from '../api/meta.ts';
import {SERVICE_NAME_LABEL} from '../api/names.ts';
import {readService} from '../clusterset/intake/read-service.ts';
import {readMap} from '../clusterset/intake/read-settings.ts';
import {FaultList, fieldOf} from '../clusterset/intake/untrusted.ts';
import type {ExportedService, ExportFault} from '../clusterset/member-export.ts';
import {sharedText} from '../kube/shared-text.ts';
import {shared} from './shared-parts.ts';

/** What the hub remembers of an exported Service. */
export interface KeptService {
  /** Undefined: {@link refusal} says why it can't be exported. */
  readonly service: ExportedService | undefined;
  readonly refusal: ExportFault | undefined;
  /** Parts that are left out. */
  readonly faults: readonly ExportFault[];
  /** For policies that select by them. */
  readonly labels: Readonly<Record<string, string>>;
}

const NONE: readonly ExportFault[] = [];

/** Strips a Service at the edge; undefined: it is being deleted, which is gone already. Never throws. */
export function keepService(raw: KubeObject): KeptService | undefined {
  const read = readService(raw);
  // Labels that can't be read select nothing; nobody has to hear of them.
  const labels = readMap(fieldOf(raw, 'metadata', 'labels'), 'metadata.labels', new FaultList());
  if (read.service !== undefined)
    return {service: shared(read.service), refusal: undefined, faults: shared(read.faults), labels: shared(labels)};
  return read.refusal === undefined ? undefined : {service: undefined, refusal: read.refusal, faults: NONE, labels};
}

/** `namespace/name` of the Service that a slice belongs to; undefined: of none, so it says nothing about an export. */
export function serviceOfSlice(raw: KubeObject): string | undefined {
  const name = raw.metadata.labels?.[SERVICE_NAME_LABEL];
  const {namespace} = raw.metadata;
  return name === undefined || namespace === undefined ? undefined : sharedText(`${namespace}/${name}`);
}
