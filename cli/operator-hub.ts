import {Option} from 'commander';

import type {Cluster} from '../src/api/kinds.ts';
import {clusters} from '../src/api/resources.ts';
import {MemberMemory} from '../src/hub/member-memory.ts';
import type {MemberRecord} from '../src/hub/member-record.ts';
import {MemberSecrets} from '../src/hub/member-secrets.ts';
import {KubeClient} from '../src/kube/client.ts';
import type {ClusterCredentials} from '../src/kube/credentials.ts';
import {readCredentials} from './credentials.ts';
import {createLogger} from './logger.ts';

/** Field manager of what operators' commands write. */
export const CLI_MANAGER = 'isthmus-cli';

export interface OperatorFlags {
  readonly hubKubeconfig?: string;
  readonly hubContext?: string;
  readonly namespace: string;
  readonly development?: boolean;
}

export const hubKubeconfigOption = (): Option =>
  new Option('--hub-kubeconfig <file>', "kubeconfig of the hub's cluster (default: the service account of the pod)");

export const hubContextOption = (): Option =>
  new Option('--hub-context <name>', 'context of that kubeconfig (default: its current one)');

/** The hub's cluster in the hands of an operator: the Cluster objects, and what the hub remembers of each. */
export interface OperatorHub {
  readonly client: KubeClient;
  readonly own: ClusterCredentials;
  readonly namespace: string;
  readonly development: boolean;
  readonly secrets: MemberSecrets;
  cluster(name: string, signal: AbortSignal): Promise<Cluster | undefined>;
  /** As it is now. */
  record(name: string, signal: AbortSignal): Promise<MemberRecord>;
  /** Of all members that there is a record of. */
  records(signal: AbortSignal): Promise<readonly (MemberRecord & {readonly name: string})[]>;
  close(): Promise<void>;
}

export function operatorHub(of: {
  readonly credentials: ClusterCredentials;
  readonly namespace: string;
  readonly development: boolean;
}): OperatorHub {
  const {credentials: own, namespace, development} = of;
  const client = new KubeClient({credentials: own, userAgent: CLI_MANAGER});
  const logger = createLogger('silent', CLI_MANAGER);
  // It believes what it read once, so that each question has one of its own.
  const memory = (): MemberMemory => new MemberMemory({client, namespace, logger});
  return {
    client,
    own,
    namespace,
    development,
    secrets: new MemberSecrets(client, namespace),
    cluster: (name, signal) => client.find<Cluster>(clusters, {name}, {signal}),
    record: (name, signal) => memory().load(name, signal),
    records: async (signal) => {
      const all = memory();
      const names = await all.known(signal);
      return Promise.all(names.map(async (name) => ({name, ...(await all.load(name, signal))})));
    },
    close: () => client.close(),
  };
}

/** Runs a command against the hub's cluster that its flags name, and closes the connection behind it. */
export async function withOperatorHub(flags: OperatorFlags, run: (hub: OperatorHub) => Promise<void>): Promise<void> {
  const {hubKubeconfig, hubContext, namespace, development = false} = flags;
  const named = {
    ...(hubKubeconfig === undefined ? {} : {kubeconfig: hubKubeconfig}),
    ...(hubContext === undefined ? {} : {context: hubContext}),
  };
  const credentials = await readCredentials(named, '--hub-kubeconfig');
  const hub = operatorHub({credentials, namespace, development});
  try {
    await run(hub);
  } finally {
    await hub.close();
  }
}
