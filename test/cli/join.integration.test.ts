import {createServer} from 'node:net';
import type {AddressInfo} from 'node:net';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';

import {manifestObjects} from '../../cli/join/apply-object.ts';
import {missingRights, rightsIn, rightText} from '../../cli/join/member-rights.ts';
import {runJoin} from '../../cli/join/run-join.ts';
import type {JoinOptions} from '../../cli/join/join-context.ts';
import type {OperatorHub} from '../../cli/operator-hub.ts';
import {operatorHub} from '../../cli/operator-hub.ts';
import type {Cluster, Secret} from '../../src/api/kinds.ts';
import {memberRecordName} from '../../src/api/names.ts';
import {
  clusterProperties,
  clusters,
  configMaps,
  customResourceDefinitions,
  namespaces,
  secrets,
} from '../../src/api/resources.ts';
import {startEmbeddedCluster} from '../../src/dev/embedded-cluster.ts';
import {describeError} from '../../src/errors.ts';
import {KubeClient} from '../../src/kube/client.ts';
import {requestToken} from '../../src/kube/token-request.ts';
import {parseUntrustedKubeconfig} from '../../src/kube/untrusted-kubeconfig.ts';
import type {RunningHub, TestClusterset} from '../hub/clusterset.ts';
import {conditionOf, quietLogger, startClusterset, TestCluster} from '../hub/clusterset.ts';
import {startCluster} from '../testbed/clusters.ts';
import {eventually} from '../tools/eventually.ts';
import {RecordedTerminal} from './recorded-terminal.ts';

/** A hub's cluster, a bare cluster that joins, and another one that is in the way. */

const NAME = 'newcomer';
/** Nothing listens there, which is known at once. */
const GATEWAY = {gatewayHost: '127.0.0.1', gatewayPort: 1};
const write = {fieldManager: 'test', force: true};

let set: TestClusterset;
let bare: TestCluster;
let other: TestCluster;
/** Without our kinds, whatever the others are: real ones are lent with them. */
let kindless: TestCluster;
let hub: OperatorHub;
let running: RunningHub;

beforeAll(async () => {
  set = await startClusterset(1);
  other = set.members[0]!;
  bare = new TestCluster(await startCluster({name: NAME, index: 7}));
  kindless = new TestCluster(await startEmbeddedCluster({name: 'kindless', index: 8, logger: quietLogger}));
  hub = operatorHub({credentials: set.hubCluster.cluster.credentials, namespace: 'isthmus-system', development: true});
});

afterAll(async () => {
  await hub.close();
  await set.close();
  await bare.close();
  await kindless.close();
});

function optionsFor(terminal: RecordedTerminal, changes: Partial<JoinOptions> = {}): JoinOptions {
  return {
    name: NAME,
    hub,
    member: bare.cluster.credentials,
    memberKubeconfig: 'member.kubeconfig',
    settings: GATEWAY,
    withAgent: false,
    dryRun: false,
    waitMs: 20_000,
    terminal,
    signal: new AbortController().signal,
    ...changes,
  };
}

async function join(changes: Partial<JoinOptions> = {}, terminal = new RecordedTerminal()): Promise<RecordedTerminal> {
  await runJoin(optionsFor(terminal, changes));
  return terminal;
}

/** What it says on refusing, and what it printed before. */
async function refusal(changes: Partial<JoinOptions>, terminal = new RecordedTerminal()): Promise<string> {
  const failure = await runJoin(optionsFor(terminal, changes)).then(
    () => 'it was not refused',
    (error: unknown) => describeError(error),
  );
  return `${terminal.text}\n${failure}`;
}

function resetWrites(): void {
  for (const {cluster} of [set.hubCluster, bare, other]) cluster.writes.reset();
}

function persisted(): readonly string[] {
  const reviews = /selfsubjectaccessreviews|dryRun|serviceaccounts\/.*\/token/;
  return [set.hubCluster, bare, other].flatMap(({name, cluster}) =>
    cluster.writes
      .requests()
      .map((request) => `${name} ${JSON.stringify(request)}`)
      .filter((text) => !reviews.test(text)),
  );
}

describe('before anything is changed it is refused, with what to change', () => {
  const nowhere = {server: 'https://127.0.0.1:1'};
  interface Row {
    readonly name: string;
    readonly changes: () => Partial<JoinOptions>;
    readonly says: readonly string[];
    readonly before?: () => Promise<unknown>;
    readonly after?: () => Promise<unknown>;
  }
  const spec = {gatewayHost: '192.0.2.51', gatewayPort: 8080, kubeconfig: 'x'};
  const clusterOf = (name: string): Cluster => ({
    apiVersion: 'flomesh.io/v1alpha1',
    kind: 'Cluster',
    metadata: {name},
    spec,
  });
  const record = (name: string, data: Record<string, string>): object => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      namespace: 'isthmus-system',
      name: memberRecordName(name),
      labels: {'app.kubernetes.io/managed-by': 'isthmus-hub'},
    },
    data,
  });
  const remember = async (name: string, data: Record<string, string>): Promise<unknown> =>
    set.hubCluster.client.apply(configMaps, record(name, data) as never, write);
  const forget = (name: string) => async (): Promise<unknown> =>
    set.hubCluster.client.delete(configMaps, {namespace: 'isthmus-system', name: memberRecordName(name)});
  const uidOfBare = async (): Promise<string> =>
    (await bare.client.get(namespaces, {name: 'kube-system'})).metadata.uid ?? '';
  const left = JSON.stringify({sinceMs: 1, isInCluster: false});

  const rows: readonly Row[] = [
    {name: 'a name that is no DNS label', changes: () => ({name: 'New_Comer'}), says: ['DNS label']},
    {
      name: 'no gateway, and nobody to ask',
      changes: () => ({settings: {}}),
      says: ['--gateway-host'],
    },
    {
      name: 'a gateway that no cluster can have',
      changes: () => ({settings: {gatewayHost: '169.254.169.254'}}),
      says: ['spec.gatewayHost', "can't be a gateway"],
    },
    {
      name: "another Cluster's gateway",
      changes: () => ({settings: {gatewayHost: '192.0.2.51', gatewayPort: 8080}}),
      before: async () => set.hubCluster.client.apply(clusters, clusterOf('older'), write),
      after: async () => set.hubCluster.client.delete(clusters, {name: 'older'}),
      says: ['Cluster older has the gateway 192.0.2.51:8080 too'],
    },
    {
      name: "a member's API server that does not answer",
      changes: () => ({member: {...bare.cluster.credentials, ...nowhere}}),
      says: ['could not be reached', '127.0.0.1:1'],
    },
    {
      name: 'credentials that the member does not take',
      changes: () => ({member: {...bare.cluster.credentials, token: 'wrong'}}),
      says: ['401'],
    },
    {
      name: "a hub's cluster that is none",
      changes: () => ({
        hub: operatorHub({credentials: kindless.cluster.credentials, namespace: 'isthmus-system', development: true}),
      }),
      says: ['not the cluster of a hub', 'manifests/crds'],
    },
    {
      name: "a hub's cluster where no hub is installed",
      changes: () => ({hub: operatorHub({credentials: hub.own, namespace: 'elsewhere', development: true})}),
      says: ['has no namespace elsewhere', 'hub.yaml'],
    },
    {
      name: "a member's API server that a hub would not go to",
      changes: () => ({hub: operatorHub({credentials: hub.own, namespace: 'isthmus-system', development: false})}),
      says: ['the hub would not go to https://127.0.0.1', '--member-server'],
    },
    {
      name: 'a cluster that is a member under another name',
      before: async () => remember('first', {'kube-system-uid': await uidOfBare()}),
      changes: () => ({}),
      after: forget('first'),
      says: ['a member already, as first', 'isthmus leave first'],
    },
    {
      name: 'a name that another cluster has',
      before: async () => remember(NAME, {'kube-system-uid': 'another'}),
      changes: () => ({}),
      after: forget(NAME),
      says: [`${NAME} is another cluster already`, `isthmus leave ${NAME}`],
    },
    {
      name: 'a name of a cluster that left and was not cleared',
      before: async () => remember(NAME, {'kube-system-uid': 'another', left}),
      changes: () => ({}),
      after: forget(NAME),
      says: ['left and was not cleared yet', '--forget'],
    },
    {
      name: 'a Cluster that is just leaving',
      before: async () => {
        const held = {...clusterOf(NAME), metadata: {name: NAME, finalizers: ['isthmus.dev/leave']}};
        await set.hubCluster.client.apply(clusters, held, write);
        await set.hubCluster.client.delete(clusters, {name: NAME});
      },
      changes: () => ({}),
      after: async () =>
        set.hubCluster.client.patch(
          clusters,
          {name: NAME},
          {type: 'merge', body: {metadata: {finalizers: null}}},
          write,
        ),
      says: ['is just leaving'],
    },
    {
      name: 'a member of another clusterset',
      before: async () => property('clusterset.k8s.io', 'theirs'),
      changes: () => ({member: other.cluster.credentials}),
      after: async () => other.client.delete(clusterProperties, {name: 'clusterset.k8s.io'}),
      says: ['clusterset "theirs"', '--clusterset-id'],
    },
    {
      name: 'a cluster that calls itself something else',
      before: async () => property('cluster.clusterset.k8s.io', 'somebody'),
      changes: () => ({member: other.cluster.credentials}),
      after: async () => other.client.delete(clusterProperties, {name: 'cluster.clusterset.k8s.io'}),
      says: ['it calls itself "somebody"'],
    },
  ];

  async function property(name: string, value: string): Promise<unknown> {
    const object = {apiVersion: 'about.k8s.io/v1beta1', kind: 'ClusterProperty', metadata: {name}, spec: {value}};
    return other.client.apply(clusterProperties, object, write);
  }

  test.each(rows)('$name', async ({changes, says, before, after}) => {
    await before?.();
    resetWrites();
    const given = changes();
    try {
      const said = await refusal(given);
      for (const words of says) expect(said).toContain(words);
      expect(said).toContain('Nothing was changed.');
      expect(persisted()).toEqual([]);
    } finally {
      if (given.hub !== undefined) await given.hub.close();
      await after?.();
    }
  });

  test('an operator of the hub who may read namespaces by name lacks nothing of that', async () => {
    const cluster = set.hubCluster;
    await cluster.apply(`apiVersion: v1
kind: ServiceAccount
metadata: {namespace: default, name: by-name}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: by-name}
rules:
  - {apiGroups: [''], resources: [namespaces], resourceNames: [kube-system, isthmus-system], verbs: [get]}
  - {apiGroups: ['flomesh.io'], resources: [clusters], verbs: [get, list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: by-name}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: by-name}
subjects: [{kind: ServiceAccount, namespace: default, name: by-name}]`);
    const token = await requestToken(cluster.client, {namespace: 'default', name: 'by-name', expirationSeconds: 600});
    const {server, ca} = cluster.cluster.credentials;
    const credentials = {server, ca, token};
    const byName = operatorHub({credentials, namespace: 'isthmus-system', development: true});
    try {
      await eventually('the role counts', async () => !(await refusal({hub: byName})).includes('403'));
      const said = await refusal({hub: byName});
      expect(said).toContain("the kubeconfig of the hub's cluster may not create clusters.flomesh.io, patch secrets");
      expect(said).not.toContain('get namespaces');
    } finally {
      await byName.close();
    }
  });

  test('an operator who may not make roles in the member', async () => {
    await bare.apply(`apiVersion: v1\nkind: Namespace\nmetadata: {name: isthmus-system}`);
    await bare.apply(`apiVersion: v1\nkind: ServiceAccount\nmetadata: {namespace: default, name: nobody}`);
    const token = await requestToken(bare.client, {namespace: 'default', name: 'nobody', expirationSeconds: 600});
    await bare.apply(
      `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules: [{apiGroups: ['*'], resources: ['*'], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}
subjects: [{kind: ServiceAccount, namespace: default, name: nobody}]`,
    );
    const {server, ca} = bare.cluster.credentials;
    await eventually('the role counts', async () => !(await refusal({member: {server, ca, token}})).includes('403'));
    resetWrites();
    const said = await refusal({member: {server, ca, token}});
    expect(said).toContain('may not create clusterroles.rbac.authorization.k8s.io');
    expect(said).toContain("use an administrator's");
    expect(said).toContain('Nothing was changed.');
    expect(persisted()).toEqual([]);
  });
});

test('--dry-run looks at everything, says what it would do, and changes nothing', async () => {
  const namespace = async (): Promise<string | undefined> =>
    (await bare.client.get(namespaces, {name: 'isthmus-system'})).metadata.resourceVersion;
  const before = await namespace();
  resetWrites();
  const {text} = await join({dryRun: true});
  for (const words of [
    'would     create ClusterRole isthmus-hub-member in the member',
    'would     create ValidatingAdmissionPolicy isthmus-owned-kinds in the member',
    'would     ask for a token of ServiceAccount isthmus-system/isthmus-hub for 90 days',
    `would     create Secret isthmus-system/isthmus-member-${NAME} in the hub's cluster`,
    `would     create Cluster ${NAME}`,
    'Nothing was changed (--dry-run).',
  ]) {
    expect(text).toContain(words);
  }
  // What is there already is applied as a dry run, to learn what would become of it.
  expect(persisted()).toEqual([expect.stringContaining('"namespaces","verb":"apply"')]);
  expect(await namespace()).toBe(before);
  expect(await set.hubCluster.find(clusters, {name: NAME})).toBeUndefined();
});

test('kinds that are missing are created first, and a dry run only says so', async () => {
  const dry = await join({member: kindless.cluster.credentials, name: 'kindless', dryRun: true});
  expect(dry.text).toContain(
    'would     create CustomResourceDefinition serviceimports.multicluster.x-k8s.io in the member',
  );
  expect((await kindless.client.list(customResourceDefinitions)).items).toEqual([]);
  const said = await refusal({member: kindless.cluster.credentials, name: 'kindless', waitMs: 1});
  expect(said).toContain('created   CustomResourceDefinition serviceimports.multicluster.x-k8s.io in the member');
  expect(said).toContain('created   Cluster kindless');
  expect(said).not.toContain('delete customresourcedefinition');
  await set.hubCluster.client.delete(clusters, {name: 'kindless'});
});

test('with no hub running it registers, and says that nobody took it up', async () => {
  const terminal = new RecordedTerminal();
  const said = await refusal({waitMs: 600}, terminal);
  expect(said).toContain('no hub said anything about it within 0.6 s; is one running?');
  expect(said).toContain(`created   Cluster ${NAME}`);
  expect(said).toContain('It stopped half-way. Done so far:');
  expect(said).toContain('  kubectl --kubeconfig member.kubeconfig delete clusterrole isthmus-hub-member');
  expect(said).toContain(`  isthmus leave ${NAME}`);
  expect(said).not.toContain('delete namespace');
  expect(said).not.toContain('delete customresourcedefinition');
});

test('run again with a hub it changes nothing, and tells when the cluster is a member', async () => {
  running = set.startHub();
  resetWrites();
  const {text} = await join();
  expect(text).toContain('as it is  the token of ServiceAccount isthmus-system/isthmus-hub, good until');
  expect(text).toMatch(/rights    the token has all \d+ that the hub needs/);
  expect(text).toContain(`as it is  Cluster ${NAME}`);
  expect(text).not.toContain('created');
  expect(text).not.toContain('changed');
  expect(text).toContain('Reachable=True (Answered), Synced=True (Synced)');
  expect(text).toContain(
    `${NAME} is a member: the hub reaches it and has applied everything; Managed=False (GatewayNotProbed)`,
  );
  expect(text).toContain('warning   gateway: nothing answers at 127.0.0.1:1');
  expect(persisted().filter((request) => request.includes('isthmus-cli'))).toEqual([]);
});

test('the hub speaks as the account that was made, for 90 days, and not as an administrator', async () => {
  const at = {namespace: 'isthmus-system', name: memberRecordName(NAME)};
  const secret = await set.hubCluster.client.get<Secret>(secrets, at);
  const kubeconfig = Buffer.from(secret.data?.['kubeconfig'] ?? '', 'base64').toString('utf8');
  const {token = ''} = parseUntrustedKubeconfig(kubeconfig, {development: true});
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Record<
    string,
    unknown
  >;
  expect(claims['sub']).toBe('system:serviceaccount:isthmus-system:isthmus-hub');
  expect(Number(claims['exp']) - Number(claims['iat'])).toBe(90 * 86_400);
  expect(running.status(NAME).tokenExpiresMs).toBe(Number(claims['exp']) * 1_000);
  const found = await set.hubCluster.client.get<Cluster>(clusters, {name: NAME});
  expect(found.spec).toMatchObject({gatewayHost: '127.0.0.1', kubeconfigSecretRef: {name: memberRecordName(NAME)}});
  expect(found.spec).not.toHaveProperty('kubeconfig');
  expect(conditionOf(found, 'Synced')?.status).toBe('True');
});

test('what is asked on a terminal is what the Cluster says; what was said before is not asked again', async () => {
  const asked = new RecordedTerminal(['flat', '10.207.0.0/16, fd00::/48']);
  await join({}, asked);
  expect(asked.questions).toHaveLength(2);
  expect(asked.text).toContain(`changed   Cluster ${NAME}`);
  const {spec} = await set.hubCluster.client.get<Cluster>(clusters, {name: NAME});
  expect(spec).toMatchObject({network: 'flat', podCIDRs: ['10.207.0.0/16', 'fd00::/48'], gatewayPort: 1});
  const silent = new RecordedTerminal([]);
  await join({settings: {zone: 'b'}}, silent);
  const after = await set.hubCluster.client.get<Cluster>(clusters, {name: NAME});
  expect(after.spec).toMatchObject({network: 'flat', zone: 'b', gatewayHost: '127.0.0.1'});
});

test('a gateway that takes connections is said to', async () => {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;
  try {
    const {text} = await join({settings: {gatewayHost: '127.0.0.1', gatewayPort: port}, dryRun: true});
    expect(text).toContain(`gateway   127.0.0.1:${port} takes connections, as seen from here`);
  } finally {
    server.close();
  }
});

test('where the member refuses an object it stops, and goes on from there when it is run again', async () => {
  const binding = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/isthmus-hub-member';
  await bare.client.raw('DELETE', binding);
  bare.cluster.faults.add(
    {resource: 'clusterrolebindings', name: 'isthmus-hub-member', verb: 'patch'},
    {kind: 'status', code: 403, reason: 'Forbidden', message: 'a policy of this cluster says no'},
    {times: 1},
  );
  const said = await refusal({});
  expect(said).toContain('a policy of this cluster says no');
  expect(said).toContain('Nothing was changed.');
  const {text} = await join();
  expect(text).toContain('created   ClusterRoleBinding isthmus-hub-member in the member');
});

test('rights are asked for as the account: each that is missing is named', async () => {
  const rights = rightsIn(await manifestObjects(['member']));
  const token = await requestToken(bare.client, {namespace: 'default', name: 'nobody', expirationSeconds: 600});
  const {server, ca} = bare.cluster.credentials;
  const client = new KubeClient({credentials: {server, ca, token}, userAgent: 'test'});
  try {
    const {signal} = new AbortController();
    const missing = (await missingRights(client, rights, {withinMs: 0, signal})).map(rightText);
    expect(missing).toContain('patch serviceexports/status.flomesh.io');
    expect(missing).toContain('own remoteclusters.isthmus.dev');
    expect(missing).toContain('create serviceaccounts/token isthmus-hub in isthmus-system');
    // It may read everything.
    expect(missing.filter((text) => /^(get|list) /.test(text))).toEqual([]);
  } finally {
    await client.close();
  }
});
