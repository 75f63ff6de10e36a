import {existsSync, readdirSync} from 'node:fs';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {afterEach, beforeEach, describe, expect, test} from 'vitest';

import {IsthmusProcess, eventually, root, run} from './os-processes.ts';

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
    {name: 'a duration without unit', args: ['hub', '--unreachable-after', '10'], says: '10s'},
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

describe('isthmus dev', () => {
  test('--only-apis serves until SIGTERM, then leaves no file behind', async () => {
    const apis = start('dev', '--only-apis', '--dir', join(dir, 'set'), '--members', '1');
    await apis.untilPrinted('ready');
    expect(readdirSync(join(dir, 'set')).toSorted()).toEqual([
      'cluster-1.kubeconfig',
      'control.sock',
      'hub.kubeconfig',
    ]);
    expect(await apis.stop()).toBe(0);
    expect(existsSync(join(dir, 'set'))).toBe(false);
  });

  test('stop and start take an API server away and back', async () => {
    const apis = start('dev', '--only-apis', '--dir', dir, '--members', '1');
    await apis.untilPrinted('ready');
    const version = (): ReturnType<typeof run> =>
      isthmus('explain', 'foo', '-n', 'bar', '--kubeconfig', join(dir, 'cluster-1.kubeconfig'));
    expect((await version()).stdout).toContain('no member');
    expect((await isthmus('dev', 'stop', 'cluster-1', '--dir', dir)).stdout).toBe('cluster-1: stopped\n');
    expect((await version()).stderr).toContain('could not be reached');
    expect((await isthmus('dev', 'start', 'cluster-1', '--dir', dir)).code).toBe(0);
    expect((await version()).stdout).toContain('no member');
    expect(await isthmus('dev', 'stop', 'cluster-9', '--dir', dir)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there are hub, cluster-1'),
    });
  });

  test('an interrupt in the middle of the steps ends everything and removes its folder', async () => {
    const dev = start('dev', '--dir', join(dir, 'set'));
    await dev.untilPrinted('2  a Service is exported');
    process.kill(dev.pid ?? 0, 'SIGINT');
    await eventually('the folder to go', () => Promise.resolve(existsSync(join(dir, 'set')) ? undefined : true));
    expect(await dev.stop()).toBe(130);
  });

  test('explain prints the verdict of merge, and that a silent member is unknown', async () => {
    const dev = start('dev', '--dir', dir);
    await dev.untilPrinted('It stays up until Ctrl-C');
    const explain = (): ReturnType<typeof run> =>
      isthmus('explain', 'foo', '-n', 'bar', '--kubeconfig', join(dir, 'hub.kubeconfig'), '--development');
    const {code, stdout} = await explain();
    expect({code, stdout}).toEqual({code: 0, stdout: expect.stringContaining('cluster-1')});
    expect(await isthmus('dev', 'stop', 'cluster-2', '--dir', dir)).toMatchObject({code: 0});
    expect((await explain()).stdout).toContain('unknown cluster-2');
    expect(await dev.stop()).toBe(0);
  });
});
