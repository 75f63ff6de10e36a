import type {JsonObject} from '../schema/json.ts';
import {objectIn} from './read-json.ts';
import {defaultServiceSpec, dropFieldsOfOldType} from './service-defaults.ts';
import {ownerKey} from './service-ip-allocator.ts';
import type {ServiceIpAllocator} from './service-ip-allocator.ts';
import {settleServiceIps} from './service-ips.ts';
import {settleNodePorts} from './service-node-ports.ts';
import type {Strategy, StrategyContext} from './strategy.ts';
import {validateService} from './validate-service.ts';

const ALLOCATED = [
  ...['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'healthCheckNodePort'].map((field) => `spec.${field}`),
  'spec.ports[].nodePort',
];

/** Services: defaults, ClusterIPs of both families, node ports, and the rules about them. */
export function serviceStrategy(allocator: ServiceIpAllocator): Strategy {
  return {
    nameRule: 'Label',
    answersDeleteWithObject: true,
    allocated: ALLOCATED,
    prepare: (service, old, context) => prepareService(service, old, {allocator, context}),
    validate: validateService,
    afterDelete: (service) => allocator.giveBack(ownerKey(service)),
  };
}

function prepareService(
  service: JsonObject,
  old: JsonObject | undefined,
  by: {allocator: ServiceIpAllocator; context: StrategyContext},
): JsonObject {
  if (by.context.subresource !== undefined) return service;
  const given = objectIn(service, 'spec');
  const spec = defaultServiceSpec(old === undefined ? given : dropFieldsOfOldType(given, objectIn(old, 'spec')));
  const withIps = settleServiceIps({...service, spec}, old, by);
  const complete = settleNodePorts(withIps, old, by.context.storage);
  return {
    ...complete,
    status: old === undefined ? {loadBalancer: {}} : (service['status'] ?? old['status'] ?? {loadBalancer: {}}),
  };
}
