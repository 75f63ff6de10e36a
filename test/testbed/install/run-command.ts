import {spawn} from 'node:child_process';
import {once} from 'node:events';

/** The end of what a failing command said; a Go build can print megabytes. */
const KEPT_OUTPUT = 4_000;

/**
 * Runs a command to its end, without a time limit: a build may take minutes.
 * @throws Error with the end of its output where it does not exit with 0
 */
export async function runCommand(
  file: string,
  args: readonly string[],
  o: {cwd: string; env?: NodeJS.ProcessEnv; signal?: AbortSignal},
): Promise<string> {
  const child = spawn(file, args, {
    cwd: o.cwd,
    env: {...process.env, ...o.env},
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(o.signal === undefined ? {} : {signal: o.signal}),
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-KEPT_OUTPUT);
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${code}:\n${output.trim()}`);
  return output;
}
