import type {Cluster} from '../../src/api/kinds.ts';
import {admitCluster} from '../../src/clusterset/admit/cluster.ts';
import type {Admission, Finding} from '../../src/clusterset/decision.ts';
import {IsthmusError} from '../../src/errors.ts';
import {parseUntrustedKubeconfig} from '../../src/kube/untrusted-kubeconfig.ts';
import type {ReviewHandler} from '../review.ts';
import {validatingHandler} from './validating-handler.ts';

export interface ClusterValidation {
  /** The Clusters that are there: two must not share a gateway. */
  readonly clusters: () => readonly Cluster[];
  readonly development: boolean;
  /** False: nobody acts on a Cluster here, which is allowed and said. */
  readonly hubIsHere: () => boolean;
}

/** Cluster: the object itself, and the content of an inline kubeconfig, of which no part is ever quoted. */
export function clusterHandler(options: ClusterValidation): ReviewHandler {
  const {development} = options;
  return validatingHandler<Cluster>((object) => {
    const others = options.clusters().filter((other) => other.metadata.name !== object.metadata.name);
    const admission = admitCluster(object, others, {development});
    const denials = [...admission.denials, ...kubeconfigFindings(object, development)];
    return {...admission, ...verdict(denials, admission), warnings: [...admission.warnings, ...noHub(options)]};
  });
}

function verdict(denials: readonly Finding[], {code}: Admission): Pick<Admission, 'allowed' | 'denials' | 'code'> {
  return denials.length === 0
    ? {allowed: true, denials, code: undefined}
    : {allowed: false, denials, code: code ?? 422};
}

function kubeconfigFindings(object: Cluster, development: boolean): Finding[] {
  const text = object.spec?.kubeconfig;
  if (typeof text !== 'string' || text === '') return [];
  try {
    parseUntrustedKubeconfig(text, {development});
    return [];
  } catch (error) {
    // Its messages are made for users and hold no secrets; any other error could quote the text.
    if (!(error instanceof IsthmusError)) throw new IsthmusError('ISTHMUS_KUBECONFIG_INVALID', 'it cannot be read');
    return [{source: 'Cluster', field: 'spec.kubeconfig', message: error.message}];
  }
}

function noHub({hubIsHere}: ClusterValidation): Finding[] {
  if (hubIsHere()) return [];
  const message = 'no hub runs in this cluster, so nothing acts on this Cluster; apply it where the hub runs';
  return [{source: 'Cluster', message}];
}
