import type {JsonObject} from '../schema/json.ts';
import {objectsIn, textIn, textsIn} from './read-json.ts';

/** Questions about the `spec` of a Service that several rules ask. */

export function needsClusterIp(spec: JsonObject): boolean {
  return ['ClusterIP', 'NodePort', 'LoadBalancer'].includes(textIn(spec, 'type'));
}

export function needsNodePorts(spec: JsonObject): boolean {
  return ['NodePort', 'LoadBalancer'].includes(textIn(spec, 'type'));
}

/** `clusterIP: None`: the name resolves to the endpoints themselves. */
export function isHeadless(spec: JsonObject): boolean {
  return textsIn(spec, 'clusterIPs')[0] === 'None' || textIn(spec, 'clusterIP') === 'None';
}

export function hasSelector(spec: JsonObject): boolean {
  const selector = spec['selector'];
  return typeof selector === 'object' && selector !== null && Object.keys(selector).length > 0;
}

export function portKey(port: JsonObject): string {
  return `${textIn(port, 'protocol')}/${String(port['port'])}`;
}

export function nodePortsOf(spec: JsonObject): readonly number[] {
  return objectsIn(spec, 'ports').flatMap((port) => (typeof port['nodePort'] === 'number' ? [port['nodePort']] : []));
}
