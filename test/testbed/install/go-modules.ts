import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';

import {ETCD_VERSION, KUBERNETES_STAGING_VERSION, KUBERNETES_VERSION} from '../../../src/dev/real/parts.ts';

/** The local folders that Kubernetes' own go.mod points at; from outside, each is a module of its own. */
const STAGING = (
  'api apiextensions-apiserver apimachinery apiserver cli-runtime client-go cloud-provider cluster-bootstrap ' +
  'code-generator component-base component-helpers controller-manager cri-api cri-client cri-streaming ' +
  'csi-translation-lib dynamic-resource-allocation endpointslice externaljwt kms kube-aggregator ' +
  'kube-controller-manager kube-proxy kube-scheduler kubectl kubelet metrics mount-utils pod-security-admission ' +
  'sample-apiserver sample-cli-plugin sample-controller streaming'
).split(' ');

const KUBERNETES_COMMANDS = ['kube-apiserver', 'kube-controller-manager'];

/** A Go module of ours, whose only purpose is to pin and build somebody else's command. */
export interface GoModule {
  readonly files: Readonly<Record<string, string>>;
  /** The package to build for a part of this name. */
  readonly packageOf: (name: string) => string;
  readonly ldflags: string;
}

export const GO_MODULES: Readonly<Record<'kubernetes' | 'etcd', GoModule>> = {
  kubernetes: {
    files: {
      'go.mod': [
        'module testbed/kubernetes',
        'go 1.26.0',
        'godebug default=go1.26',
        `require k8s.io/kubernetes v${KUBERNETES_VERSION}`,
        ...STAGING.map((name) => `replace k8s.io/${name} => k8s.io/${name} v${KUBERNETES_STAGING_VERSION}`),
        '',
      ].join('\n'),
      'tools.go': [
        '//go:build tools',
        '',
        'package tools',
        '',
        ...KUBERNETES_COMMANDS.map((name) => `import _ "k8s.io/kubernetes/cmd/${name}"`),
        '',
      ].join('\n'),
    },
    packageOf: (name) => `k8s.io/kubernetes/cmd/${name}`,
    // Without a version the server says v0.0.0-master, and clients that check versions refuse it.
    ldflags: ['-s', '-w', ...versionFlags()].join(' '),
  },
  etcd: {
    files: {
      'go.mod': ['module testbed/etcd', 'go 1.26.0', `require go.etcd.io/etcd/server/v3 v${ETCD_VERSION}`, ''].join(
        '\n',
      ),
      'main.go': [
        'package main',
        '',
        'import (',
        '\t"os"',
        '',
        '\t"go.etcd.io/etcd/server/v3/etcdmain"',
        ')',
        '',
        'func main() { etcdmain.Main(os.Args) }',
        '',
      ].join('\n'),
    },
    packageOf: () => '.',
    ldflags: '-s -w',
  },
};

/** Writes the module's files, where they are not there yet. Written anew each time: they are what pins the versions. */
export async function writeGoModule(module: GoModule, dir: string): Promise<void> {
  await mkdir(dir, {recursive: true});
  for (const [name, content] of Object.entries(module.files)) await writeFile(join(dir, name), content);
}

function versionFlags(): string[] {
  const [major, minor] = KUBERNETES_VERSION.split('.');
  const set = {gitVersion: `v${KUBERNETES_VERSION}`, gitMajor: major, gitMinor: minor};
  return Object.entries(set).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
}
