import {forbidden} from '../apiserver/api-error.ts';
import {generatedName} from '../apiserver/write/random-name.ts';
import type {JsonObject} from '../schema/json.ts';
import {metadataOf, objectIn, objectsIn, textIn} from './read-json.ts';
import type {StrategyContext} from './strategy.ts';

const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const PREFIX = 'kube-api-access-';
const SERVICE_ACCOUNTS = {group: '', plural: 'serviceaccounts'};
/** An hour and seven seconds: by the odd number a kubelet tells this token from one that somebody asked for. */
const TOKEN_SECONDS = 3607;
const FILE_MODE = 0o644;

/**
 * A new pod's credentials, as the admission plugin ServiceAccount adds them: a volume `kube-api-access-*`, mounted in every container
 * that has nothing at that path.
 *
 * @param spec - complete: `serviceAccountName` is there
 * @throws ApiError 403 for a ServiceAccount that is not there; `default` may still be on its way in a new namespace
 */
export function withApiAccess(pod: JsonObject, spec: JsonObject, {storage}: StrategyContext): JsonObject {
  const namespace = textIn(metadataOf(pod), 'namespace');
  const account = textIn(spec, 'serviceAccountName');
  const found = storage.get(SERVICE_ACCOUNTS, namespace, account);
  if (found === undefined && account !== 'default') {
    const why = `error looking up service account ${namespace}/${account}: serviceaccount "${account}" not found`;
    throw forbidden({group: '', plural: 'pods', kind: 'Pod'}, textIn(metadataOf(pod), 'name'), why);
  }
  const automount = spec['automountServiceAccountToken'] ?? found?.['automountServiceAccountToken'];
  if (automount === false) return spec;
  const volumes = objectsIn(spec, 'volumes');
  const own = volumes.map((volume) => textIn(volume, 'name')).find((name) => name.startsWith(PREFIX));
  const name = own ?? generatedName(PREFIX);
  const mounted: JsonObject = {...spec};
  let used = false;
  for (const key of ['initContainers', 'containers']) {
    if (!Array.isArray(spec[key])) continue;
    mounted[key] = objectsIn(spec, key).map((container) => {
      const mounts = objectsIn(container, 'volumeMounts');
      if (mounts.some((mount) => textIn(mount, 'mountPath') === MOUNT_PATH)) return container;
      used = true;
      return {...container, volumeMounts: [...mounts, {name, readOnly: true, mountPath: MOUNT_PATH}]};
    });
  }
  if (!used) return spec;
  return own === undefined ? {...mounted, volumes: [...volumes, apiAccessVolume(name)]} : mounted;
}

/** The pod without what {@link withApiAccess} added, for `managedFields`: nobody owns it. */
export function withoutApiAccess(pod: JsonObject, given: JsonObject): JsonObject {
  const spec = objectIn(pod, 'spec');
  const asked = new Set(objectsIn(objectIn(given, 'spec'), 'volumes').map((volume) => textIn(volume, 'name')));
  const added = objectsIn(spec, 'volumes')
    .map((volume) => textIn(volume, 'name'))
    .find((name) => name.startsWith(PREFIX) && !asked.has(name));
  if (added === undefined) return pod;
  const shown: JsonObject = {...spec, ...without(spec, 'volumes', added)};
  for (const key of ['initContainers', 'containers']) {
    if (!Array.isArray(spec[key])) continue;
    shown[key] = objectsIn(spec, key).map((container) => ({
      ...container,
      ...without(container, 'volumeMounts', added),
    }));
  }
  return {...pod, spec: shown};
}

function without(of: JsonObject, key: string, name: string): JsonObject {
  const rest = objectsIn(of, key).filter((item) => textIn(item, 'name') !== name);
  return {[key]: rest.length > 0 ? rest : undefined};
}

function apiAccessVolume(name: string): JsonObject {
  const sources = [
    {serviceAccountToken: {expirationSeconds: TOKEN_SECONDS, path: 'token'}},
    {configMap: {name: 'kube-root-ca.crt', items: [{key: 'ca.crt', path: 'ca.crt'}]}},
    {
      downwardAPI: {
        items: [{path: 'namespace', fieldRef: {apiVersion: 'v1', fieldPath: 'metadata.namespace'}}],
      },
    },
  ];
  return {name, projected: {sources, defaultMode: FILE_MODE}};
}
