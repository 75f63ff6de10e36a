import {isObject, listAt} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {defined, objectIn, objectsIn, textIn} from './read-json.ts';

/** @param inHostNetwork - every container port is then one of the node */
export function defaultContainer(container: JsonObject, inHostNetwork: boolean): JsonObject {
  const complete: JsonObject = {
    ...container,
    resources: defaultResources(objectIn(container, 'resources')),
    terminationMessagePath: textIn(container, 'terminationMessagePath') || '/dev/termination-log',
    terminationMessagePolicy: textIn(container, 'terminationMessagePolicy') || 'File',
    imagePullPolicy: textIn(container, 'imagePullPolicy') || pullPolicy(textIn(container, 'image')),
  };
  if (listAt(container, 'ports').length > 0) {
    complete['ports'] = objectsIn(container, 'ports').map((port) => defaultPort(port, inHostNetwork));
  }
  if (listAt(container, 'env').length > 0) complete['env'] = objectsIn(container, 'env').map(defaultEnv);
  for (const key of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const probe = container[key];
    if (isObject(probe)) complete[key] = defaultProbe(probe);
  }
  const lifecycle = container['lifecycle'];
  if (isObject(lifecycle)) {
    complete['lifecycle'] = Object.fromEntries(
      Object.entries(lifecycle).map(([key, hook]) => [key, isObject(hook) ? defaultHandler(hook) : hook]),
    );
  }
  return complete;
}

/** `latest`, said or meant, is fetched each time. */
function pullPolicy(image: string): string {
  if (image.includes('@')) return 'IfNotPresent';
  const tag = /:([^:/]+)$/.exec(image)?.[1] ?? 'latest';
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
}

/** What is limited and not asked for is asked for as limited. */
function defaultResources(resources: JsonObject): JsonObject {
  const limits = resources['limits'];
  return isObject(limits) ? {...resources, requests: {...limits, ...objectIn(resources, 'requests')}} : resources;
}

function defaultPort(port: JsonObject, inHostNetwork: boolean): JsonObject {
  const hostPort = port['hostPort'] ?? (inHostNetwork ? port['containerPort'] : undefined);
  return defined({...port, hostPort, protocol: textIn(port, 'protocol') || 'TCP'});
}

function defaultEnv(variable: JsonObject): JsonObject {
  const from = variable['valueFrom'];
  if (!isObject(from) || !isObject(from['fieldRef'])) return variable;
  return {...variable, valueFrom: {...from, fieldRef: {apiVersion: 'v1', ...from['fieldRef']}}};
}

function defaultProbe(probe: JsonObject): JsonObject {
  return {timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3, ...defaultHandler(probe)};
}

function defaultHandler(handler: JsonObject): JsonObject {
  const {httpGet, grpc} = handler;
  return {
    ...handler,
    ...(isObject(httpGet) ? {httpGet: {path: '/', scheme: 'HTTP', ...httpGet}} : {}),
    ...(isObject(grpc) ? {grpc: {service: '', ...grpc}} : {}),
  };
}
