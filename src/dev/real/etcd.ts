import {randomUUID} from 'node:crypto';
import {join} from 'node:path';

import {IsthmusError} from '../../errors.ts';
import {isPortTaken, PORT_TRIES, reservePort} from './free-port.ts';
import {usablePart} from './part-cache.ts';
import type {KeptProcess, ProcessKeeper} from './process-keeper.ts';
import {until} from './until.ts';

const START_MS = 20_000;

/** One etcd for all clusters of a testbed; each has a key prefix of its own. */
export interface Etcd {
  readonly url: string;
  readonly process: KeptProcess;
  /**
   * Forgets every revision but the newest: watches and lists from older ones get 410 from API servers that have to ask etcd.
   * @returns the revision, which is the resourceVersion that all clusters have reached together
   */
  compact(): Promise<number>;
}

/** @param reserve - of a port; where somebody takes it before etcd does, another one is tried */
export async function startEtcd(keeper: ProcessKeeper, dir: string, reserve = reservePort): Promise<Etcd> {
  for (let tried = 1; ; tried++) {
    const reserved = await reserve();
    const url = `http://127.0.0.1:${reserved.port}`;
    await reserved.release();
    try {
      return await startAt(url, keeper, dir);
    } catch (error) {
      if (!isPortTaken(error) || tried === PORT_TRIES) throw error;
    }
  }
}

async function startAt(url: string, keeper: ProcessKeeper, dir: string): Promise<Etcd> {
  const name = randomUUID();
  const kept = keeper.start('etcd', await usablePart('etcd'), [
    `--name=${name}`,
    `--data-dir=${join(dir, 'etcd')}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    // It has no peers; any free port will do.
    '--listen-peer-urls=http://127.0.0.1:0',
    '--unsafe-no-fsync',
    // A whole cluster may be put back as it was in one transaction.
    '--max-txn-ops=100000',
    '--max-request-bytes=33554432',
    '--log-level=error',
  ]);
  await until('etcd', () => isHealthy(kept, {url, name}), {deadlineMs: START_MS, why: () => kept.logTail()});
  return {
    url,
    process: kept,
    compact: async () => {
      const revision = await currentRevision(url);
      await callEtcd(url, 'kv/compaction', {revision: String(revision), physical: true});
      return revision;
    },
  };
}

/** Healthy, and the one that was started: where another testbed was quicker, its etcd answers until ours has ended. */
async function isHealthy(kept: KeptProcess, {url, name}: {url: string; name: string}): Promise<boolean> {
  if (!kept.running) throw new IsthmusError('ISTHMUS_DEV_CLUSTER', `etcd ended:\n${kept.logTail()}`);
  try {
    if (!(await fetch(`${url}/health`)).ok) return false;
    const {members = []} = (await callEtcd(url, 'cluster/member/list', {})) as {members?: readonly {name?: string}[]};
    return members.some((member) => member.name === name);
  } catch {
    // Not listening yet; the deadline of the caller is what ends this.
    return false;
  }
}

async function currentRevision(url: string): Promise<number> {
  const key = Buffer.from('/').toString('base64');
  const answer = (await callEtcd(url, 'kv/range', {key})) as {header: {revision: string}};
  return Number(answer.header.revision);
}

/** etcd's gRPC gateway: JSON over HTTP, keys in base64, 64-bit numbers as text. */
export async function callEtcd(url: string, path: string, body: object): Promise<unknown> {
  const answer = await fetch(`${url}/v3/${path}`, {method: 'POST', body: JSON.stringify(body)});
  if (!answer.ok)
    throw new IsthmusError(
      'ISTHMUS_DEV_CLUSTER',
      `etcd answered ${path} with ${answer.status}: ${await answer.text()}`,
    );
  return answer.json();
}
