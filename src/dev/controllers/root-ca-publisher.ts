import type {Logger} from 'pino';
import type {InternalApi} from '../apiserver/internal-api.ts';
import {isTerminating, nameOf, namespaceOf} from '../builtin/read-json.ts';
import {jsonEquals} from '../schema/json.ts';
import {CONFIG_MAPS, isType, NAMESPACES} from './known-types.ts';
import {startReconciler} from './reconciler.ts';

const NAME = 'kube-root-ca.crt';
const DESCRIPTION =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP ' +
  'or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

export interface RootCaOptions {
  /** PEM, of whoever signed the API server's certificate. */
  readonly caPem: string;
  readonly logger: Logger;
}

/**
 * The ConfigMap `kube-root-ca.crt` in each namespace, by which pods trust their API server. It comes back when deleted or changed.
 *
 * @returns stops it
 */
export function startRootCaPublisher(api: InternalApi, {caPem, logger}: RootCaOptions): () => void {
  for (const namespace of api.list(NAMESPACES)) publish(api, nameOf(namespace), caPem);
  return startReconciler(api, {
    name: 'root-ca-publisher',
    logger,
    keysOf: ({type, object}) => {
      if (isType(type, NAMESPACES)) return [nameOf(object)];
      return isType(type, CONFIG_MAPS) && nameOf(object) === NAME ? [namespaceOf(object)] : [];
    },
    reconcile: (namespace) => publish(api, namespace, caPem),
  });
}

function publish(api: InternalApi, namespace: string, caPem: string): void {
  const home = api.get(NAMESPACES, undefined, namespace);
  if (home === undefined || isTerminating(home)) return;
  const data = {'ca.crt': caPem};
  const existing = api.get(CONFIG_MAPS, namespace, NAME);
  if (existing === undefined) {
    const annotations = {'kubernetes.io/description': DESCRIPTION};
    api.create(CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {name: NAME, namespace, annotations},
      data,
    });
  } else if (!jsonEquals(existing['data'], data)) {
    api.update(CONFIG_MAPS, {...existing, data});
  }
}
