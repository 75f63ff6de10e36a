import {callControl} from '../../cli/control-socket.ts';
import {missingForClusters} from './part-cache.ts';

/**
 * Where a suite's clusters come from. Suites know nothing but this: a process that brings them up, prints `ready`, and leaves
 * NAME.kubeconfig files in a folder; and what can be done to their API servers.
 */
export interface Backend {
  readonly name: 'embedded' | 'real';
  /** Why there are no clusters of this kind here; undefined if there are. */
  missing(): Promise<string | undefined>;
  /** The script and its arguments: a hub and so many members `cluster-1`, `cluster-2`… */
  command(dir: string, members: number): readonly string[];
  /** Connections are refused, the data stay. */
  stop(dir: string, cluster: string): Promise<void>;
  /** On the same port with the same data. */
  start(dir: string, cluster: string): Promise<void>;
  /**
   * As `start`, but with the history lost and every list of ServiceExports failing with 503 from the first moment, until `mend`:
   * who comes back has to list, and fails.
   */
  startFailingLists(dir: string, cluster: string): Promise<void>;
  mend(dir: string, cluster: string): Promise<void>;
}

const EXPORT_GROUPS = [
  {group: 'multicluster.x-k8s.io', version: 'v1beta1'},
  {group: 'flomesh.io', version: 'v1alpha1'},
];

const embedded: Backend = {
  name: 'embedded',
  missing: () => Promise.resolve(undefined),
  command: (dir, members) => ['cli/main.ts', 'dev', '--only-apis', '--dir', dir, '--members', String(members)],
  stop: (dir, cluster) => control(dir, `/clusters/${cluster}/stop`),
  start: (dir, cluster) => control(dir, `/clusters/${cluster}/start`),
  startFailingLists: async (dir, cluster) => {
    const faults = `/clusters/${cluster}/faults`;
    const resource = 'serviceexports';
    await control(dir, faults, {match: {verb: 'watch', resource}, fault: {kind: 'gone'}});
    await control(dir, faults, {match: {verb: 'list', resource}, fault: {kind: 'status', code: 503}});
    await control(dir, `/clusters/${cluster}/start`);
  },
  mend: (dir, cluster) => control(dir, `/clusters/${cluster}/faults/clear`),
};

const real: Backend = {
  name: 'real',
  missing: () => missingForClusters(),
  command: (dir, members) => ['test/testbed/main.ts', '--dir', dir, '--members', String(members)],
  stop: (dir, cluster) => control(dir, `/clusters/${cluster}/stop`),
  start: (dir, cluster) => control(dir, `/clusters/${cluster}/start`),
  // A restarted kube-apiserver has no history older than itself, so only the lists have to be made to fail.
  startFailingLists: (dir, cluster) => control(dir, `/clusters/${cluster}/start-broken`, EXPORT_GROUPS),
  mend: (dir, cluster) => control(dir, `/clusters/${cluster}/mend`, EXPORT_GROUPS),
};

/**
 * The backend of this run, by ISTHMUS_BACKEND; embedded where it is not set.
 * @throws Error for a name that is none
 */
export function chosenBackend(env: NodeJS.ProcessEnv = process.env): Backend {
  const name = env['ISTHMUS_BACKEND'] ?? embedded.name;
  const found = [embedded, real].find((one) => one.name === name);
  if (found === undefined) throw new Error(`ISTHMUS_BACKEND is ${name}; it can be embedded or real`);
  return found;
}

async function control(dir: string, path: string, body?: unknown): Promise<void> {
  await callControl(dir, {method: 'POST', path, body});
}
