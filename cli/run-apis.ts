import type {Logger} from 'pino';

import {Closers} from './closers.ts';
import {openControlSocket} from './control-socket.ts';
import {openDevFolder} from './dev-folder.ts';
import type {DevFlags} from './dev.ts';
import {embeddedSource, realSource} from './cluster-source.ts';
import {DevApis, HUB_CLUSTER, kubeconfigNames} from './dev-apis.ts';
import {untilStopped} from './until-stopped.ts';

export interface RunOptions {
  readonly flags: DevFlags;
  readonly members: readonly string[];
  readonly logger: Logger;
}

/** `isthmus dev --only-apis`: the API servers alone, for hub and agents that run as processes of their own. */
export async function runApis(options: RunOptions): Promise<void> {
  const stopped = untilStopped();
  const parts = new Closers();
  const starting = parts.guard(() => startApis(options, parts));
  const early = await Promise.race([starting.then(() => undefined), stopped]);
  if (early !== undefined) {
    await parts.close();
    // Parts that were still starting end with the process; there is nothing to wait for.
    process.exit(130);
  }
  const clusters = await starting;
  for (const name of clusters.names) {
    process.stdout.write(`${name} ${clusters.get(name).url} ${clusters.kubeconfigPath(name)}\n`);
  }
  process.stdout.write('ready\n');
  await stopped;
  await parts.close();
}

/** The API servers, with a folder that is cleared and a control socket that is closed with them. */
export async function startApis({flags, members, logger}: RunOptions, parts: Closers): Promise<DevApis> {
  const folder = await openDevFolder(flags.dir);
  let clusters: DevApis | undefined;
  // First of all: it is the lock of the folder, and keeps a second run from touching the kubeconfigs of this one.
  const control = await openControlSocket(folder.path, () => clusters);
  parts.add(() => folder.remove([HUB_CLUSTER, ...members, ...(clusters?.names ?? [])].flatMap(kubeconfigNames)));
  parts.add(() => control.close());
  const source = flags.real === true ? await realSource(logger) : embeddedSource(logger);
  clusters = await DevApis.start({dir: folder.path, members, source});
  const started = clusters;
  parts.add(() => started.close());
  return started;
}
