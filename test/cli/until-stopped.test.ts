import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';

import {expect, onTestFinished, test} from 'vitest';

const MODULE = join(import.meta.dirname, '../../cli/until-stopped.ts');
/** Its shutdown hangs. */
const SCRIPT = `
  const {untilStopped} = await import(${JSON.stringify(MODULE)});
  setInterval(() => undefined, 60_000);
  void untilStopped().then((signal) => console.log(signal));
  console.log('ready');
`;

test.each([
  {first: 'SIGINT', second: 'SIGINT'},
  {first: 'SIGINT', second: 'SIGTERM'},
  {first: 'SIGTERM', second: 'SIGINT'},
  {first: 'SIGTERM', second: 'SIGTERM'},
] as const)('$first asks for the end, $second after it does not wait for that', async ({first, second}) => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT], {stdio: ['ignore', 'pipe', 'inherit']});
  // Also where the time of the test is over.
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = async (): Promise<string> => String((await once(child.stdout, 'data'))[0]).trim();
  expect(await said()).toBe('ready');
  child.kill(first);
  expect(await said(), 'goes on, to close what it has').toBe(first);
  child.kill(second);
  expect(await once(child, 'exit')).toEqual([130, null]);
});
