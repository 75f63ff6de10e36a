import {readFileSync} from 'node:fs';
import {join} from 'node:path';

import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {parseDocument} from 'yaml';

import {callControl} from '../../cli/control-socket.ts';
import {queryDns} from '../../dns/client.ts';
import {chosenBackend} from '../testbed/backends.ts';
import {findCommand, findKubectl} from '../tools/find-kubectl.ts';
import type {Ended} from './os-processes.ts';
import {ClustersetOfProcesses, MEMBERS, eventually, root, run} from './os-processes.ts';

const kubectlFound = findKubectl();
const dig = findCommand('dig');
const HOST = 'foo.bar.svc.clusterset.local';
/** Of one DNS question: a machine that stands still for seconds is no server that is silent. */
const ASK_MS = 15_000;

/** What users' kubectl answers, parsed. */
interface Listed {
  readonly items: readonly {
    readonly metadata: {readonly name: string; readonly labels?: Record<string, string>};
    readonly status?: {
      readonly conditions?: readonly {readonly type: string; readonly status: string; readonly reason: string}[];
    };
  }[];
}

const backend = chosenBackend();
const missing = kubectlFound.path === undefined ? kubectlFound.reason : await backend.missing();

if (missing !== undefined) {
  test(`the six steps with a real kubectl (${missing})`, ({skip}) => skip());
}

describe.runIf(missing === undefined).each([
  {group: 'flomesh.io', file: 'service-export.yaml', exports: 'serviceexports.flomesh.io'},
  {
    group: 'multicluster.x-k8s.io',
    file: 'service-export-standard.yaml',
    exports: 'serviceexports.multicluster.x-k8s.io',
  },
])('six steps with kubectl, hub and agents as processes of their own ($group)', ({group, file, exports}) => {
  let clusterset: ClustersetOfProcesses;
  let late: Promise<unknown> | undefined;
  let clients = 0;

  function kubectl(cluster: string, args: string, input?: string): Promise<Ended> {
    const env = {KUBECTL_KUBERC: 'false', HOME: clusterset.dir};
    const flags = [
      '--kubeconfig',
      clusterset.kubeconfig(cluster),
      '--cache-dir',
      join(clusterset.dir, `cache-${cluster}`),
    ];
    return run(kubectlFound.path ?? '', [...flags, ...args.split(' ')], {env, ...(input === undefined ? {} : {input})});
  }

  async function kubectlOk(cluster: string, args: string, input?: string): Promise<string> {
    const ended = await kubectl(cluster, args, input);
    expect(ended, `kubectl ${args}`).toMatchObject({code: 0});
    return ended.stdout;
  }

  /** As a user does it; a try of the same test before this one may have done it already. */
  async function createNamespace(cluster: string, name: string): Promise<void> {
    const {code, stderr} = await kubectl(cluster, `create namespace ${name}`);
    const isThere = stderr.includes('(AlreadyExists)');
    expect({code: isThere ? 0 : code, stderr: isThere ? '' : stderr}).toEqual({code: 0, stderr: ''});
  }

  /** Whatever was before: the export is made, and every member answers. */
  async function exportAgain(): Promise<void> {
    await kubectlOk('cluster-1', `apply -f manifests/samples/${file}`);
    await inEveryMember((member) =>
      eventually(`an answer in ${member}`, async () =>
        (await ask(member, 'A')).answers.length > 0 ? true : undefined,
      ),
    );
  }

  async function get<T>(cluster: string, what: string): Promise<T | undefined> {
    const {code, stdout} = await kubectl(cluster, `get ${what} -o json`);
    return code === 0 ? (JSON.parse(stdout) as T) : undefined;
  }

  async function ask(cluster: string, type: string, name = HOST): ReturnType<typeof queryDns> {
    const {dns} = await clusterset.ports(cluster);
    return queryDns({server: dns?.host ?? '', port: dns?.port ?? 0, name, type, timeoutMs: ASK_MS});
  }

  function register(cluster: string): Promise<string> {
    const sample = parseDocument(readFileSync(join(root, 'manifests/samples/cluster.yaml'), 'utf8'));
    sample.setIn(['metadata', 'name'], cluster);
    sample.setIn(['spec', 'gatewayHost'], `192.0.2.${Number(cluster.slice(-1))}`);
    sample.setIn(['spec', 'kubeconfig'], readFileSync(clusterset.kubeconfig(cluster, 'isthmus-hub'), 'utf8'));
    return kubectlOk('hub', 'apply -f -', String(sample));
  }

  /** All members at once: kubectl takes most of its time to start, and none of them waits for another. */
  async function inEveryMember(check: (member: string) => Promise<unknown>): Promise<void> {
    await Promise.all(MEMBERS.map(check));
  }

  /** One more cluster with its agent, which nobody has registered. @returns why it could not be started; undefined: it was */
  function addLate(): Promise<unknown> {
    const added = callControl(clusterset.dir, {method: 'POST', path: '/clusters/cluster-4/add'});
    return added.then(
      () => void clusterset.startAgent('cluster-4'),
      (error: unknown) => error,
    );
  }

  beforeAll(async () => {
    clusterset = await ClustersetOfProcesses.start();
  });

  afterAll(async () => {
    const codes = await clusterset.stop();
    expect(codes, 'every process ends by itself after SIGTERM').toEqual(codes.map(() => 0));
  });

  test('hub and agents start, and say where they listen', async () => {
    if (clusterset.hub === undefined) clusterset.startHub();
    for (const member of MEMBERS) if (!clusterset.agents.has(member)) clusterset.startAgent(member);
    const ports = await Promise.all(['hub', ...MEMBERS].map((name) => clusterset.ports(name)));
    for (const one of ports) expect(one['health']?.port).toBeGreaterThan(0);
  });

  test('1: Clusters become Reachable and Synced; every member knows every member', async () => {
    await inEveryMember(register);
    await inEveryMember(async (member) => {
      await kubectlOk('hub', `wait --for=condition=Synced cluster/${member} --timeout=60s`);
      const conditions = await eventually(`${member} to be Reachable`, async () => {
        const cluster = await get<Listed['items'][number]>('hub', `cluster ${member}`);
        const known = new Map(cluster?.status?.conditions?.map(({type, status}) => [type, status]));
        return known.get('Reachable') === 'True' ? known : undefined;
      });
      expect(conditions.get('Managed')).not.toBe('True');
    });
    await inEveryMember(async (member) => {
      const known = await eventually(`RemoteClusters in ${member}`, async () => {
        const list = await get<Listed>(member, 'remoteclusters');
        return list?.items.length === MEMBERS.length ? list.items.map(({metadata}) => metadata.name) : undefined;
      });
      expect(known.toSorted()).toEqual(MEMBERS);
    });
    expect(await kubectlOk('hub', 'get clusters')).not.toContain('token');
  });

  test('2: an export is imported in every member; the missing namespace is made and labelled', async () => {
    await createNamespace('cluster-1', 'bar');
    await kubectlOk('cluster-1', 'apply -f manifests/samples/service-export.yaml');
    if (group !== 'flomesh.io') {
      await kubectlOk('cluster-1', 'delete serviceexports.flomesh.io foo -n bar');
      await kubectlOk('cluster-1', `apply -f manifests/samples/${file}`);
    }
    await inEveryMember(async (member) => {
      const imported = await eventually(`the import in ${member}`, async () => {
        const found = await get<{status?: {clusters?: unknown}; spec: {ports: object[]}}>(
          member,
          'serviceimports.multicluster.x-k8s.io foo -n bar',
        );
        return found?.status?.clusters === undefined ? undefined : found;
      });
      expect(imported.status?.clusters).toEqual([{cluster: 'cluster-1'}]);
      expect(imported.spec.ports).toMatchObject([{port: 80}]);
    });
    const namespace = await get<Listed['items'][number]>('cluster-2', 'namespace bar');
    expect(namespace?.metadata.labels).toMatchObject({'app.kubernetes.io/managed-by': 'isthmus-hub'});
    const flomesh = await eventually('the flomesh import to be there, or not', async () => {
      const found = await kubectl('cluster-2', 'get serviceimports.flomesh.io foo -n bar');
      return (found.code === 0) === (group === 'flomesh.io') ? true : undefined;
    });
    expect(flomesh).toBe(true);
  });

  test('3: the name resolves to the gateway VIP, over UDP and TCP, with kubectl and DNS in agreement', async () => {
    await inEveryMember(async (member) => {
      const ips = await eventually(`addresses in ${member}`, async () => {
        const found = await get<{spec: {ips?: string[]}}>(member, 'serviceimports.multicluster.x-k8s.io foo -n bar');
        return found?.spec.ips;
      });
      await eventually(`an answer in ${member}`, async () =>
        (await ask(member, 'A')).answers.length > 0 ? true : undefined,
      );
      const [a, aaaa] = [await ask(member, 'A'), await ask(member, 'AAAA')];
      expect([...a.answers, ...aaaa.answers].map(({data}) => data)).toEqual(ips);
      expect(await ask(member, 'A', `nobody.bar.svc.clusterset.local`)).toMatchObject({
        rcode: 'NXDOMAIN',
        authorities: [{type: 'SOA'}],
      });
    });
  });

  if (dig === undefined) {
    test('3: dig agrees (dig is not installed; dns2 is the second opinion)', ({skip}) => skip());
  } else {
    test('3: dig agrees, over UDP and TCP', async () => {
      const {dns} = await clusterset.ports('cluster-2');
      for (const transport of ['+notcp', '+tcp']) {
        const asked = ['@127.0.0.1', '-p', String(dns?.port), transport, '+short', HOST, 'A'];
        expect((await run(dig, asked)).stdout.trim()).toMatch(/^10\.102\./);
      }
    });
  }

  test('4: a pod comes back with the sidecar and the host alias; a second pass changes nothing', async () => {
    await kubectlOk('cluster-2', 'apply -f manifests/samples/injected-pod.yaml --dry-run=client');
    await createNamespace('cluster-2', 'shop');
    await kubectlOk('cluster-2', 'label namespace shop isthmus.dev/inject=enabled');
    const pod = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {name: `client-${++clients}`, namespace: 'shop'},
      spec: {containers: [{name: 'client', image: 'example.org/client:1.0'}]},
    });
    const admitted = await eventually('an injected pod', async () => {
      const {stdout} = await kubectl('cluster-2', 'create --dry-run=server -o json -f -', pod);
      return stdout.includes(HOST) ? stdout : undefined;
    });
    await kubectlOk('cluster-2', 'create -f -', pod);
    const {spec, metadata} = JSON.parse(admitted) as {
      spec: {initContainers: object[]; hostAliases: object[]};
      metadata: {annotations: object};
    };
    expect(spec.initContainers).toMatchObject([{restartPolicy: 'Always'}]);
    expect(spec.hostAliases).toMatchObject([{hostnames: [HOST]}]);
    expect(JSON.stringify(spec.initContainers)).toContain('192.0.2.1');
    const again = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {name: 'again', namespace: 'shop', annotations: metadata.annotations},
      spec,
    });
    const second = JSON.parse(await kubectlOk('cluster-2', 'create --dry-run=server -o json -f -', again)) as {
      spec: object;
    };
    expect(second.spec).toEqual(spec);
  });

  test('5: Deny names policy and rule, Warn is printed, an exec plugin is refused, nothing is left behind', async () => {
    await createNamespace('cluster-1', 'payments');
    await kubectlOk('cluster-1', 'apply -f manifests/samples/export-policy.yaml');
    const ledger = readFileSync(join(root, 'manifests/samples', file), 'utf8')
      .split('---')
      .filter((part) => part.includes('kind: ServiceExport'))
      .join('')
      .replace('name: foo', 'name: ledger')
      .replace('namespace: bar', 'namespace: payments');
    const denied = await eventually('a refusal', async () => {
      const ended = await kubectl('cluster-1', 'apply --dry-run=server -f -', ledger);
      return ended.code === 0 ? undefined : ended.stderr;
    });
    expect(denied).toContain('payments-stay-home');
    expect(denied).toContain('nothing-else-may');
    expect(denied).toContain('ask the payments team');
    expect((await kubectl('cluster-1', 'apply -f -', ledger)).code).toBe(1);
    expect((await kubectl('cluster-1', `get ${exports} ledger -n payments`)).code).toBe(1);

    await kubectlOk(
      'cluster-1',
      'patch exportpolicy payments-stay-home --type=merge -p {"spec":{"enforcement":"Warn"}}',
    );
    const warned = await eventually('a warning', async () => {
      const ended = await kubectl('cluster-1', 'apply --dry-run=server -f -', ledger);
      return ended.code === 0 ? ended.stderr : undefined;
    });
    expect(warned).toContain('Warning:');
    expect(warned).toContain('payments-stay-home');

    const hostile = parseDocument(readFileSync(clusterset.kubeconfig('cluster-1'), 'utf8'));
    hostile.setIn(['users', 0, 'user'], {exec: {apiVersion: 'client.authentication.k8s.io/v1', command: '/bin/sh'}});
    const sample = parseDocument(readFileSync(join(root, 'manifests/samples/cluster.yaml'), 'utf8'));
    sample.setIn(['metadata', 'name'], 'hostile');
    sample.setIn(['spec', 'kubeconfig'], String(hostile));
    const refused = await kubectl('hub', 'apply -f -', String(sample));
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('exec');
    expect((await kubectl('hub', 'get cluster hostile')).code).toBe(1);
  });

  test('6: a deleted export goes at once and everywhere, its derived Service after the linger', async () => {
    // The API server of who joins late starts while this, and the next one, wait.
    late ??= addLate();
    await exportAgain();
    await kubectlOk('cluster-1', `delete ${exports} foo -n bar`);
    await inEveryMember(async (member) => {
      await eventually(`the answer to go in ${member}`, async () =>
        (await ask(member, 'A')).rcode === 'NXDOMAIN' ? true : undefined,
      );
      expect((await kubectl(member, 'get serviceimports.multicluster.x-k8s.io foo -n bar')).code).toBe(1);
      await eventually(`the derived Service to go in ${member}`, async () => {
        const list = await get<Listed>(member, 'services -n isthmus-system -l isthmus.dev/import-name=foo');
        return list?.items.length === 0 ? true : undefined;
      });
    });
  });

  test('6: a stopped API server deletes nothing anywhere; started again, its member catches up', async () => {
    const control = (path: string, body?: unknown): Promise<unknown> =>
      callControl(clusterset.dir, {method: 'POST', path: `/clusters/cluster-1/${path}`, body});
    const expectAllKept = async (): Promise<void> => {
      await inEveryMember(async (member) => {
        expect((await ask(member, 'A')).answers).toHaveLength(1);
        if (member !== 'cluster-1') await kubectlOk(member, `get serviceimports.multicluster.x-k8s.io foo -n bar`);
      });
    };
    // As a try before this one left it, where it failed half-way.
    await control('faults/clear');
    await control('start');
    await exportAgain();
    await kubectlOk('hub', 'wait --for=condition=Reachable cluster/cluster-1 --timeout=60s');
    await control('stop');
    await kubectlOk('hub', 'wait --for=condition=Reachable=False cluster/cluster-1 --timeout=60s');
    await expectAllKept();
    // Back again, but with its history lost and its lists failing: the hub has to list, and must be seen to fail at it.
    await control('faults', {match: {verb: 'watch', resource: 'serviceexports'}, fault: {kind: 'gone'}});
    await control('faults', {match: {verb: 'list', resource: 'serviceexports'}, fault: {kind: 'status', code: 503}});
    await control('start');
    await eventually('failed lists of cluster-1 in the metrics', async () => {
      const {health} = await clusterset.ports('hub');
      const text = await (await fetch(`http://127.0.0.1:${health?.port}/metrics`)).text();
      const lines = text
        .split('\n')
        .filter((one) => /^isthmus_hub_list_failures_total\{.*cluster="cluster-1"/.test(one));
      return lines.some((line) => Number(line.split(' ').at(-1)) > 0) ? true : undefined;
    });
    await expectAllKept();
    await control('faults/clear');
    await kubectlOk('hub', 'wait --for=condition=Reachable cluster/cluster-1 --timeout=60s');
    await kubectlOk('cluster-1', `delete ${exports} foo -n bar`);
    await eventually('cluster-2 to catch up', async () =>
      (await ask('cluster-2', 'A')).rcode === 'NXDOMAIN' ? true : undefined,
    );
  });

  test('6: a member that joins late gets everything', async () => {
    await exportAgain();
    const failure = await (late ??= addLate());
    if (failure !== undefined) late = undefined;
    expect(failure, 'one more API server').toBeUndefined();
    await clusterset.ports('cluster-4');
    // A try before this one may have made it one.
    const isMember = (await kubectl('hub', 'get cluster cluster-4')).code === 0;
    if (!isMember) expect((await ask('cluster-4', 'A')).answers, 'before it is a member').toEqual([]);
    await register('cluster-4');
    await kubectlOk('hub', 'wait --for=condition=Synced cluster/cluster-4 --timeout=60s');
    await eventually('an answer in cluster-4', async () =>
      (await ask('cluster-4', 'A')).answers.length > 0 ? true : undefined,
    );
    const list = await eventually('RemoteClusters in cluster-4', async () => {
      const found = await get<Listed>('cluster-4', 'remoteclusters');
      return found?.items.length === MEMBERS.length + 1 ? found : undefined;
    });
    expect(list.items.map(({metadata}) => metadata.name)).toContain('cluster-4');
  });
});
