import {createHash} from 'node:crypto';
import {mkdtemp, open, readdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {afterEach, beforeEach, describe, expect, test} from 'vitest';

import {findPart, keepPart, missingForClusters, testbedDir, usablePart} from '../../../src/dev/real/part-cache.ts';
import {partNamed} from '../../../src/dev/real/parts.ts';

let dir: string;
const etcd = partNamed('etcd');

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'isthmus-parts-'));
});

afterEach(() => rm(dir, {recursive: true, force: true}));

async function keep(version = etcd.version): Promise<void> {
  const file = join(dir, 'built');
  await writeFile(file, 'a binary');
  await keepPart({...etcd, version}, file, {dir, tookMs: 1});
}

describe('the cache of testbed parts', () => {
  test('lies outside of the checkout unless ISTHMUS_TESTBED_DIR says where', () => {
    expect(testbedDir({})).not.toContain(process.cwd());
    expect(testbedDir({ISTHMUS_TESTBED_DIR: '/somewhere'})).toBe('/somewhere');
  });

  test('finds what was kept, with its checksum', async () => {
    await keep();
    expect(await findPart(etcd, dir, {})).toMatchObject({
      kind: 'cached',
      path: join(dir, 'bin/etcd'),
      installed: {bytes: 8, sha256: createHash('sha256').update('a binary').digest('hex')},
    });
  });

  test('a binary without its record was interrupted and does not count', async () => {
    await keep();
    await rm(join(dir, 'bin/etcd.json'));
    expect(await findPart(etcd, dir, {})).toMatchObject({kind: 'absent'});
  });

  test.each([
    {what: 'cut off', record: '{"version": "3.6'},
    {what: 'empty', record: ''},
    {what: 'of something else', record: '{"version": 3}'},
    {what: 'null', record: 'null'},
  ])('a record that is $what counts as none, which is said, and is written anew', async ({record}) => {
    await keep();
    const file = join(dir, 'bin/etcd.json');
    await writeFile(file, record);
    expect(await findPart(etcd, dir, {})).toEqual({
      kind: 'absent',
      reason: `etcd counts as not installed: ${file} is no record of it`,
    });
    await expect(usablePart('etcd', dir, {})).rejects.toThrow('npm run testbed:install');
    await keep();
    expect(await findPart(etcd, dir, {})).toMatchObject({kind: 'cached'});
  });

  test('a record is there as a whole or not at all: it is renamed into place, and nothing else is left', async () => {
    await keep();
    const before = await open(join(dir, 'bin/etcd.json'));
    try {
      await keep('0.0.1');
      // The file that was there has not been written to: whoever reads it meanwhile reads all of it.
      expect(JSON.parse(await before.readFile('utf8'))).toMatchObject({version: etcd.version});
    } finally {
      await before.close();
    }
    expect((await readdir(join(dir, 'bin'))).toSorted()).toEqual(['etcd', 'etcd.json']);
  });

  test('another version than the pinned one does not count', async () => {
    await keep('0.0.1');
    expect(await findPart(etcd, dir, {})).toEqual({
      kind: 'absent',
      reason: `etcd is 0.0.1, wanted is ${etcd.version}`,
    });
  });

  test('a changed binary is not run', async () => {
    await keep();
    await writeFile(join(dir, 'bin/etcd'), 'something else');
    await expect(usablePart('etcd', dir, {})).rejects.toThrow('is not what was installed');
  });

  test("the user's own part is used, whatever is cached", async () => {
    await keep();
    await writeFile(join(dir, 'etcd'), '');
    const own = {kind: 'own', path: join(dir, 'etcd'), variable: 'KUBEBUILDER_ASSETS'};
    expect(await findPart(etcd, dir, {KUBEBUILDER_ASSETS: dir})).toEqual(own);
  });

  test('a folder that lacks one part is no reason to refuse the cached one', async () => {
    await keep();
    expect(await findPart(etcd, dir, {KUBEBUILDER_ASSETS: join(dir, 'empty')})).toMatchObject({kind: 'cached'});
  });

  test('a variable that names a file which is not there is an error of the user, not ignored', async () => {
    const found = await findPart(partNamed('envoy'), dir, {ENVOY: join(dir, 'nothing')});
    expect(found).toEqual({kind: 'absent', reason: `ENVOY names ${join(dir, 'nothing')}, where nothing is`});
  });

  test('what is missing for clusters is named, with the way to get it', async () => {
    const missing = await missingForClusters(dir, {});
    expect(missing).toContain('kube-apiserver is not installed');
    expect(missing).toContain('npm run testbed:install');
    expect(missing).not.toContain('envoy');
  });
});
