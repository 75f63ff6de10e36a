import {missingForClusters} from '../../src/dev/real/part-cache.ts';

/**
 * Where the clusters of a suite with processes of its own come from (others ask clusters.ts): a process that brings up API servers with CRDs and install manifests applied, prints `ready`,
 * and leaves NAME.kubeconfig files and a control socket (cli/control-socket.ts: stop, start, faults) in a folder. Suites know no more.
 */
export interface Backend {
  readonly name: 'embedded' | 'real';
  /** Why there are no clusters of this kind here; undefined if there are. */
  readonly missing: () => Promise<string | undefined>;
  /** What `isthmus dev` is given to run on them. */
  readonly devFlags: readonly string[];
  /** The script and its arguments: a hub and so many members `cluster-1`, `cluster-2`… */
  readonly command: (dir: string, members: number) => readonly string[];
}

function backendOf(name: Backend['name'], devFlags: readonly string[], missing: Backend['missing']): Backend {
  const command: Backend['command'] = (dir, members) => {
    return ['cli/main.ts', 'dev', ...devFlags, '--only-apis', '--dir', dir, '--members', String(members)];
  };
  return {name, devFlags, missing, command};
}

const BACKENDS: readonly Backend[] = [
  backendOf('embedded', [], () => Promise.resolve(undefined)),
  backendOf('real', ['--real'], () => missingForClusters()),
];

/**
 * The backend of this run, by ISTHMUS_BACKEND; embedded where it is not set.
 * @throws Error for a name that is none
 */
export function chosenBackend(env: NodeJS.ProcessEnv = process.env): Backend {
  const name = env['ISTHMUS_BACKEND'] ?? 'embedded';
  const found = BACKENDS.find((one) => one.name === name);
  if (found === undefined) throw new Error(`ISTHMUS_BACKEND is ${name}; it can be embedded or real`);
  return found;
}
