import {missingForClusters} from './part-cache.ts';

/**
 * Where a suite's clusters come from: a process that brings up API servers with CRDs and install manifests applied, prints `ready`,
 * and leaves NAME.kubeconfig files and a control socket (cli/control-socket.ts: stop, start, faults) in a folder. Suites know no more.
 */
export interface Backend {
  readonly name: 'embedded' | 'real';
  /** Why there are no clusters of this kind here; undefined if there are. */
  missing(): Promise<string | undefined>;
  /** The script and its arguments: a hub and so many members `cluster-1`, `cluster-2`… */
  command(dir: string, members: number): readonly string[];
}

const BACKENDS: readonly Backend[] = [
  {
    name: 'embedded',
    missing: () => Promise.resolve(undefined),
    command: (dir, members) => ['cli/main.ts', 'dev', '--only-apis', '--dir', dir, '--members', String(members)],
  },
  {
    name: 'real',
    missing: () => missingForClusters(),
    command: (dir, members) => ['test/testbed/main.ts', '--dir', dir, '--members', String(members)],
  },
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
