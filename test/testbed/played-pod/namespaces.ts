import {execFile} from 'node:child_process';
import {promisify} from 'node:util';

const run = promisify(execFile);

/** Root needs no user namespace, and can give each process a uid of its own; everybody else has one uid in a pod. */
export const isRoot = process.geteuid?.() === 0;

export const UNSHARE: readonly string[] = [
  ...(isRoot ? [] : ['--user', '--map-root-user']),
  ...['--net', '--mount', '--propagation', 'private'],
];

/** Why no pod can be played here; undefined if one can. */
export async function missingForPods(): Promise<string | undefined> {
  try {
    await run('unshare', [...UNSHARE, 'sh', '-c', 'ip link set lo up && command -v nsenter setpriv readlink']);
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n').slice(0, 2).join(' ') : String(error);
    return `a pod is played in namespaces, which takes Linux, unshare, nsenter, setpriv and ip, and root or user namespaces: ${reason}`;
  }
}
