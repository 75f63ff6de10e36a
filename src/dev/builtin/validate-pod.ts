import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import {duplicate, forbiddenField, invalidValue, notSupported, required} from './field-errors.ts';
import {wrongIpAddress} from './ip-rules.ts';
import {wrongLabel, wrongSubdomain} from './name-rules.ts';
import {numberIn, objectIn, objectsIn, textIn, textsIn} from './read-json.ts';
import {validateContainer} from './validate-container.ts';
import type {ContainerScope} from './validate-container.ts';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const SYSCTL = '([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const SYSCTL_PATTERN = new RegExp(`^${SYSCTL}$`);

/** The rules of a Pod that people meet: what an injected sidecar must not break above all. */
export function validatePod(pod: JsonObject): FieldError[] {
  const spec = objectIn(pod, 'spec');
  return [
    ...validateVolumes(spec),
    ...validateContainers(spec),
    ...validatePolicies(spec),
    ...validateHostAliases(spec),
    ...validateSysctls(spec),
  ];
}

function validateVolumes(spec: JsonObject): FieldError[] {
  const seen = new Set<string>();
  return objectsIn(spec, 'volumes').flatMap((volume, at) => {
    const field = `spec.volumes[${at}]`;
    const name = textIn(volume, 'name');
    if (name === '') return [required(`${field}.name`)];
    const errors = wrongLabel(name).map((text) => invalidValue(`${field}.name`, name, text));
    if (seen.has(name)) errors.push(duplicate(`${field}.name`, name));
    seen.add(name);
    if (Object.keys(volume).length > 2) errors.push(forbiddenField(field, 'may not specify more than 1 volume type'));
    return errors;
  });
}

function validateContainers(spec: JsonObject): FieldError[] {
  const volumes = new Set(objectsIn(spec, 'volumes').map((volume) => textIn(volume, 'name')));
  const names = new Set<string>();
  const scope = (isInit: boolean): ContainerScope => ({volumes, names, isInit});
  const containers = objectsIn(spec, 'containers');
  const errors = containers.length === 0 ? [required('spec.containers')] : [];
  containers.forEach((container, at) => {
    errors.push(...validateContainer(container, `spec.containers[${at}]`, scope(false)));
  });
  objectsIn(spec, 'initContainers').forEach((container, at) => {
    errors.push(...validateContainer(container, `spec.initContainers[${at}]`, scope(true)));
  });
  return errors;
}

function validatePolicies(spec: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  const restart = textIn(spec, 'restartPolicy');
  if (!RESTART_POLICIES.includes(restart)) errors.push(notSupported('spec.restartPolicy', restart, RESTART_POLICIES));
  const dns = textIn(spec, 'dnsPolicy');
  if (!DNS_POLICIES.includes(dns)) errors.push(notSupported('spec.dnsPolicy', dns, DNS_POLICIES));
  const grace = numberIn(spec, 'terminationGracePeriodSeconds') ?? 0;
  if (grace < 0) {
    errors.push(invalidValue('spec.terminationGracePeriodSeconds', grace, 'must be greater than or equal to 0'));
  }
  for (const key of ['serviceAccountName', 'nodeName']) {
    const name = textIn(spec, key);
    if (name !== '') errors.push(...wrongSubdomain(name).map((text) => invalidValue(`spec.${key}`, name, text)));
  }
  for (const key of ['hostname', 'subdomain']) {
    const name = textIn(spec, key);
    if (name !== '') errors.push(...wrongLabel(name).map((text) => invalidValue(`spec.${key}`, name, text)));
  }
  return errors;
}

function validateHostAliases(spec: JsonObject): FieldError[] {
  return objectsIn(spec, 'hostAliases').flatMap((alias, at) => {
    const field = `spec.hostAliases[${at}]`;
    const ip = textIn(alias, 'ip');
    return [
      ...wrongIpAddress(ip).map((text) => invalidValue(`${field}.ip`, ip, text)),
      ...textsIn(alias, 'hostnames').flatMap((name) =>
        wrongSubdomain(name).map((text) => invalidValue(`${field}.hostnames`, name, text)),
      ),
    ];
  });
}

function validateSysctls(spec: JsonObject): FieldError[] {
  const seen = new Set<string>();
  return objectsIn(objectIn(spec, 'securityContext'), 'sysctls').flatMap((sysctl, at) => {
    const field = `spec.securityContext.sysctls[${at}].name`;
    const name = textIn(sysctl, 'name');
    if (name === '') return [required(field)];
    if (seen.has(name)) return [duplicate(field, name)];
    seen.add(name);
    if (name.length <= 253 && SYSCTL_PATTERN.test(name)) return [];
    return [invalidValue(field, name, `must have at most 253 characters and match regex ^${SYSCTL}$`)];
  });
}
