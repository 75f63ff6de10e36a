import type {IPFamily} from '../api/kinds.ts';
import type {ExportedService, MemberExport} from './member-export.ts';
import type {ConflictReason, ExportVerdict} from './merged-import.ts';
import type {MergedPorts} from './merge-ports.ts';
import {exportable} from './label-syntax.ts';

export type Conflict = ExportVerdict['conflicts'][number];

/** An export with a Service behind it: the only ones that count. */
export interface ValidExport extends MemberExport {
  readonly service: ExportedService;
}

/** One property that can't be merged: the oldest export's value is used (KEP-1645, conflict resolution). */
interface Property {
  readonly reason: ConflictReason;
  readonly words: string;
  /** What is compared and shown, quoted where it is a value. Undefined: this export has no say in the property. */
  readonly valueOf: (e: ValidExport, oldest: ValidExport) => string | undefined;
}

/** `timeoutSeconds` that API servers fill in for ClientIP. */
const DEFAULT_AFFINITY_SECONDS = 10_800;
const MAX_SHOWN = 120;
/** A condition's message has a limit of 32768 characters; names of ports and clusters are remote input. */
const MAX_LISTED = 10;

const PROPERTIES: readonly Property[] = [
  {reason: 'TypeConflict', words: 'type', valueOf: typeOf},
  {
    reason: 'SessionAffinityConflict',
    words: 'sessionAffinity',
    valueOf: (e, oldest) => (oldest.service.headless ? undefined : quote(affinityOf(e))),
  },
  {
    // Only ClientIP reads the config: exports without it disagree about the affinity, not about its timeout.
    reason: 'SessionAffinityConfigConflict',
    words: 'sessionAffinityConfig',
    valueOf: (e, oldest) =>
      oldest.service.headless || affinityOf(e) !== 'ClientIP'
        ? undefined
        : quote(
            `timeoutSeconds=${e.service.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS}`,
          ),
  },
  {reason: 'LabelsConflict', words: 'exportedLabels', valueOf: (e) => showMap(exportable(e.exportedLabels, 'label'))},
  {
    reason: 'AnnotationsConflict',
    words: 'exportedAnnotations',
    valueOf: (e) => showMap(exportable(e.exportedAnnotations, 'annotation')),
  },
  {
    // Unset is Cluster, as a Service's default is.
    reason: 'InternalTrafficPolicyConflict',
    words: 'internalTrafficPolicy',
    valueOf: (e) => quote(e.service.internalTrafficPolicy ?? 'Cluster'),
  },
  {
    // Unset is a value of its own here: no preference is not the same as any of them.
    reason: 'TrafficDistributionConflict',
    words: 'trafficDistribution',
    valueOf: (e) => quote(e.service.trafficDistribution),
  },
];

/**
 * Every conflict of the name at once, in the order of the standard's table of reasons. They are said of all exports, and
 * clear by themselves when the exports agree.
 *
 * @param valid - by precedence, the oldest first; at least one
 */
export function findConflicts(
  valid: readonly [ValidExport, ...ValidExport[]],
  ports: MergedPorts,
): readonly Conflict[] {
  return [
    ...portConflict(valid, ports),
    ...PROPERTIES.flatMap((property) => propertyConflict(valid, property)),
    ...familyConflict(valid),
  ];
}

function typeOf(e: ValidExport): string {
  return quote(e.service.headless ? 'Headless' : 'ClusterSetIP');
}

function affinityOf(e: ValidExport): string {
  return e.service.sessionAffinity === '' ? 'None' : e.service.sessionAffinity;
}

function propertyConflict(valid: readonly [ValidExport, ...ValidExport[]], property: Property): readonly Conflict[] {
  const [oldest] = valid;
  const used = property.valueOf(oldest, oldest);
  if (used === undefined) return [];
  const disagreeing = valid.filter((e) => {
    const value = property.valueOf(e, oldest);
    return value !== undefined && value !== used;
  });
  if (disagreeing.length === 0) return [];
  const message = `Conflicting ${property.words}. Using ${shorten(used)} from oldest service export in "${oldest.cluster}". ${countOf(disagreeing, valid)}`;
  return [{reason: property.reason, message}];
}

function portConflict(valid: readonly [ValidExport, ...ValidExport[]], ports: MergedPorts): readonly Conflict[] {
  if (ports.disagreeing.length === 0) return [];
  const used = `Conflicting ports. Using all ports of all exports, those of the oldest service export in "${valid[0].cluster}" first.`;
  const dropped = ports.dropped.slice(0, MAX_LISTED).map(({cluster, port, because}) => {
    const name = port.name === undefined || port.name === '' ? '' : ` "${port.name}"`;
    return ` Port${name} ${port.protocol}/${port.port} of "${cluster}" is left out: ${because}.`;
  });
  const more = ports.dropped.length - dropped.length;
  const rest = more > 0 ? ` So are ${more} more.` : '';
  return [{reason: 'PortConflict', message: `${used}${dropped.join('')}${rest} ${countOf(ports.disagreeing, valid)}`}];
}

/**
 * To be raised where a family could reach only some of the backends (KEP-1645). Gateways carry TCP of any family to all
 * of them; endpoints of a headless service and other protocols are reached at their own addresses.
 */
function familyConflict(valid: readonly [ValidExport, ...ValidExport[]]): readonly Conflict[] {
  const [oldest] = valid;
  const direct = oldest.service.headless || valid.some((e) => e.service.ports.some(({protocol}) => protocol !== 'TCP'));
  const agreed = familySet(oldest);
  const disagreeing = valid.filter((e) => familySet(e) !== agreed);
  if (!direct || disagreeing.length === 0) return [];
  const message = `Conflicting ipFamilies. Using "${unionOfFamilies(valid).join(', ')}" of all exports, those of the oldest service export in "${oldest.cluster}" first; an address of one family reaches only the clusters that have it. ${countOf(disagreeing, valid)}`;
  return [{reason: 'IPFamilyConflict', message}];
}

function familySet(e: ValidExport): string {
  return [...e.service.ipFamilies].sort().join();
}

/** In the order of the oldest export that has each. */
export function unionOfFamilies(valid: readonly ValidExport[]): readonly IPFamily[] {
  return [...new Set(valid.flatMap((e) => e.service.ipFamilies))];
}

function countOf(disagreeing: readonly unknown[], valid: readonly unknown[]): string {
  return `${disagreeing.length}/${valid.length} clusters disagree.`;
}

function quote(value: string | undefined): string {
  return value === undefined ? 'none' : JSON.stringify(value);
}

/** Each entry is quoted by itself, so that a comma in a value can't make two maps look alike. */
function showMap(map: Readonly<Record<string, string>>): string {
  const entries = Object.entries(map).map(([key, value]) => quote(`${key}=${value}`));
  return entries.length === 0 ? 'none' : entries.sort().join(', ');
}

function shorten(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}
