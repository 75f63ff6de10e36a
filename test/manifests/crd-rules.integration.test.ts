import {afterAll, beforeAll, describe, expect, test} from 'vitest';

import {installManifests} from '../../cli/install-manifests.ts';
import {admitCluster} from '../../src/clusterset/admit/cluster.ts';
import {admitExport} from '../../src/clusterset/admit/export.ts';
import {admitExportPolicy} from '../../src/clusterset/admit/export-policy.ts';
import {admitImport} from '../../src/clusterset/admit/import.ts';
import {admitImportPolicy} from '../../src/clusterset/admit/import-policy.ts';
import {admitTrafficPolicy} from '../../src/clusterset/admit/traffic-policy.ts';
import type {Admission} from '../../src/clusterset/decision.ts';
import type {DevCluster} from '../../src/dev/dev-cluster.ts';
import {KubeClient} from '../../src/kube/client.ts';
import {aView} from '../clusterset/fixtures.ts';
import {startCluster} from '../testbed/clusters.ts';

/*
 * What our CustomResourceDefinitions hold without a webhook (design §4), on whichever API server the suite runs. A webhook that is asked
 * says the same.
 */

let cluster: DevCluster;
let client: KubeClient;

beforeAll(async () => {
  cluster = await startCluster({name: 'rules', index: 1});
  await cluster.applyManifests(await installManifests('hub'));
  await cluster.applyManifests(await installManifests('agent'));
  client = new KubeClient({credentials: cluster.credentials, userAgent: 'test'});
});

afterAll(async () => {
  await client.close();
  await cluster.close();
});

interface Kind {
  readonly kind: string;
  readonly group: string;
  readonly plural: string;
  readonly namespaced?: true;
  /** What the webhook thinks of an object; absent for what it is not asked about. */
  readonly admit?: (object: never) => Admission;
}

const CLUSTER: Kind = {
  kind: 'Cluster',
  group: 'flomesh.io',
  plural: 'clusters',
  admit: (object) => admitCluster(object, [], {development: false}),
};
const REMOTE: Kind = {kind: 'RemoteCluster', group: 'isthmus.dev', plural: 'remoteclusters'};
const TRAFFIC: Kind = {
  kind: 'GlobalTrafficPolicy',
  group: 'flomesh.io',
  plural: 'globaltrafficpolicies',
  namespaced: true,
  admit: (object) => admitTrafficPolicy(object, aView()),
};
const EXPORT: Kind = {
  kind: 'ServiceExport',
  group: 'flomesh.io',
  plural: 'serviceexports',
  namespaced: true,
  admit: (object) => admitExport(object, aView()),
};
const IMPORT: Kind = {
  kind: 'ServiceImport',
  group: 'flomesh.io',
  plural: 'serviceimports',
  namespaced: true,
  admit: (object) => admitImport(object, aView()),
};
const EXPORTS: Kind = {kind: 'ExportPolicy', group: 'isthmus.dev', plural: 'exportpolicies', admit: admitExportPolicy};
const IMPORTS: Kind = {kind: 'ImportPolicy', group: 'isthmus.dev', plural: 'importpolicies', admit: admitImportPolicy};

function objectOf({kind, group, namespaced}: Kind, name: string, spec: object): object {
  const metadata = {name, ...(namespaced === true ? {namespace: 'default'} : {})};
  return {apiVersion: `${group}/v1alpha1`, kind, metadata, spec};
}

interface Refusal {
  readonly field: string;
  readonly message: string;
}

async function refusalsOf(kind: Kind, object: object): Promise<readonly Refusal[]> {
  const within = kind.namespaced === true ? 'namespaces/default/' : '';
  const path = `/apis/${kind.group}/v1alpha1/${within}${kind.plural}?dryRun=All`;
  const answer = await client.raw('POST', path, {body: object, contentType: 'application/json'});
  const {details} = JSON.parse(answer.body) as {details?: {causes?: readonly Refusal[]}};
  if (answer.status < 300) return [];
  expect(answer.status, answer.body).toBe(422);
  return (details?.causes ?? []).map(({field, message}) => ({field, message}));
}

const REACHED = {gatewayHost: 'gw.example.com', kubeconfig: 'x'};
const LABEL = "use at most 63 letters, digits, '-', '_' and '.'";
const ID = "use one DNS label, at most 63 lower-case letters, digits and '-'";
const LONG = 'a'.repeat(64);
const rule = (name: string, more: object = {}): object => ({name, action: 'Allow', ...more});
const selecting = (operator: string, values?: readonly string[]): object => ({
  namespaceSelector: {matchExpressions: [{key: 'a', operator, ...(values === undefined ? {} : {values})}]},
});
const endpoints = [{clusterKey: 'a', target: {host: 'h', ip: '10.0.0.1', port: 1, path: '/'}}];

type Row = readonly [what: string, kind: Kind, name: string, spec: object, field: string, message: string];

const refused: readonly Row[] = [
  ['an id with a dot', CLUSTER, 'a.b', REACHED, 'metadata.name', `"a.b" can't be a cluster id: ${ID}`],
  ['an id of 64 characters', CLUSTER, LONG, REACHED, 'metadata.name', `"${LONG}" can't be a cluster id: ${ID}`],
  ['an id that ends in a hyphen', REMOTE, 'a.b', {}, 'metadata.name', `"a.b" can't be a cluster id: ${ID}`],
  [
    'two kubeconfigs',
    CLUSTER,
    'a',
    {...REACHED, kubeconfigSecretRef: {name: 'mine'}},
    'spec.kubeconfig',
    'there is a kubeconfigSecretRef too: leave one of the two out',
  ],
  ['a region', CLUSTER, 'a', {...REACHED, region: 'a b'}, 'spec.region', `"a b": can't be a region: ${LABEL}`],
  ['an empty zone', CLUSTER, 'a', {...REACHED, zone: ''}, 'spec.zone', `"": can't be a zone: ${LABEL}`],
  ['a group', CLUSTER, 'a', {...REACHED, group: '-a'}, 'spec.group', `"-a": can't be a group: ${LABEL}`],
  ['a network', CLUSTER, 'a', {...REACHED, network: 'a/b'}, 'spec.network', `"a/b": can't be a network: ${LABEL}`],
  [
    'a range of pods',
    CLUSTER,
    'a',
    {...REACHED, podCIDRs: ['10.1.0.0/16', '10.1.0.0']},
    'spec.podCIDRs[1]',
    '"10.1.0.0": not a range such as 10.1.0.0/16',
  ],
  [
    'Locality with two targets',
    TRAFFIC,
    'a',
    {lbType: 'Locality', targets: [{clusterKey: 'a'}, {clusterKey: 'b'}]},
    'spec.targets',
    'Locality keeps the traffic in one cluster, the own one or the one named: leave one target, or use ActiveActive',
  ],
  [
    'FailOver to nowhere',
    TRAFFIC,
    'a',
    {lbType: 'FailOver'},
    'spec.targets',
    'FailOver needs at least one cluster to fail over to: name one in targets',
  ],
  [
    'a cluster that is named twice, once by its long key',
    TRAFFIC,
    'a',
    {lbType: 'ActiveActive', targets: [{clusterKey: 'c'}, {clusterKey: 'r/z/g/a'}, {clusterKey: 'a'}]},
    'spec.targets',
    'cluster a is there twice: leave one out',
  ],
  [
    'a key without a cluster',
    TRAFFIC,
    'a',
    {lbType: 'ActiveActive', targets: [{clusterKey: 'r/z/g/'}]},
    'spec.targets[0].clusterKey',
    '"r/z/g/": no cluster is named: use its cluster id',
  ],
  [
    'a port of an export',
    EXPORT,
    'a',
    {rules: [{pathType: 'Prefix', portNumber: 70_000}]},
    'spec.rules[0].portNumber',
    '70000: not a port: use 1 to 65535',
  ],
  [
    'a path of an export',
    EXPORT,
    'a',
    {rules: [{pathType: 'Prefix', path: 'a'}]},
    'spec.rules[0].path',
    `"a": must begin with '/'`,
  ],
  [
    'a port of an import',
    IMPORT,
    'a',
    {ports: [{port: 0, endpoints: []}]},
    'spec.ports[0].port',
    '0: not a port: use 1 to 65535',
  ],
  [
    'a port of a gateway',
    IMPORT,
    'a',
    {ports: [{port: 80, endpoints: [{...endpoints[0], target: {...endpoints[0]?.target, port: -1}}]}]},
    'spec.ports[0].endpoints[0].target.port',
    '-1: not a port: use 1 to 65535',
  ],
  ...[EXPORTS, IMPORTS].flatMap((kind): readonly Row[] => [
    [
      'the name of a rule twice',
      kind,
      'a',
      {rules: [rule('a'), rule('b'), rule('b')]},
      'spec.rules',
      'the name b is there twice: refusals quote it, so give each rule its own',
    ],
    [
      'In without values',
      kind,
      'a',
      {rules: [rule('a', selecting('In'))]},
      'spec.rules[0].namespaceSelector.matchExpressions[0].values',
      'In needs at least one value',
    ],
    [
      'Exists with values',
      kind,
      'a',
      {rules: [rule('a', selecting('Exists', ['a']))]},
      'spec.rules[0].namespaceSelector.matchExpressions[0].values',
      'Exists has no values: leave them out',
    ],
  ]),
  [
    'an exclusive denial',
    EXPORTS,
    'a',
    {rules: [{name: 'a', action: 'Deny', exclusive: true}]},
    'spec.rules[0].exclusive',
    'a denial is for all clusters already: use exclusive with Allow',
  ],
];

const titled = refused.map(([what, kind, name, spec, field, message]) => ({
  title: `${kind.kind}: ${what}`,
  ...{kind, field, message},
  object: objectOf(kind, name, spec),
}));

describe('refused by the definition itself', () => {
  test.each(titled)('$title', async ({kind, object, field, message}) => {
    expect(await refusalsOf(kind, object)).toEqual([{field, message: `Invalid value: ${message}`}]);
  });
});

describe('a webhook that is asked says the same', () => {
  test.each(titled.filter(({kind}) => kind.admit !== undefined))('$title', ({kind, object, message}) => {
    const denials = kind.admit?.(object as never).denials ?? [];
    // The API server has printed the value itself before the sentence.
    const sentence = message.replace(/^(?:"[^"]*"|-?\d+): /, '');
    expect(denials.map((denial) => denial.message).filter((text) => text.includes(sentence))).toHaveLength(1);
  });
});

const many = Array.from({length: 256}, (_, at) => ({clusterKey: `region-of-it/zone-of-it/group-of-it/cluster-${at}`}));

const accepted: readonly (readonly [what: string, kind: Kind, name: string, spec: object])[] = [
  [
    'everything that there is to say',
    CLUSTER,
    'cluster-1',
    {...REACHED, region: 'r', zone: 'z_1', group: 'g.1', network: 'n', podCIDRs: ['10.1.0.0/16', 'fd00::/64']},
  ],
  ['the reference that the hub left', CLUSTER, 'a', {...REACHED, kubeconfigSecretRef: {name: 'isthmus-member-a'}}],
  ['a RemoteCluster', REMOTE, 'cluster-1', {}],
  ['Locality by itself', TRAFFIC, 'a', {lbType: 'Locality'}],
  ['as many targets as may be', TRAFFIC, 'a', {lbType: 'ActiveActive', targets: many}],
  ['names that end alike', TRAFFIC, 'a', {lbType: 'FailOver', targets: [{clusterKey: 'b-a'}, {clusterKey: 'a'}]}],
  ['an export of FSM', EXPORT, 'a', {rules: [{pathType: 'Prefix', path: '/', portNumber: 80}]}],
  ['an import of FSM', IMPORT, 'a', {ports: [{port: 80, endpoints}]}],
  ...[EXPORTS, IMPORTS].map(
    (kind) =>
      [
        'as many rules as may be',
        kind,
        'a',
        {rules: Array.from({length: 64}, (_, at) => rule(`rule-${at}`, selecting('NotIn', ['a'])))},
      ] as const,
  ),
  ['an exclusive permission', EXPORTS, 'a', {rules: [rule('a', {exclusive: true})]}],
];

describe('accepted', () => {
  test.each(accepted.map(([what, kind, name, spec]) => ({title: `${kind.kind}: ${what}`, kind, name, spec})))(
    '$title',
    async ({kind, name, spec}) => {
      expect(await refusalsOf(kind, objectOf(kind, name, spec))).toEqual([]);
    },
  );
});
