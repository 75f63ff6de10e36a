import {clusters, serviceExports, serviceImports} from '../../src/api/resources.ts';
import type {Resource} from '../../src/api/resources.ts';

/** What an API server refuses by itself, by manifests/crds and the policies of manifests/install/admission.yaml. */
export interface RefusedRow {
  readonly title: string;
  /** A user of the namespace may do everything with exports and imports there. */
  readonly as: 'administrator' | 'user of the namespace';
  readonly resource: Resource;
  /** Left out for a kind that has none. */
  readonly namespace?: string;
  readonly name?: string;
  readonly spec: object;
  readonly says: string;
}

const port = {name: 'http', port: 80, protocol: 'TCP'};
export const TEAM = 'team';

/** Addresses that an import may have: what of `refusedRows` is refused about them is refused for what it is. */
export const goodAddresses: readonly string[] = [
  '10.96.0.7',
  '255.249.199.0',
  '1:2:3:4:5:6:7:8',
  'FD00:0::1',
  'fd00::7',
  '1:2:3:4:5:6:7::',
  '::2:3:4:5:6:7:8',
  '1:2:3::5:6:7:8',
  '::1',
  '::',
];

export const refusedRows: readonly RefusedRow[] = [
  {
    title: '[2] a cluster id is one DNS label',
    as: 'administrator',
    resource: clusters,
    name: 'not.a.label',
    spec: {gatewayHost: '192.0.2.99', gatewayPort: 80, isInCluster: true},
    says: 'use one DNS label',
  },
  ...['kube-system', 'kube-public', 'isthmus-system'].map((namespace): RefusedRow => ({
    title: `[18] nobody exports from ${namespace}`,
    as: 'administrator',
    resource: serviceExports,
    namespace,
    spec: {},
    says: 'the namespace is protected',
  })),
  ...(['app.kubernetes.io/managed-by', 'isthmus.dev/x', 'multicluster.kubernetes.io/source-cluster'] as const).map(
    (key): RefusedRow => ({
      title: `[17] what the controller says by ${key} can't be exported as a label`,
      as: 'user of the namespace',
      resource: serviceExports,
      namespace: TEAM,
      spec: {exportedLabels: {[key]: 'mallory'}},
      says: 'reserved',
    }),
  ),
  {
    title: '[22] who is not the controller creates no import, whatever rights a namespace gives',
    as: 'user of the namespace',
    resource: serviceImports,
    namespace: TEAM,
    spec: {type: 'ClusterSetIP', ports: [port]},
    says: 'isthmus-owned-kinds',
  },
  {
    title: '[30] families of an import have no duplicates',
    as: 'administrator',
    resource: serviceImports,
    namespace: TEAM,
    spec: {type: 'ClusterSetIP', ports: [port], ipFamilies: ['IPv4', 'IPv4']},
    says: 'ipFamilies',
  },
  {
    title: '[30] addresses of an import are in the order of its families',
    as: 'administrator',
    resource: serviceImports,
    namespace: TEAM,
    spec: {type: 'ClusterSetIP', ports: [port], ips: ['10.96.0.7', 'fd00::7'], ipFamilies: ['IPv6', 'IPv4']},
    says: 'in their order',
  },
  {
    title: '[30] an import has no more addresses than families',
    as: 'administrator',
    resource: serviceImports,
    namespace: TEAM,
    spec: {type: 'ClusterSetIP', ports: [port], ips: ['10.96.0.7', 'fd00::7'], ipFamilies: ['IPv4']},
    says: 'at most one for each',
  },
  ...[
    'gateway.example.com',
    '10.96.0.256',
    '10.96.07.1',
    '1:2:3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '1:2:3:4::5:6:7:8',
    ':1:2:3:4:5:6:7',
    'fd00:::7',
    'fd00::12345',
    '::ffff:10.0.0.1',
    '',
  ].map((ip): RefusedRow => ({
    title: `[30] "${ip}" is no address of an import`,
    as: 'administrator',
    resource: serviceImports,
    namespace: TEAM,
    spec: {type: 'ClusterSetIP', ports: [port], ips: [ip], ipFamilies: [ip.includes(':') ? 'IPv6' : 'IPv4']},
    says: 'IPv4 addresses, and IPv6 addresses in hexadecimal groups, only',
  })),
  {
    title: '[31] a headless import has no address',
    as: 'administrator',
    resource: serviceImports,
    namespace: TEAM,
    spec: {type: 'Headless', ports: [port], ips: ['10.96.0.7']},
    says: 'a Headless import has none',
  },
  {
    title: '[38] no two ports of an import have one name',
    as: 'administrator',
    resource: serviceImports,
    namespace: TEAM,
    spec: {type: 'ClusterSetIP', ports: [port, {...port, port: 81}]},
    says: 'ports',
  },
  {
    title: '[38] no two ports of an import have one protocol and number',
    as: 'administrator',
    resource: serviceImports,
    namespace: TEAM,
    spec: {type: 'ClusterSetIP', ports: [port, {...port, name: 'web'}]},
    says: 'ports',
  },
];
