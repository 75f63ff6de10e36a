import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import {duplicate, forbiddenField, invalidValue, notSupported, required} from './field-errors.ts';
import {specialIp, wrongIpAddress} from './ip-rules.ts';
import {wrongLabel, wrongPortName, wrongPortNumber, wrongQualifiedName, wrongSubdomain} from './name-rules.ts';
import {listAt} from '../schema/json.ts';
import {numberIn, objectIn, objectsIn, textIn, textMapIn, textsIn} from './read-json.ts';
import {isHeadless, needsClusterIp, needsNodePorts, portKey} from './service-fields.ts';
import {validateClusterIpChange, validateClusterIps} from './validate-cluster-ips.ts';
import {validateLabels} from './validate-metadata.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const TRAFFIC_POLICIES = ['Cluster', 'Local'];
const DISTRIBUTIONS = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
const MAX_AFFINITY_SECONDS = 86_400;

/** The rules of a Service, in upstream's order: kubectl prints them as they come. */
export function validateService(service: JsonObject, old: JsonObject | undefined): FieldError[] {
  const spec = objectIn(service, 'spec');
  const errors = [
    ...validateByType(spec),
    ...validatePorts(spec),
    ...validateLabels(textMapIn(spec, 'selector'), 'spec.selector'),
    ...validateAffinity(spec),
    ...validateClusterIps(spec),
    ...validateExternalIps(spec),
    ...validateChoices(spec),
    ...validatePortPairs(spec),
    ...validateTrafficPolicies(spec),
    ...validateLoadBalancerStatus(service),
  ];
  return old === undefined ? errors : [...validateClusterIpChange(spec, objectIn(old, 'spec')), ...errors];
}

function validateByType(spec: JsonObject): FieldError[] {
  const isExternalName = spec['type'] === 'ExternalName';
  const errors: FieldError[] = [];
  if (listAt(spec, 'ports').length === 0 && !isHeadless(spec) && !isExternalName) errors.push(required('spec.ports'));
  if (needsNodePorts(spec) && isHeadless(spec)) {
    const text = `may not be set to 'None' for ${String(spec['type'])} services`;
    errors.push(invalidValue('spec.clusterIPs[0]', textsIn(spec, 'clusterIPs')[0] ?? '', text));
  }
  return isExternalName ? [...errors, ...validateExternalName(spec)] : errors;
}

function validateExternalName(spec: JsonObject): FieldError[] {
  const unwanted = ['clusterIPs', 'ipFamilies', 'ipFamilyPolicy'].filter((key) => spec[key] !== undefined);
  const errors = unwanted.map((key) => forbiddenField(`spec.${key}`, 'may not be set for ExternalName services'));
  const name = textIn(spec, 'externalName').replace(/\.$/, '');
  if (name === '') return [...errors, required('spec.externalName')];
  return [...errors, ...wrongSubdomain(name).map((text) => invalidValue('spec.externalName', name, text))];
}

function validatePorts(spec: JsonObject): FieldError[] {
  const ports = objectsIn(spec, 'ports');
  const seen = new Set<string>();
  return ports.flatMap((port, at) => validatePort(port, `spec.ports[${at}]`, {seen, mustHaveName: ports.length > 1}));
}

function validatePort(
  port: JsonObject,
  field: string,
  names: {seen: Set<string>; mustHaveName: boolean},
): FieldError[] {
  const errors: FieldError[] = [];
  const name = textIn(port, 'name');
  if (name === '' && names.mustHaveName) errors.push(required(`${field}.name`));
  if (name !== '') {
    errors.push(...wrongLabel(name).map((text) => invalidValue(`${field}.name`, name, text)));
    if (names.seen.has(name)) errors.push(duplicate(`${field}.name`, name));
    names.seen.add(name);
  }
  errors.push(...validatePortNumber(port['port'] ?? 0, `${field}.port`));
  if (!PROTOCOLS.includes(textIn(port, 'protocol'))) {
    errors.push(notSupported(`${field}.protocol`, textIn(port, 'protocol'), PROTOCOLS));
  }
  errors.push(...validateTargetPort(port['targetPort'] ?? 0, `${field}.targetPort`));
  const application = textIn(port, 'appProtocol');
  if (application === '') return errors;
  return [
    ...errors,
    ...wrongQualifiedName(application).map((text) => invalidValue(`${field}.appProtocol`, application, text)),
  ];
}

function validatePortNumber(value: unknown, field: string): FieldError[] {
  return typeof value === 'number' ? wrongPortNumber(value).map((text) => invalidValue(field, value, text)) : [];
}

function validateTargetPort(value: unknown, field: string): FieldError[] {
  if (typeof value !== 'string') return validatePortNumber(value, field);
  return wrongPortName(value).map((text) => invalidValue(field, value, text));
}

function validateAffinity(spec: JsonObject): FieldError[] {
  const affinity = textIn(spec, 'sessionAffinity');
  if (affinity !== 'ClientIP') {
    return affinity === 'None' ? [] : [notSupported('spec.sessionAffinity', affinity, ['ClientIP', 'None'])];
  }
  const seconds = numberIn(objectIn(objectIn(spec, 'sessionAffinityConfig'), 'clientIP'), 'timeoutSeconds') ?? 1;
  if (seconds > 0 && seconds <= MAX_AFFINITY_SECONDS) return [];
  const field = 'spec.sessionAffinityConfig.clientIP.timeoutSeconds';
  return [invalidValue(field, seconds, `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`)];
}

function validateExternalIps(spec: JsonObject): FieldError[] {
  return textsIn(spec, 'externalIPs').flatMap((address, at) => {
    const wrong = wrongIpAddress(address);
    const texts = wrong.length > 0 ? wrong : specialIp(address);
    return texts.map((text) => invalidValue(`spec.externalIPs[${at}]`, address, text));
  });
}

function validateChoices(spec: JsonObject): FieldError[] {
  const type = textIn(spec, 'type');
  return TYPES.includes(type) ? [] : [notSupported('spec.type', type, TYPES)];
}

function validatePortPairs(spec: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  objectsIn(spec, 'ports').forEach((port, at) => {
    const nodePort = port['nodePort'];
    if (spec['type'] === 'ClusterIP' && typeof nodePort === 'number' && nodePort !== 0) {
      errors.push(forbiddenField(`spec.ports[${at}].nodePort`, "may not be used when `type` is 'ClusterIP'"));
    }
    if (seen.has(portKey(port))) {
      errors.push(duplicate(`spec.ports[${at}]`, {protocol: port['protocol'], port: port['port']}));
    }
    seen.add(portKey(port));
  });
  return errors;
}

function validateTrafficPolicies(spec: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  const external = textIn(spec, 'externalTrafficPolicy');
  const mayBeReached = needsNodePorts(spec) || listAt(spec, 'externalIPs').length > 0;
  if (external !== '' && !mayBeReached) {
    const text = 'may only be set for externally-accessible services';
    errors.push(invalidValue('spec.externalTrafficPolicy', external, text));
  } else if (external !== '' && !TRAFFIC_POLICIES.includes(external)) {
    errors.push(notSupported('spec.externalTrafficPolicy', external, TRAFFIC_POLICIES));
  }
  const inner = textIn(spec, 'internalTrafficPolicy');
  // Without a known type there is no default, and one error about the type is enough.
  if (inner !== '' && !TRAFFIC_POLICIES.includes(inner)) {
    errors.push(notSupported('spec.internalTrafficPolicy', inner, TRAFFIC_POLICIES));
  } else if (inner === '' && needsClusterIp(spec)) errors.push(required('spec.internalTrafficPolicy'));
  const distribution = textIn(spec, 'trafficDistribution');
  if (distribution !== '' && !DISTRIBUTIONS.includes(distribution)) {
    errors.push(notSupported('spec.trafficDistribution', distribution, DISTRIBUTIONS));
  }
  return errors;
}

function validateLoadBalancerStatus(service: JsonObject): FieldError[] {
  const ingress = listAt(objectIn(objectIn(service, 'status'), 'loadBalancer'), 'ingress');
  if (ingress.length === 0 || objectIn(service, 'spec')['type'] === 'LoadBalancer') return [];
  return [forbiddenField('status.loadBalancer.ingress', "may only be used when `spec.type` is 'LoadBalancer'")];
}
