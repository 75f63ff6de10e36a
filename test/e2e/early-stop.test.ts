import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync} from 'node:fs';
import {chmod, mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {afterEach, beforeEach, expect, onTestFinished, test} from 'vitest';

import {killById} from '../../src/dev/real/kill-by-id.ts';
import {eventually} from '../tools/eventually.ts';
import {root} from './os-processes.ts';

/** Parts of a testbed that never come up: etcd writes its id and then says nothing. */
const ETCD = '#!/bin/sh\necho $$ > "$PLAYED_ETCD"\nexec sleep 120\n';
const PARTS = ['etcd', 'kube-apiserver', 'kube-controller-manager'];
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'isthmus-e2e-'));
  await mkdir(join(dir, 'parts'));
  for (const part of PARTS) {
    await writeFile(join(dir, 'parts', part), ETCD);
    await chmod(join(dir, 'parts', part), 0o755);
  }
});

afterEach(() => rm(dir, {recursive: true, force: true}));

test.each([
  {name: 'isthmus dev', flags: []},
  {name: 'isthmus dev --only-apis', flags: ['--only-apis']},
])('$name is ended by Ctrl-C also while it starts, with all that it started', async ({flags}) => {
  const [etcdId, folder] = [join(dir, 'etcd.pid'), join(dir, 'kubeconfigs')];
  const env = {...process.env, KUBEBUILDER_ASSETS: join(dir, 'parts'), PLAYED_ETCD: etcdId};
  const child = spawn(process.execPath, ['cli/main.ts', 'dev', '--real', '--dir', folder, ...flags], {
    ...{cwd: root, env},
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  // Also where the time of the test is over.
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  const etcd = await eventually(
    'a part that starts',
    async () => (existsSync(etcdId) ? Number(await readFile(etcdId, 'utf8')) || undefined : undefined),
    60_000,
  );
  child.kill('SIGINT');
  expect(await exited).toEqual([130, null]);
  await eventually('the part to end', () => !killById(etcd, 0));
});
