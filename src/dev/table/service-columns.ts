import {isObject, listAt, objectAt, stringAt} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {age, none} from './kind-column.ts';
import type {KindColumn} from './kind-column.ts';

export const serviceColumns: readonly KindColumn[] = [
  {name: 'Type', cell: (service) => stringAt(specOf(service), 'type') ?? ''},
  {name: 'Cluster-IP', cell: (service) => stringAt(specOf(service), 'clusterIP') || none},
  {name: 'External-IP', cell: externalAddress},
  {name: 'Port(s)', cell: (service) => listAt(specOf(service), 'ports').map(portText).join(',') || none},
  age,
  {name: 'Selector', wide: true, cell: selectorText},
];

function specOf(service: JsonObject): JsonObject | undefined {
  return objectAt(service, 'spec');
}

function externalAddress(service: JsonObject): string {
  const spec = specOf(service);
  const external = listAt(spec, 'externalIPs').join(',');
  switch (stringAt(spec, 'type')) {
    case 'ExternalName':
      return stringAt(spec, 'externalName') ?? '';
    case 'LoadBalancer': {
      const ingress = listAt(objectAt(objectAt(service, 'status'), 'loadBalancer'), 'ingress').filter(isObject);
      const addresses = ingress.map((at) => stringAt(at, 'ip') || (stringAt(at, 'hostname') ?? ''));
      return [...addresses, external].filter((address) => address !== '').join(',') || '<pending>';
    }
    case undefined:
    default:
      return external || none;
  }
}

function portText(port: unknown): string {
  if (!isObject(port)) return '';
  const nodePort = typeof port['nodePort'] === 'number' && port['nodePort'] > 0 ? `:${port['nodePort']}` : '';
  return `${Number(port['port'])}${nodePort}/${stringAt(port, 'protocol') ?? 'TCP'}`;
}

function selectorText(service: JsonObject): string {
  const selector = Object.entries(objectAt(specOf(service), 'selector') ?? {});
  return (
    selector
      .map(([key, value]) => `${key}=${String(value)}`)
      .sort()
      .join(',') || none
  );
}
