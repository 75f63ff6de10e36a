import {spawnSync} from 'node:child_process';

import {beforeEach, describe, expect, test, vi} from 'vitest';

import type {PooledCluster} from './cluster-pool.ts';
import {ClusterPool} from './cluster-pool.ts';

type Step = 'start' | 'restart' | 'restore' | 'close';

/** What happened, in order; `failing` names what is to fail next, once each. */
let log: string[];
let failing: string[];
let pool: ClusterPool;

async function step(name: string, what: Step): Promise<void> {
  log.push(`${what} ${name}`);
  await Promise.resolve();
  const at = failing.indexOf(what);
  if (at < 0) return;
  failing.splice(at, 1);
  throw new Error(`${what} fails`);
}

async function startPlayed(name: string, index: number): Promise<PooledCluster> {
  await step(name, 'start');
  return {
    info: {port: 1_000 + index, ca: '', cert: '', key: '', token: name},
    stop: () => Promise.resolve(),
    start: () => step(name, 'restart'),
    restore: () => step(name, 'restore'),
    close: () => step(name, 'close'),
  };
}

/** Its token is its name. */
const lease = async (index: number, pid = process.pid): Promise<string> => (await pool.lease(index, pid)).token;

beforeEach(() => {
  log = [];
  failing = [];
  pool = new ClusterPool({start: startPlayed, compact: () => Promise.resolve(7), close: () => Promise.resolve()});
});

describe('a pool of clusters', () => {
  test('keeps one for each index, and puts it back between two who have it', async () => {
    expect([await lease(0), await lease(1)]).toEqual(['slot-0-1', 'slot-1-2']);
    await pool.giveBack(0);
    expect(await lease(0)).toBe('slot-0-1');
    expect(log).toEqual(['start slot-0-1', 'start slot-1-2', 'restart slot-0-1', 'restore slot-0-1']);
  });

  test('gives it to one at a time, in the order they asked', async () => {
    await lease(0);
    const got: number[] = [];
    const waiting = [1, 2].map((who) => lease(0).then(() => got.push(who)));
    expect(got).toEqual([]);
    await pool.giveBack(0);
    await waiting[0];
    expect(got).toEqual([1]);
    await pool.giveBack(0);
    await waiting[1];
    expect(got).toEqual([1, 2]);
  });

  test('one that can not be started fails its own lease only: the next, also one that waits, has a new one under another name', async () => {
    failing = ['start'];
    const [first, second] = [lease(0), lease(0)];
    await expect(first).rejects.toThrow('start fails');
    expect(await second).toBe('slot-0-2');
    await pool.giveBack(0);
    expect(await lease(0)).toBe('slot-0-2');
  });

  test.each<{what: string; failures: Step[]}>([
    {what: 'be started again', failures: ['restart']},
    {what: 'be put back', failures: ['restore']},
    {what: 'even be closed', failures: ['restore', 'close']},
  ])('one that can not $what is closed and given up, which is said; who waits has a new one', async ({failures}) => {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      await lease(0);
      const waiting = lease(0);
      failing = [...failures];
      await pool.giveBack(0);
      expect(await waiting).toBe('slot-0-2');
      expect(log.filter((line) => line.startsWith('close'))).toEqual(['close slot-0-1']);
      expect(said).toHaveBeenCalledWith(
        expect.stringContaining(`cluster 0 of the pool can't be put back: ${failures[0]} fails`),
      );
    } finally {
      said.mockRestore();
    }
  });

  test('a second return changes nothing, and what nobody has is not stopped', async () => {
    await lease(0);
    await pool.giveBack(0);
    await pool.giveBack(0);
    expect(log).toEqual(['start slot-0-1', 'restart slot-0-1', 'restore slot-0-1']);
    await expect(pool.stop(0)).rejects.toThrow('nobody has cluster 0');
  });

  test('who ended without returning it has it no longer', async () => {
    const {pid} = spawnSync(process.execPath, ['-e', '']);
    await lease(0, pid);
    expect(await lease(0)).toBe('slot-0-1');
    expect(log).toContain('restore slot-0-1');
  });
});
