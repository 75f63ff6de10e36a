import type {Logger} from 'pino';

import {controlSocketPath, startControlSocket} from './control-socket.ts';
import {openDevFolder} from './dev-folder.ts';
import type {DevFlags} from './dev.ts';
import {EmbeddedClusterset} from './embedded-clusterset.ts';
import {untilStopped} from './until-stopped.ts';

export interface RunOptions {
  readonly flags: DevFlags;
  readonly members: readonly string[];
  readonly logger: Logger;
}

/** `isthmus dev --only-apis`: the API servers alone, for hub and agents that run as processes of their own. */
export async function runApis({flags, members, logger}: RunOptions): Promise<void> {
  const stopped = untilStopped([]);
  const folder = await openDevFolder(flags.dir);
  const clusters = await EmbeddedClusterset.start({dir: folder.path, members, logger});
  const control = await startControlSocket(folder.path, clusters);
  for (const name of clusters.names) {
    process.stdout.write(`${name} ${clusters.get(name).url} ${clusters.kubeconfigPath(name)}\n`);
  }
  process.stdout.write('ready\n');
  await stopped;
  await control.close();
  await clusters.close();
  await folder.remove([...clusters.names.map((name) => clusters.kubeconfigPath(name)), controlSocketPath(folder.path)]);
}
