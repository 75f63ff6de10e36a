import {execFile} from 'node:child_process';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {afterEach, beforeEach, describe, expect, test} from 'vitest';

const SCRIPT = join(import.meta.dirname, 'install-testbed.ts');
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'isthmus-install-'));
});

afterEach(() => rm(dir, {recursive: true, force: true}));

/** With a PATH on which there is neither Go, pip nor npm. */
function install(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<{code: number; stdout: string}> {
  const options = {env: {HOME: dir, PATH: dir, ISTHMUS_TESTBED_DIR: join(dir, 'cache'), ...env}};
  return new Promise((settle) => {
    execFile(process.execPath, [SCRIPT, ...args], options, (error, stdout) => {
      settle({code: error === null ? 0 : Number(error.code), stdout});
    });
  });
}

describe('installing the testbed', () => {
  test('without Go, pip and npm skips every part, says what is lost and how to get it, and is no failure', async () => {
    const {code, stdout} = await install([]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /kube-apiserver .*: skipped, go is not on the PATH \(no real clusters\)\. To have it: get Go/,
    );
    expect(stdout).toMatch(/envoy .*: skipped, pip is not on the PATH \(no suites with envoy\)\. .*set ENVOY/);
    expect(stdout.trimEnd()).toMatch(/0 there, 0 installed, 6 skipped, 0 failed$/);
  });

  test("uses the user's own parts instead of building them", async () => {
    for (const name of ['etcd', 'kube-apiserver', 'envoy']) await writeFile(join(dir, name), '');
    const env = {KUBEBUILDER_ASSETS: dir, ENVOY: join(dir, 'envoy')};
    const {stdout} = await install(['etcd', 'kube-apiserver', 'envoy'], env);
    expect(stdout).toContain(`envoy: yours, ${join(dir, 'envoy')} (ENVOY)`);
    expect(stdout.trimEnd()).toMatch(/3 there, 0 installed, 0 skipped, 0 failed$/);
  });

  test('a failing build is told with what it said, and fails', async () => {
    await writeFile(join(dir, 'go'), '#!/bin/sh\necho no such module >&2\nexit 3\n', {mode: 0o755});
    const {code, stdout} = await install(['coredns'], {PATH: `${dir}:/usr/bin:/bin`});
    expect(code).toBe(1);
    expect(stdout).toContain('no such module');
    expect(stdout.trimEnd()).toMatch(/1 failed$/);
  });

  test('a name that is no part is a usage error that lists the parts', async () => {
    const {code, stdout} = await install(['kubelet']);
    expect(code).toBe(2);
    expect(stdout).toContain('kube-controller-manager');
  });
});
