import {readdirSync} from 'node:fs';
import {tmpdir} from 'node:os';

import {describe, expect, test} from 'vitest';

import {BREAKS} from '../../cli/tour/break-names.ts';
import {join} from 'node:path';
import {chosenBackend} from '../testbed/backends.ts';
import {root, run} from './os-processes.ts';

const {devFlags, name: backend} = chosenBackend();
/** Of the steps that come before the spoiled one; a machine may stand still for seconds. */
const PATIENT = ['--members', '2', '--deadline', '40s', '--break-deadline', '3s'];
/** What the API server itself has to notice. The others stop a part of ours, which fails the same step on either. */
const OF_API_SERVERS: readonly string[] = ['wrong-ca-bundle', 'webhook-stopped', 'import-kept'];
const broken = Object.entries(BREAKS).filter(([name]) => backend !== 'real' || OF_API_SERVERS.includes(name));

function tour(...more: readonly string[]): ReturnType<typeof run> {
  return run(process.execPath, [join(root, 'cli/main.ts'), 'dev', ...devFlags, '--once', ...more]);
}

describe('npm start -- --once', () => {
  test.each(['flomesh.io', 'multicluster.x-k8s.io'])(
    'walks all six steps with an export of %s and leaves nothing',
    async (group) => {
      const before = leftovers();
      const {code, stdout, stderr} = await tour('--export-group', group);
      expect({code, stderr, summary: stdout.split('\n').at(-2)}).toMatchObject({
        code: 0,
        stderr: '',
        summary: expect.stringContaining('6 of 6'),
      });
      expect(leftovers()).toEqual(before);
    },
  );

  test.each(broken)('--break=%s fails, and names its step', async (name, {step}) => {
    const {code, stdout} = await tour('--break', name, ...PATIENT);
    expect(code).toBe(1);
    expect(stdout).toMatch(new RegExp(`^step ${step} \\(.*\\) failed: `, 'm'));
  });
});

/** Folders of earlier runs under the system's temporary folder. */
function leftovers(): string[] {
  return readdirSync(tmpdir()).filter((name) => /^isthmus-\w{6}$/.test(name));
}
