import {internal, invalid} from '../apiserver/api-error.ts';
import {jsonEquals} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import {invalidValue} from './field-errors.ts';
import {familyOfIp} from './ip-rules.ts';
import type {IpFamily} from './ip-rules.ts';
import {nameOf, objectIn, textIn, textsIn} from './read-json.ts';
import {defaultFamilyPolicy} from './service-defaults.ts';
import {isHeadless, needsClusterIp} from './service-fields.ts';
import {validateClusterIps} from './validate-cluster-ips.ts';
import {ownerKey} from './service-ip-allocator.ts';
import type {ServiceIpAllocator} from './service-ip-allocator.ts';
import type {StrategyContext} from './strategy.ts';

const SERVICE = {group: '', kind: 'Service'};

interface Families {
  readonly policy: string;
  readonly families: readonly string[];
  readonly clusterIPs: readonly string[];
}

/**
 * `spec` with its families and ClusterIPs settled: what the request leaves out is kept from the old object, else taken from the range
 * (KEP-563; the cluster is dual stack with IPv4 first).
 *
 * @throws ApiError 422 for addresses that can't be had and for families that contradict each other
 */
export function settleServiceIps(
  service: JsonObject,
  old: JsonObject | undefined,
  by: {allocator: ServiceIpAllocator; context: StrategyContext},
): JsonObject {
  const spec = objectIn(service, 'spec');
  if (!needsClusterIp(spec)) return service;
  const before = old !== undefined && needsClusterIp(objectIn(old, 'spec')) ? objectIn(old, 'spec') : undefined;
  const kept = keepClusterIps(spec, before);
  const settled = settleFamilies(kept, before, nameOf(service));
  const clusterIPs = isHeadless(kept) ? settled.clusterIPs : allocate(service, {...settled, before}, by);
  return {
    ...service,
    spec: {
      ...kept,
      clusterIP: clusterIPs[0],
      clusterIPs,
      ipFamilies: settled.families,
      ipFamilyPolicy: settled.policy,
    },
  };
}

/** `clusterIP` and `clusterIPs` say the same twice; whoever changes only one of them means both. */
function keepClusterIps(spec: JsonObject, before: JsonObject | undefined): JsonObject {
  let clusterIP = textIn(spec, 'clusterIP');
  let clusterIPs = textsIn(spec, 'clusterIPs');
  if (before === undefined)
    return {...spec, clusterIPs: clusterIPs.length === 0 && clusterIP !== '' ? [clusterIP] : clusterIPs};
  const oldIPs = textsIn(before, 'clusterIPs');
  const oldIP = textIn(before, 'clusterIP');
  if (clusterIP === '') clusterIP = oldIP;
  if (clusterIPs.length === 0) clusterIPs = clusterIP === oldIP ? oldIPs : [clusterIP];
  // The second address was not said to stay.
  const onlyFirstChanged = clusterIP !== oldIP && jsonEquals(clusterIPs, oldIPs);
  return {...spec, clusterIP, clusterIPs: onlyFirstChanged ? [clusterIP] : clusterIPs};
}

function settleFamilies(spec: JsonObject, before: JsonObject | undefined, name: string): Families {
  const policy = textIn(spec, 'ipFamilyPolicy') || defaultFamilyPolicy(spec, before);
  refuse(name, validateClusterIps({...spec, ipFamilyPolicy: policy}));
  const asked = askedFamilies(spec, before, policy);
  refuse(name, checkPolicy(asked, before));
  const families = [...asked.families];
  if (!isHeadless(spec)) {
    for (const address of asked.clusterIPs.slice(families.length)) families.push(familyOfIp(address));
  }
  if (families.length === 0) families.push('IPv4');
  const needsBoth = policy !== 'SingleStack' && families.length === 1;
  // A headless Service with a selector is served by pods of both families too: the cluster has both.
  if (needsBoth) families.push(families[0] === 'IPv4' ? 'IPv6' : 'IPv4');
  return {policy, families, clusterIPs: asked.clusterIPs};
}

/** Asking for SingleStack is enough to give the second address back; the first always stays. */
function askedFamilies(spec: JsonObject, before: JsonObject | undefined, policy: string): Families {
  const clusterIPs = textsIn(spec, 'clusterIPs');
  const given = textsIn(spec, 'ipFamilies');
  const families = given.length === 0 && before !== undefined ? textsIn(before, 'ipFamilies') : given;
  if (before === undefined || policy !== 'SingleStack') return {policy, families, clusterIPs};
  return {
    policy,
    clusterIPs: jsonEquals(clusterIPs, textsIn(before, 'clusterIPs')) ? clusterIPs.slice(0, 1) : clusterIPs,
    families: jsonEquals(families, textsIn(before, 'ipFamilies')) ? families.slice(0, 1) : families,
  };
}

function checkPolicy({policy, families, clusterIPs}: Families, before: JsonObject | undefined): FieldError[] {
  const wrong = (text: string): FieldError => invalidValue('spec.ipFamilyPolicy', policy, text);
  if (policy === 'SingleStack') {
    const many = "must be 'RequireDualStack' or 'PreferDualStack' when multiple";
    return [
      ...(clusterIPs.length === 2 ? [wrong(`${many} cluster IPs are specified`)] : []),
      ...(families.length === 2 ? [wrong(`${many} IP families are specified`)] : []),
    ];
  }
  if (before === undefined) return [];
  const release = "must be 'SingleStack' to release the secondary";
  return [
    ...(clusterIPs.length < textsIn(before, 'clusterIPs').length ? [wrong(`${release} cluster IP`)] : []),
    ...(families.length < textsIn(before, 'ipFamilies').length ? [wrong(`${release} IP family`)] : []),
  ];
}

interface Wanted extends Families {
  readonly before: JsonObject | undefined;
}

function allocate(
  service: JsonObject,
  wanted: Wanted,
  {allocator, context}: {allocator: ServiceIpAllocator; context: StrategyContext},
): string[] {
  allocator.follow(context.storage);
  const claim = {owner: ownerKey(service), dryRun: context.dryRun, nowMs: context.nowMs};
  const held = new Set(wanted.before === undefined ? [] : textsIn(wanted.before, 'clusterIPs'));
  return wanted.families.map((family, at) => {
    const asked = wanted.clusterIPs[at];
    if (asked === undefined) {
      const address = allocator.next(family as IpFamily, claim);
      if (address === undefined) throw internal('failed to allocate a serviceIP: range is full');
      return address;
    }
    // A change of what was set is refused by the validation, with a better sentence than "already allocated".
    if (!held.has(asked) && held.size <= at)
      refuse(nameOf(service), claimAsked(asked, wanted, allocator.claim(asked, claim)));
    return asked;
  });
}

function claimAsked(asked: string, wanted: Wanted, result: ReturnType<ServiceIpAllocator['claim']>): FieldError[] {
  if (result === 'Ok') return [];
  const why =
    result === 'Taken' ? 'provided IP is already allocated' : 'the provided network does not match the current range';
  return [invalidValue('spec.clusterIPs', wanted.clusterIPs, `failed to allocate IP ${asked}: ${why}`)];
}

function refuse(name: string, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid(SERVICE, name, errors);
}
