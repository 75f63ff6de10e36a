import {mkdtemp, readdir, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {afterEach, beforeEach, describe, expect, test} from 'vitest';

import {BREAKS} from '../../cli/tour/break-names.ts';
import {chosenBackend} from '../testbed/backends.ts';
import {root, run} from './os-processes.ts';

const {devFlags, name: backend} = chosenBackend();
/** Of the steps that come before the spoiled one; a machine may stand still for seconds. */
const PATIENT = ['--members', '2', '--deadline', '40s', '--break-deadline', '3s'];
/** What the API server itself has to notice. The others stop a part of ours, which fails the same step on either. */
const OF_API_SERVERS: readonly string[] = ['wrong-ca-bundle', 'webhook-stopped', 'import-kept'];
const broken = Object.entries(BREAKS).filter(([name]) => backend !== 'real' || OF_API_SERVERS.includes(name));

/** The temporary folder of the run: what is in the system's may be anybody's. */
let scratch: string;

function tour(...more: readonly string[]): ReturnType<typeof run> {
  const args = [join(root, 'cli/main.ts'), 'dev', ...devFlags, '--once', ...more];
  return run(process.execPath, args, {env: {TMPDIR: scratch}});
}

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'isthmus-e2e-'));
});

afterEach(() => rm(scratch, {recursive: true, force: true, maxRetries: 5}));

describe('npm start -- --once', () => {
  test.each(['flomesh.io', 'multicluster.x-k8s.io'])(
    'walks all six steps with an export of %s and leaves nothing',
    async (group) => {
      const {code, stdout, stderr} = await tour('--export-group', group, '--deadline', '40s');
      expect({code, stderr, summary: stdout.split('\n').at(-2)}).toMatchObject({
        code: 0,
        stderr: '',
        summary: expect.stringContaining('6 of 6'),
      });
      expect(await leftovers()).toEqual([]);
    },
  );

  test.each(broken)('--break=%s fails, and names its step', async (name, {step}) => {
    const {code, stdout} = await tour('--break', name, ...PATIENT);
    expect(code).toBe(1);
    expect(stdout).toMatch(new RegExp(`^step ${step} \\(.*\\) failed: `, 'm'));
  });
});

/** Of its own folders; those of real API servers are removed by a watchdog, a moment after the end. */
async function leftovers(): Promise<readonly string[]> {
  return (await readdir(scratch)).filter((name) => /^isthmus-\w{6}$/.test(name));
}
