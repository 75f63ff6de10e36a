import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import {duplicate, invalidValue, notSupported, required} from './field-errors.ts';
import {familyOfIp, wrongIpAddress} from './ip-rules.ts';
import {textIn, textsIn} from './read-json.ts';
import {isHeadless} from './service-fields.ts';

const FAMILIES = ['IPv4', 'IPv6'];
const POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];

/** Whether the four fields about a Service's addresses fit together, whatever the cluster's ranges are. */
export function validateClusterIps(spec: JsonObject): FieldError[] {
  if (spec['type'] === 'ExternalName') return [];
  const errors = [...validateTwins(spec), ...validateFamilies(spec)];
  const wrong = validateAddresses(textsIn(spec, 'clusterIPs'));
  // With a value that is no address, whatever is said about families would be about the wrong item.
  return wrong.length > 0 ? [...errors, ...wrong] : [...errors, ...validatePairs(spec)];
}

function validateTwins(spec: JsonObject): FieldError[] {
  const first = textIn(spec, 'clusterIP');
  const all = textsIn(spec, 'clusterIPs');
  const wrong = (text: string): FieldError[] => [invalidValue('spec.clusterIPs', all, text)];
  if (first === '') return all.length === 0 ? [] : wrong('must be empty when `clusterIP` is not specified');
  if (all.length === 0) return [required('spec.clusterIPs')];
  return all[0] === first ? [] : wrong('first value must match `clusterIP`');
}

function validateFamilies(spec: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  const families = textsIn(spec, 'ipFamilies');
  families.forEach((family, at) => {
    const field = `spec.ipFamilies[${at}]`;
    if (!FAMILIES.includes(family)) errors.push(notSupported(field, family, FAMILIES));
    if (families.indexOf(family) < at) errors.push(duplicate(field, family));
  });
  const policy = textIn(spec, 'ipFamilyPolicy');
  if (policy !== '' && !POLICIES.includes(policy)) errors.push(notSupported('spec.ipFamilyPolicy', policy, POLICIES));
  return errors;
}

function validateAddresses(clusterIPs: readonly string[]): FieldError[] {
  if (clusterIPs[0] === 'None') {
    const text = "'None' must be the first and only value";
    return clusterIPs.length > 1 ? [invalidValue('spec.clusterIPs', clusterIPs, text)] : [];
  }
  return clusterIPs.flatMap((address, at) =>
    wrongIpAddress(address).map((text) => invalidValue(`spec.clusterIPs[${at}]`, address, text)),
  );
}

function validatePairs(spec: JsonObject): FieldError[] {
  const clusterIPs = textsIn(spec, 'clusterIPs');
  const errors: FieldError[] = [];
  if (clusterIPs.length > 2) errors.push(invalidValue('spec.clusterIPs', clusterIPs, 'may only hold up to 2 values'));
  if (clusterIPs.length > 1 && new Set(clusterIPs.map(familyOfIp)).size < clusterIPs.length) {
    errors.push(invalidValue('spec.clusterIPs', clusterIPs, 'may specify no more than one IP for each IP family'));
  }
  if (isHeadless(spec)) return errors;
  textsIn(spec, 'ipFamilies').forEach((family, at) => {
    const address = clusterIPs[at];
    if (address === undefined || familyOfIp(address) === family) return;
    const text = `expected an ${family} value as indicated by \`ipFamilies[${at}]\``;
    errors.push(invalidValue(`spec.clusterIPs[${at}]`, address, text));
  });
  return errors;
}

/** Addresses once given stay as long as the Service has them, headless or not; only a second one may come or go. */
export function validateClusterIpChange(spec: JsonObject, old: JsonObject): FieldError[] {
  if (spec['type'] === 'ExternalName' || old['type'] === 'ExternalName') return [];
  if (isHeadless(spec) && isHeadless(old)) return [];
  const clusterIPs = textsIn(spec, 'clusterIPs');
  const before = textsIn(old, 'clusterIPs');
  const errors = before
    .map((address, at) => ({address, at}))
    .filter(({address, at}) => (at === 0 || clusterIPs.length === before.length) && clusterIPs[at] !== address)
    .map(({at}) => invalidValue(`spec.clusterIPs[${at}]`, clusterIPs, 'may not change once set'));
  const families = textsIn(spec, 'ipFamilies');
  const familiesBefore = textsIn(old, 'ipFamilies');
  const sameKind = isHeadless(spec) === isHeadless(old);
  if (sameKind && familiesBefore[0] !== undefined && families[0] !== familiesBefore[0]) {
    errors.push(invalidValue('spec.ipFamilies[0]', families, 'may not change once set'));
  }
  return errors;
}
