import {isObject, listAt} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {defaultContainer} from './container-defaults.ts';
import {objectIn, objectsIn, textIn} from './read-json.ts';

/** How long a pod stays on a node that is gone: what the admission plugin DefaultTolerationSeconds adds. */
const TOLERATION_SECONDS = 300;
const TOLERATED = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

/** The `spec` of a Pod as a kube-apiserver with its default admission plugins completes it. */
export function defaultPodSpec(given: JsonObject): JsonObject {
  const inHostNetwork = given['hostNetwork'] === true;
  const spec: JsonObject = {
    ...given,
    restartPolicy: given['restartPolicy'] ?? 'Always',
    dnsPolicy: given['dnsPolicy'] ?? 'ClusterFirst',
    schedulerName: textIn(given, 'schedulerName') || 'default-scheduler',
    terminationGracePeriodSeconds: given['terminationGracePeriodSeconds'] ?? 30,
    securityContext: given['securityContext'] ?? {},
    enableServiceLinks: given['enableServiceLinks'] ?? true,
    priority: given['priority'] ?? 0,
    preemptionPolicy: given['preemptionPolicy'] ?? 'PreemptLowerPriority',
    tolerations: withTolerations(objectsIn(given, 'tolerations')),
    ...serviceAccount(given),
  };
  for (const key of ['containers', 'initContainers', 'ephemeralContainers']) {
    if (!Array.isArray(given[key])) continue;
    spec[key] = objectsIn(given, key).map((container) => defaultContainer(container, inHostNetwork));
  }
  if (listAt(given, 'volumes').length > 0) spec['volumes'] = objectsIn(given, 'volumes').map(defaultVolume);
  return spec;
}

/** `serviceAccount` is the older name of the same field and always says the same. */
function serviceAccount(spec: JsonObject): JsonObject {
  const name = textIn(spec, 'serviceAccountName') || textIn(spec, 'serviceAccount') || 'default';
  return {serviceAccountName: name, serviceAccount: name};
}

function withTolerations(given: readonly JsonObject[]): readonly JsonObject[] {
  const missing = TOLERATED.filter((key) => !given.some((toleration) => toleratesNoExecute(toleration, key)));
  const effect = 'NoExecute';
  return [
    ...given,
    ...missing.map((key) => ({key, operator: 'Exists', effect, tolerationSeconds: TOLERATION_SECONDS})),
  ];
}

function toleratesNoExecute(toleration: JsonObject, key: string): boolean {
  const named = textIn(toleration, 'key');
  const effect = textIn(toleration, 'effect');
  return (named === '' || named === key) && (effect === '' || effect === 'NoExecute');
}

/** 0644, which JSON can only write in decimal. */
const FILE_MODE = 0o644;

function defaultVolume(volume: JsonObject): JsonObject {
  const sources = Object.keys(volume).filter((key) => key !== 'name' && volume[key] !== undefined);
  if (sources.length === 0) return {...volume, emptyDir: {}};
  const complete: JsonObject = {...volume};
  for (const key of ['configMap', 'secret', 'downwardAPI', 'projected']) {
    const source = volume[key];
    if (isObject(source)) complete[key] = {...source, defaultMode: source['defaultMode'] ?? FILE_MODE};
  }
  const projected = complete['projected'];
  if (isObject(projected)) {
    complete['projected'] = {...projected, sources: objectsIn(projected, 'sources').map(defaultProjection)};
  }
  if (isObject(volume['hostPath'])) complete['hostPath'] = {type: '', ...volume['hostPath']};
  return complete;
}

function defaultProjection(source: JsonObject): JsonObject {
  const token = source['serviceAccountToken'];
  return isObject(token) ? {...source, serviceAccountToken: {expirationSeconds: 3600, ...token}} : source;
}

/** How a pod is treated where memory is short, from its requests and limits of CPU and memory. */
export function qosClassOf(spec: JsonObject): 'BestEffort' | 'Burstable' | 'Guaranteed' {
  const resources = [...objectsIn(spec, 'initContainers'), ...objectsIn(spec, 'containers')].map((container) =>
    objectIn(container, 'resources'),
  );
  const amounts = resources.flatMap((of) => [objectIn(of, 'requests'), objectIn(of, 'limits')]);
  if (amounts.every((amount) => amount['cpu'] === undefined && amount['memory'] === undefined)) return 'BestEffort';
  const isGuaranteed = resources.every((of) =>
    ['cpu', 'memory'].every((key) => {
      const limit = objectIn(of, 'limits')[key];
      return limit !== undefined && (objectIn(of, 'requests')[key] ?? limit) === limit;
    }),
  );
  return isGuaranteed ? 'Guaranteed' : 'Burstable';
}
