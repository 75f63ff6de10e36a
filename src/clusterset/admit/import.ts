import {isIP} from 'node:net';

import type {FlomeshServiceImport, IPFamily, ServiceImport} from '../../api/kinds.ts';
import {clusterIdOfKey, DEFAULT_NAMESPACE, isDnsLabel} from '../../api/names.ts';
import {FLOMESH_GROUP, FLOMESH_MCS_GROUP} from '../../api/resources.ts';
import {refuseAddress} from '../addresses.ts';
import type {Admission, Finding} from '../decision.ts';
import {judgeImport} from '../import-policy.ts';
import {weighRefusals} from '../policy-rules.ts';
import type {View} from '../view.ts';
import {conclude, inField} from './conclude.ts';
import {judgeNamespace, judgeServiceName} from './place.ts';
import {isPort, judgeImportPorts} from './ports.ts';

export type AnyImport = ServiceImport | FlomeshServiceImport;
type Spec = NonNullable<ServiceImport['spec']>;
type FlomeshPorts = NonNullable<FlomeshServiceImport['spec']>['ports'];

const SOURCE = 'ServiceImport';
const at = inField(SOURCE);
/** Of a Service too: a day. */
const MAX_AFFINITY_SECONDS = 86_400;

/**
 * An import of any group. Who may write one is not judged here but by a ValidatingAdmissionPolicy, in the API server. A
 * flomesh import without a spec is a wish that anyone may have (the seed shows it), so only its place is judged.
 *
 * @param options - `oldObject`: on UPDATE. A spec that stays as it was is not judged again, and policies only judge what is
 * new: taking addresses out, or a label in, must work on objects that are older than a rule.
 */
export function admitImport(
  object: AnyImport,
  view: View,
  options: {readonly oldObject?: AnyImport; readonly ownNamespace?: string} = {},
): Admission {
  const {namespace = '', name} = object.metadata;
  const {oldObject, ownNamespace = DEFAULT_NAMESPACE} = options;
  const unchanged = oldObject !== undefined && JSON.stringify(oldObject.spec) === JSON.stringify(object.spec);
  const policies = weighRefusals(oldObject === undefined ? judgePolicies(object, view) : []);
  return conclude({
    forbidden: [...judgeNamespace(SOURCE, namespace, ownNamespace), ...policies.forbidden],
    invalid: [
      ...(oldObject === undefined ? judgeServiceName(SOURCE, namespace, name) : []),
      ...(object.spec === undefined || unchanged ? [] : judgeSpec(object)),
      ...judgeClusters(object),
    ],
    warnings: [...policies.warnings, ...warnOfFlip(object, oldObject)],
    audits: policies.audits,
  });
}

function isFlomesh(object: AnyImport): object is FlomeshServiceImport {
  const {apiVersion} = object;
  return apiVersion.startsWith(`${FLOMESH_GROUP}/`) || apiVersion.startsWith(`${FLOMESH_MCS_GROUP}/`);
}

/** Which clusters it comes from is written later, to its status; what is already known of them is judged. */
function judgePolicies(object: AnyImport, view: View): ReturnType<typeof judgeImport> {
  const {namespace = '', name, labels = {}} = object.metadata;
  const namespaceLabels = view.namespaces.get(namespace)?.labels ?? {};
  const subject = {namespace, name, namespaceLabels, serviceLabels: labels};
  const sources = new Set(
    flomeshPorts(object).flatMap(({endpoints}) => endpoints.map((end) => clusterIdOfKey(end.clusterKey))),
  );
  sources.delete(view.clusterId);
  return sources.size === 0
    ? judgeImport({...subject, source: undefined}, view)
    : [...sources].flatMap((source) => judgeImport({...subject, source}, view));
}

function flomeshPorts(object: AnyImport): FlomeshPorts {
  return isFlomesh(object) ? (object.spec?.ports ?? []) : [];
}

function judgeSpec(object: AnyImport): readonly Finding[] {
  const spec: Partial<Spec> = object.spec ?? {};
  return [
    ...judgeImportPorts(spec.ports ?? [], SOURCE),
    ...flomeshPorts(object).flatMap(judgeEndpoints),
    ...judgeAddresses(spec),
    ...judgeAffinity(spec),
  ];
}

function judgeEndpoints({endpoints}: FlomeshPorts[number], index: number): readonly Finding[] {
  return endpoints.flatMap(({target}, position) =>
    isPort(target.port)
      ? []
      : [at(`spec.ports[${index}].endpoints[${position}].target.port`, `${target.port} is not a port: use 1 to 65535`)],
  );
}

/** Addresses go into DNS answers, so none may lead a client to itself, to metadata services or to everybody. */
function judgeAddresses({type, ips = [], ipFamilies = []}: Partial<Spec>): readonly Finding[] {
  const findings = ips.flatMap((ip, index) => {
    const refused = refuseAddress(ip, {development: false});
    if (refused !== undefined) return [at(`spec.ips[${index}]`, `${JSON.stringify(ip)} can't be used (${refused})`)];
    const family = ipFamilies[index];
    if (ipFamilies.length === 0 || family === familyOf(ip)) return [];
    return [at(`spec.ips[${index}]`, `${ip} is ${familyOf(ip)}: give ips in the order of ipFamilies, one for each`)];
  });
  if (type === 'Headless' && ips.length > 0)
    findings.push(at('spec.ips', 'a Headless import has no ips: leave them out'));
  if (new Set(ipFamilies).size < ipFamilies.length) {
    findings.push(at('spec.ipFamilies', 'a family is there twice: give each once'));
  }
  for (const [index, family] of ipFamilies.entries()) {
    if (!isFamily(family)) findings.push(at(`spec.ipFamilies[${index}]`, `${family} is no family: use IPv4 or IPv6`));
  }
  return findings;
}

function familyOf(ip: string): IPFamily {
  return isIP(ip) === 6 ? 'IPv6' : 'IPv4';
}

function isFamily(family: string): boolean {
  return family === 'IPv4' || family === 'IPv6';
}

function judgeAffinity({sessionAffinity = 'None', sessionAffinityConfig}: Partial<Spec>): readonly Finding[] {
  const findings: Finding[] = [];
  if (sessionAffinity !== 'None' && sessionAffinity !== 'ClientIP') {
    findings.push(at('spec.sessionAffinity', `${JSON.stringify(sessionAffinity)} is not known: use ClientIP or None`));
  }
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (seconds !== undefined && (seconds < 1 || seconds > MAX_AFFINITY_SECONDS)) {
    const field = 'spec.sessionAffinityConfig.clientIP.timeoutSeconds';
    findings.push(at(field, `${seconds} is out of range: use 1 to ${MAX_AFFINITY_SECONDS}`));
  }
  return findings;
}

/** Cluster ids become label values and parts of names. */
function judgeClusters(object: AnyImport): readonly Finding[] {
  const clusters = isFlomesh(object) ? [] : (object.status?.clusters ?? []);
  return clusters.flatMap(({cluster}, index) =>
    isDnsLabel(cluster)
      ? []
      : [at(`status.clusters[${index}].cluster`, `${JSON.stringify(cluster)} is not a cluster id: use one DNS label`)],
  );
}

function warnOfFlip(object: AnyImport, oldObject: AnyImport | undefined): readonly Finding[] {
  const before = oldObject?.spec?.type;
  const after = object.spec?.type;
  if (before === undefined || after === undefined || before === after) return [];
  return [
    at('spec.type', `the import turns from ${before} into ${after}: clients keep addresses that lead nowhere now`),
  ];
}
