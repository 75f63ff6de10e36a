import {once} from 'node:events';
import {existsSync, readFileSync, readdirSync} from 'node:fs';
import {mkdtemp, rm} from 'node:fs/promises';
import type {AddressInfo} from 'node:net';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, test} from 'vitest';

import {chosenBackend} from '../testbed/backends.ts';
import {IsthmusProcess, eventually, root, run} from './os-processes.ts';

const {devFlags} = chosenBackend();
/** Real API servers take seconds to start. */
const READY_MS = 90_000;
let dir: string;
const started: IsthmusProcess[] = [];

function isthmus(...args: readonly string[]): ReturnType<typeof run> {
  return run(process.execPath, [join(root, 'cli/main.ts'), ...args]);
}

function start(...args: readonly string[]): IsthmusProcess {
  const one = new IsthmusProcess(args.join(' '), args);
  started.push(one);
  return one;
}

/** On the API servers of this run's backend. */
function startDev(...args: readonly string[]): IsthmusProcess {
  return start('dev', ...devFlags, ...args);
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'isthmus-e2e-'));
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.stop()));
  await rm(dir, {recursive: true, force: true});
});

describe('the command line', () => {
  const wrong = [
    {name: 'a command that does not exist', args: ['fly'], says: "unknown command 'fly'"},
    {name: 'an agent without its cluster id', args: ['agent'], says: '--cluster-id'},
    {
      name: 'a cluster id that is no DNS label',
      args: ['agent', '--cluster-id', 'Cluster_A', '--kubeconfig', 'x'],
      says: 'DNS label',
    },
    {name: 'a port that is none', args: ['agent', '--cluster-id', 'a', '--dns-listen', 'localhost'], says: 'HOST:PORT'},
    {
      name: 'a DNS zone that is no name',
      args: ['agent', '--cluster-id', 'a', '--dns-zone', 'bad..zone'],
      says: "'--dns-zone <name>' argument 'bad..zone' is invalid. expected a domain name",
    },
    {
      name: 'a query over TLS without a server',
      args: ['dns', 'query', 'a.b', '--tls'],
      says: '--tls needs --server or --ports-file',
    },
    {
      name: 'a clusterset id that is no label',
      args: ['hub', '--clusterset-id', 'Bad Id'],
      says: "'--clusterset-id <id>' argument 'Bad Id' is invalid. expected a DNS label",
    },
    {
      name: 'a folder that is a file',
      args: ['dev', '--only-apis', '--dir', '/etc/passwd'],
      says: '--dir /etc/passwd is not a folder: name one',
    },
    {name: 'a duration without unit', args: ['hub', '--unreachable-after', '10'], says: '10s'},
    {
      name: 'a webhook URL that no API server would call',
      args: ['hub', '--webhook-url', 'http://x'],
      says: 'https URL',
    },
    {name: 'an output format that is none', args: ['explain', 'x', '-n', 'y', '-o', 'yaml'], says: 'text, json'},
    {name: 'join without the kubeconfig of the cluster', args: ['join', 'a'], says: '--member-kubeconfig'},
    {
      name: 'pod ranges that are none',
      args: ['join', 'a', '--member-kubeconfig', 'x', '--pod-cidrs', '10.1.0.0'],
      says: '"10.1.0.0" is not a range',
    },
    {name: 'a drain over no duration', args: ['drain', 'a', '--over', '10'], says: '10s'},
    {name: 'status with no hub named', args: ['status'], says: '--hub-kubeconfig FILE'},
    {name: 'no cluster named outside of a pod', args: ['hub'], says: '--kubeconfig FILE'},
    {name: '--once with --only-apis', args: ['dev', '--once', '--only-apis'], says: '--only-apis runs no steps'},
  ];
  test.each(wrong)('$name: exit code 2 and a sentence', async ({args, says}) => {
    const {code, stderr} = await isthmus(...args);
    expect({code, stderr}).toEqual({code: 2, stderr: expect.stringContaining(says)});
  });

  test('a kubeconfig that is not there is named', async () => {
    const {code, stderr} = await isthmus('hub', '--kubeconfig', join(dir, 'nothing'));
    expect({code, stderr}).toEqual({code: 1, stderr: expect.stringContaining(join(dir, 'nothing'))});
  });

  test('version names Isthmus and Node', async () => {
    expect((await isthmus('version')).stdout).toMatch(/^isthmus \d+\.\d+\.\d+ \(node v2[4-9]\./);
  });
});

describe('a start that fails half-way ends the process and says which flag is to blame', () => {
  let apis: IsthmusProcess;
  let of: string;

  // What fails half-way leaves nothing in them.
  beforeAll(async () => {
    of = await mkdtemp(join(tmpdir(), 'isthmus-e2e-'));
    apis = new IsthmusProcess('apis', ['dev', ...devFlags, '--only-apis', '--dir', of, '--members', '1']);
    await apis.untilPrinted('ready', READY_MS);
  });
  afterAll(async () => {
    await apis.stop();
    await rm(of, {recursive: true, force: true});
  });

  test.each([
    {flag: '--webhook-listen', command: 'agent'},
    {flag: '--health-listen', command: 'agent'},
    {flag: '--webhook-listen', command: 'hub'},
    {flag: '--health-listen', command: 'hub'},
  ])('$command $flag on a port that is taken', async ({flag, command}) => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const {port} = taken.address() as AddressInfo;
    const listens = {'--webhook-listen': '127.0.0.1:0', '--health-listen': '127.0.0.1:0', [flag]: `127.0.0.1:${port}`};
    const cluster = command === 'hub' ? 'hub' : 'cluster-1';
    const own = command === 'hub' ? [] : ['--cluster-id', cluster, '--dns-listen', '127.0.0.1:0'];
    const kubeconfig = join(of, `${cluster}.kubeconfig`);
    const ended = await isthmus(
      command,
      ...own,
      '--kubeconfig',
      kubeconfig,
      '--development',
      ...Object.entries(listens).flat(),
    );
    taken.close();
    expect(ended).toMatchObject({code: 2, stderr: expect.stringContaining(`${flag} 127.0.0.1:${port} can't be used`)});
  });

  test('agent --dns-listen on a port that is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const {port} = taken.address() as AddressInfo;
    const kubeconfig = join(of, 'cluster-1.kubeconfig');
    const flags = ['--kubeconfig', kubeconfig, '--development', '--dns-listen', `127.0.0.1:${port}`];
    const ended = await isthmus('agent', '--cluster-id', 'cluster-1', ...flags);
    taken.close();
    expect(ended).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`EADDRINUSE: address already in use 127.0.0.1:${port}`),
    });
  });

  test('a ports file that can not be written', async () => {
    const listens = [
      '--webhook-listen',
      '127.0.0.1:0',
      '--health-listen',
      '127.0.0.1:0',
      '--ports-file',
      join(dir, 'no/where'),
    ];
    const ended = await isthmus('hub', '--kubeconfig', join(of, 'hub.kubeconfig'), '--development', ...listens);
    expect(ended).toMatchObject({code: 2, stderr: expect.stringContaining('--ports-file')});
  });
});

test('an agent whose API server is away is alive, not ready, and ends when it is told to', async () => {
  const apis = startDev('--only-apis', '--dir', dir, '--members', '1');
  await apis.untilPrinted('ready', READY_MS);
  expect(await isthmus('dev', 'stop', 'cluster-1', '--dir', dir)).toMatchObject({code: 0});
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const {port} = taken.address() as AddressInfo;
  taken.close();
  await once(taken, 'close');
  const flags = [
    '--cluster-id',
    'cluster-1',
    '--kubeconfig',
    join(dir, 'cluster-1.kubeconfig'),
    '--development',
    '--no-probe-gateways',
  ];
  const listens = [
    '--dns-listen',
    '127.0.0.1:0',
    '--webhook-listen',
    '127.0.0.1:0',
    '--health-listen',
    `127.0.0.1:${port}`,
  ];
  const agent = start('agent', ...flags, ...listens);
  const status = (path: string): Promise<number | undefined> =>
    fetch(`http://127.0.0.1:${port}${path}`).then(
      (answer) => answer.status,
      () => undefined,
    );
  expect(await eventually('/healthz', () => status('/healthz'))).toBe(200);
  expect(await status('/readyz')).toBe(503);
  expect(await agent.stop()).toBe(0);
});

describe('isthmus dev', () => {
  test('a folder is one run’s: a second one is refused and harms nothing; what a killed one left is taken over', async () => {
    const first = startDev('--only-apis', '--dir', dir, '--members', '1');
    await first.untilPrinted('ready', READY_MS);
    const kubeconfig = readFileSync(join(dir, 'hub.kubeconfig'), 'utf8');
    expect(await isthmus('dev', ...devFlags, '--only-apis', '--dir', dir)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('choose another --dir'),
    });
    expect(readFileSync(join(dir, 'hub.kubeconfig'), 'utf8')).toBe(kubeconfig);
    process.kill(first.pid ?? 0, 'SIGKILL');
    await first.stop();
    expect(existsSync(join(dir, 'control.sock'))).toBe(true);
    const next = startDev('--only-apis', '--dir', dir, '--members', '1');
    await next.untilPrinted('ready', READY_MS);
    expect(await next.stop()).toBe(0);
    expect(readdirSync(dir)).toEqual([]);
  });

  test('one member alone can show all steps', async () => {
    expect((await isthmus('dev', ...devFlags, '--once', '--members', '1')).stdout).toContain('6 of 6');
  });

  test('--only-apis serves until SIGTERM, then leaves no file behind', async () => {
    const apis = startDev('--only-apis', '--dir', join(dir, 'set'), '--members', '1');
    await apis.untilPrinted('ready', READY_MS);
    expect(readdirSync(join(dir, 'set'))).toEqual(
      expect.arrayContaining(['cluster-1.kubeconfig', 'control.sock', 'hub.kubeconfig']),
    );
    expect(await apis.stop()).toBe(0);
    expect(existsSync(join(dir, 'set'))).toBe(false);
  });

  test('stop and start take an API server away and back', async () => {
    const apis = startDev('--only-apis', '--dir', dir, '--members', '1');
    await apis.untilPrinted('ready', READY_MS);
    const version = (): ReturnType<typeof run> =>
      isthmus('explain', 'foo', '-n', 'bar', '--kubeconfig', join(dir, 'cluster-1.kubeconfig'));
    expect((await version()).stdout).toContain('no Cluster is registered');
    expect((await isthmus('dev', 'stop', 'cluster-1', '--dir', dir)).stdout).toBe('cluster-1: stopped\n');
    expect((await version()).stderr).toContain('could not be reached');
    expect((await isthmus('dev', 'start', 'cluster-1', '--dir', dir)).code).toBe(0);
    expect((await version()).stdout).toContain('no Cluster is registered');
    expect(await isthmus('dev', 'stop', 'cluster-9', '--dir', dir)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there are hub, cluster-1'),
    });
  });

  test('an interrupt in the middle of the steps ends everything and removes its folder', async () => {
    const dev = startDev('--dir', join(dir, 'set'));
    await dev.untilPrinted('2  a Service is exported', READY_MS);
    process.kill(dev.pid ?? 0, 'SIGINT');
    await eventually('the folder to go', () => Promise.resolve(existsSync(join(dir, 'set')) ? undefined : true));
    expect(await dev.stop()).toBe(130);
  });

  test('explain prints the verdict of merge, and that a silent member is unknown', async () => {
    const dev = startDev('--dir', dir);
    await dev.untilPrinted('It stays up until Ctrl-C', READY_MS);
    const explain = (): ReturnType<typeof run> =>
      isthmus('explain', 'foo', '-n', 'bar', '--kubeconfig', join(dir, 'hub.kubeconfig'), '--development');
    const {code, stdout} = await explain();
    expect({code, stdout}).toEqual({code: 0, stdout: expect.stringContaining('cluster-1')});
    expect(await isthmus('dev', 'stop', 'cluster-2', '--dir', dir)).toMatchObject({code: 0});
    expect((await explain()).stdout).toContain('unknown cluster-2');
    expect(await dev.stop()).toBe(0);
  });
});
