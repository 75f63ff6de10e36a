import {lstatSync, mkdirSync} from 'node:fs';
import {enableCompileCache} from 'node:module';
import {homedir} from 'node:os';
import {isAbsolute, join} from 'node:path';

/**
 * Keeps compiled what was loaded once: types to strip and code to compile are two thirds of the CPU time of a start. In the user's own
 * cache folder (XDG Base Directory), not in Node's default, a shared temporary one: what lies there is run.
 *
 * Where there is no such folder, where it is somebody else's (root with the HOME of a user) or can't be written, as on the read-only
 * disk of a container, nothing is kept and nothing fails. NODE_COMPILE_CACHE and NODE_DISABLE_COMPILE_CACHE count as ever.
 */
export function keepCompiled(env: NodeJS.ProcessEnv): void {
  const folder = ownFolder(env);
  if (folder !== undefined) enableCompileCache(folder);
}

function ownFolder(env: NodeJS.ProcessEnv): string | undefined {
  try {
    // An empty or relative value is to be ignored (XDG Base Directory).
    const named = env['XDG_CACHE_HOME'];
    const cache = named !== undefined && isAbsolute(named) ? named : join(homedir(), '.cache');
    if (!isAbsolute(cache)) return undefined;
    const own = join(cache, 'isthmus');
    const folder = join(own, 'compiled');
    mkdirSync(folder, {recursive: true, mode: 0o700});
    return [own, folder].every(isOurs) ? folder : undefined;
  } catch {
    // No home, or none that can be written: a start takes longer, that is all.
    return undefined;
  }
}

/** Nobody else may put anything there. On Windows, which has no such owners, the user's profile is the user's. */
function isOurs(folder: string): boolean {
  const stat = lstatSync(folder);
  const user = process.geteuid?.();
  return stat.isDirectory() && (user === undefined || (stat.uid === user && (stat.mode & 0o022) === 0));
}
