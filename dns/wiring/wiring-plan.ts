import type {KubeObject} from '../../src/api/meta.ts';
import {DNS_WIRING_ANNOTATION} from '../../src/api/names.ts';
import type {Wired} from './corefile-wiring.ts';
import {claimed, serverBlocks, unwireCorefile, wireCorefile} from './corefile-wiring.ts';
import {
  COREDNS,
  COREDNS_CUSTOM,
  DNS_NAMESPACE,
  dnsOperators,
  editOf,
  helmChartConfigs,
  KUBE_DNS,
  NODE_LOCAL,
  RKE2_CHART,
  RKE2_COREDNS,
} from './cluster-dns-objects.ts';
import type {ClusterDnsObjects, ConfigMap, Edit} from './cluster-dns-objects.ts';
import {parseCorefile} from './corefile.ts';
import type {DnsTarget} from './dns-target.ts';
import {unwireHelmValues, wireHelmValues} from './helm-values.ts';
import {reloadsItself} from './listeners.ts';
import {blankedMarked, findMarked, withMarked, withoutMarked} from './marked-block.ts';
import {unwireServers, wireServers} from './openshift-servers.ts';
import {isNoteOf, parseNote, unwireStubDomains, wireStubDomains} from './stub-domains.ts';
import {claimsInOverride, zoneClaims} from './zone-claims.ts';

export type Layout =
  | 'CoreDNS'
  | 'CoreDNS with coredns-custom'
  | 'CoreDNS by the RKE2 chart'
  | 'OpenShift DNS operator'
  | 'NodeLocal DNSCache'
  | 'kube-dns';

/** One object that a cluster's DNS is configured by. */
export interface Place {
  readonly layout: Layout;
  /** `ConfigMap kube-system/coredns data.Corefile` */
  readonly shown: string;
  /** What it is now; `Refused`: somebody else's words stand in the way. */
  readonly state: 'Wired' | 'NotWired' | 'Refused';
  /** Why it is refused, and what to do. */
  readonly because: string | undefined;
  /** To be made; undefined: it is as it shall be, or must not be touched. */
  readonly edit: Edit | undefined;
  /** `Deployment/coredns`, to be restarted by hand because it does not look at its files again by itself. */
  readonly restart: string | undefined;
}

const CUSTOM_KEY = 'isthmus.server';

/**
 * What has to be written where so that a cluster's DNS forwards the clusterset zone. Empty: nothing in this cluster is known to
 * configure its DNS.
 */
export function planWiring(seen: ClusterDnsObjects, target: DnsTarget): readonly Place[] {
  if (seen.operator !== undefined) return [operatorPlace(seen, target)];
  const nodeLocal = NODE_LOCAL.flatMap((name) => corefilePlace(seen, name, 'NodeLocal DNSCache', target));
  const main = mainPlaces(seen, target);
  if (main.length > 0) return [...main, ...nodeLocal];
  // NodeLocal DNSCache takes the stub domains of kube-dns over by itself.
  const kubeDns = kubeDnsPlace(seen, target);
  return kubeDns === undefined ? nodeLocal : [kubeDns];
}

/** What has to be written so that every object is again what it was before. Nothing for objects without ours. */
export function planUnwiring(seen: ClusterDnsObjects, zone: string, target: DnsTarget | undefined): readonly Edit[] {
  const maps = seen.configMaps;
  const corefiles = [COREDNS, RKE2_COREDNS, ...NODE_LOCAL].map((name) => {
    const map = maps.get(name);
    const text = map?.data?.['Corefile'];
    return editOf(name, map, 'Corefile', text === undefined ? undefined : unwireCorefile(text, target));
  });
  const custom = maps.get(COREDNS_CUSTOM);
  const key = custom?.data?.[CUSTOM_KEY];
  const kubeDns = maps.get(KUBE_DNS);
  const stubs = kubeDns?.data?.['stubDomains'];
  const note = noteOf(kubeDns);
  const edits: readonly Edit[] = [
    ...corefiles,
    editOf(COREDNS_CUSTOM, custom, CUSTOM_KEY, key === undefined ? undefined : unwireCustom(key)),
    {
      ...editOf(KUBE_DNS, kubeDns, 'stubDomains', unwireStubDomains(stubs, note, zone)),
      // Also where our entry is gone already: left there, it would make another one that looks the same ours.
      ...(note === undefined || !isNoteOf(note, zone) ? {} : {annotations: {[DNS_WIRING_ANNOTATION]: null}}),
    },
    valuesEdit(seen, unwireHelmValues(seen.chartConfig?.spec?.valuesContent)),
    serversEdit(seen, unwireServers(seen.operator?.spec?.servers, zone)),
  ];
  return edits.filter((edit) => edit.object !== undefined && isChange(edit));
}

function mainPlaces(seen: ClusterDnsObjects, target: DnsTarget): readonly Place[] {
  const rke2 = seen.configMaps.get(RKE2_COREDNS)?.data?.['Corefile'];
  if (rke2 !== undefined && seen.servesChartConfigs) return [chartPlace(seen, rke2, target)];
  if (rke2 !== undefined) return corefilePlace(seen, RKE2_COREDNS, 'CoreDNS', target);
  const text = seen.configMaps.get(COREDNS)?.data?.['Corefile'];
  if (text === undefined) return [];
  // One that has ours already keeps it there: two server blocks for one zone would not load.
  const isInMain = findMarked(text).kind !== 'none';
  const parsed = parseCorefile(text);
  const takesCustom = parsed.ok && parsed.corefile.imports.some((pattern) => pattern.endsWith('custom/*.server'));
  if (takesCustom && !isInMain) return [customPlace(seen, text, target)];
  return corefilePlace(seen, COREDNS, 'CoreDNS', target);
}

function corefilePlace(seen: ClusterDnsObjects, name: string, layout: Layout, target: DnsTarget): readonly Place[] {
  const object = seen.configMaps.get(name);
  const text = object?.data?.['Corefile'];
  if (text === undefined) return [];
  const wired = wireCorefile(text, target);
  const workload = layout === 'NodeLocal DNSCache' ? `DaemonSet/${name}` : `Deployment/${name}`;
  const edit = editOf(name, object, 'Corefile', wired.ok ? wired.text : text);
  return [placeOf(layout, edit, wired, reloadOf(text) ? undefined : workload)];
}

/** AKS, K3s and others write `coredns` themselves, and import what users put into `coredns-custom`. */
function customPlace(seen: ClusterDnsObjects, main: string, target: DnsTarget): Place {
  const object = seen.configMaps.get(COREDNS_CUSTOM);
  const wired = wireCustom(main, object?.data ?? {}, target);
  const edit = editOf(COREDNS_CUSTOM, object, CUSTOM_KEY, wired.ok ? wired.text : object?.data?.[CUSTOM_KEY]);
  return placeOf('CoreDNS with coredns-custom', edit, wired, reloadOf(main) ? undefined : `Deployment/${COREDNS}`);
}

function wireCustom(main: string, data: Readonly<Record<string, string>>, target: DnsTarget): Wired {
  const there = data[CUSTOM_KEY];
  if (there !== undefined && findMarked(there).kind !== 'found') {
    return {ok: false, because: `its key ${CUSTOM_KEY} is not ours: rename it`};
  }
  const {zone} = target;
  for (const [key, whole] of Object.entries(data)) {
    const text = key === CUSTOM_KEY ? blankedMarked(whole) : whole;
    if (key.endsWith('.override') && claimsInOverride(text, zone)) {
      return {
        ok: false,
        because: `its key ${key} is about ${zone} already: remove that if Isthmus shall answer for it`,
      };
    }
    const parsed = key.endsWith('.server') ? parseCorefile(text) : undefined;
    if (parsed?.ok === false) return {ok: false, because: `its key ${key} can't be read: ${parsed.because}`};
    const claim = parsed === undefined ? undefined : zoneClaims(parsed.corefile, zone)[0];
    if (claim !== undefined) return {ok: false, because: `its key ${key}, ${claimed(claim, zone)}`};
  }
  const parsed = parseCorefile(main);
  if (!parsed.ok) return {ok: false, because: `the Corefile of ${COREDNS} can't be read: ${parsed.because}`};
  const claim = zoneClaims(parsed.corefile, zone)[0];
  if (claim !== undefined) return {ok: false, because: `in ConfigMap ${COREDNS}, ${claimed(claim, zone)}`};
  return {ok: true, text: withMarked(there ?? '', serverBlocks(parsed.corefile, target), 0)};
}

/** The key as it was; undefined where only ours was in it. */
function unwireCustom(text: string): string | undefined {
  const rest = withoutMarked(text);
  return rest === '' && text !== '' ? undefined : rest;
}

function chartPlace(seen: ClusterDnsObjects, running: string, target: DnsTarget): Place {
  const values = seen.chartConfig?.spec?.valuesContent;
  const wired = wireHelmValues(values, running, target);
  // The chart restarts CoreDNS where that is needed.
  return placeOf('CoreDNS by the RKE2 chart', valuesEdit(seen, wired.ok ? wired.text : values), wired, undefined);
}

function kubeDnsPlace(seen: ClusterDnsObjects, target: DnsTarget): Place | undefined {
  const object = seen.configMaps.get(KUBE_DNS);
  if (object === undefined) return undefined;
  const before = object.data?.['stubDomains'];
  const note = noteOf(object);
  const wired = wireStubDomains(before, note, target);
  const edit = editOf(KUBE_DNS, object, 'stubDomains', wired.ok ? wired.text : before);
  const was = unwireStubDomains(before, note, target.zone) ?? null;
  // What is right already keeps its note, whatever else was written beside it since.
  const isNew = wired.ok && wired.text !== before;
  const annotations = {[DNS_WIRING_ANNOTATION]: JSON.stringify({was, wrote: wired.ok ? wired.text : ''})};
  return placeOf('kube-dns', {...edit, ...(isNew ? {annotations} : {})}, wired, undefined);
}

function operatorPlace(seen: ClusterDnsObjects, target: DnsTarget): Place {
  const before = seen.operator?.spec?.servers;
  const wired = wireServers(before, target);
  return placeOf('OpenShift DNS operator', serversEdit(seen, wired.ok ? wired.servers : before), wired, undefined);
}

function placeOf(
  layout: Layout,
  edit: Edit,
  wired: {readonly ok: true} | {readonly ok: false; readonly because: string},
  restart: string | undefined,
): Place {
  const shown = shownEdit(edit);
  const rest = {layout, shown, restart};
  if (!wired.ok) return {...rest, state: 'Refused', because: `${shown}: ${wired.because}`, edit: undefined};
  const isWired = !isChange(edit);
  return {...rest, state: isWired ? 'Wired' : 'NotWired', because: undefined, edit: isWired ? undefined : edit};
}

/** `ConfigMap kube-system/coredns data.Corefile` */
export function shownEdit(edit: Edit): string {
  const {resource, namespace, name, field, annotations = {}} = edit;
  const object = namespace === undefined ? name : `${namespace}/${name}`;
  const [annotation] = isFieldChange(edit) ? [] : Object.keys(annotations);
  return `${resource.kind} ${object} ${annotation === undefined ? field.join('.') : `annotation ${annotation}`}`;
}

function valuesEdit({chartConfig}: ClusterDnsObjects, after: string | undefined): Edit {
  return {
    ...{resource: helmChartConfigs, name: RKE2_CHART, namespace: DNS_NAMESPACE, object: chartConfig},
    ...{field: ['spec', 'valuesContent'], before: chartConfig?.spec?.valuesContent, after},
  };
}

function serversEdit({operator}: ClusterDnsObjects, after: unknown): Edit {
  return {
    ...{resource: dnsOperators, name: 'default', namespace: undefined, object: operator},
    ...{field: ['spec', 'servers'], before: operator?.spec?.servers, after},
  };
}

function isChange(edit: Edit): boolean {
  const there = edit.object?.metadata.annotations;
  const annotations = Object.entries(edit.annotations ?? {});
  return isFieldChange(edit) || annotations.some(([name, text]) => (there?.[name] ?? null) !== text);
}

function isFieldChange({before, after}: Edit): boolean {
  return JSON.stringify(before) !== JSON.stringify(after);
}

function noteOf(object: ConfigMap | KubeObject | undefined): ReturnType<typeof parseNote> {
  return parseNote(object?.metadata.annotations?.[DNS_WIRING_ANNOTATION]);
}

function reloadOf(text: string): boolean {
  const parsed = parseCorefile(text);
  return parsed.ok && reloadsItself(parsed.corefile);
}
