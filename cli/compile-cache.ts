import {enableCompileCache} from 'node:module';
import {homedir} from 'node:os';
import {join} from 'node:path';

/**
 * Keeps compiled what was loaded once: types to strip and code to compile are two thirds of the CPU time of a start. In the user's own
 * cache folder (XDG Base Directory), not in Node's default, a shared temporary one: what lies there is run.
 *
 * Where it can't be written, as on the read-only disk of a container, nothing is kept and nothing fails. NODE_COMPILE_CACHE and
 * NODE_DISABLE_COMPILE_CACHE count as ever.
 */
export function keepCompiled(env: NodeJS.ProcessEnv): void {
  // An empty or relative value is to be ignored (XDG Base Directory).
  const named = env['XDG_CACHE_HOME'];
  const cache = named?.startsWith('/') === true ? named : join(homedir(), '.cache');
  enableCompileCache(join(cache, 'isthmus', 'compiled'));
}
