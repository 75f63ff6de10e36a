import {runJoin} from '../../cli/join/run-join.ts';
import type {OperatorHub} from '../../cli/operator-hub.ts';
import {operatorHub} from '../../cli/operator-hub.ts';
import {describeError} from '../../src/errors.ts';
import type {RunningHub, TestCluster, TestClusterset} from '../hub/clusterset.ts';
import {startClusterset, synced} from '../hub/clusterset.ts';
import {RecordedTerminal} from './recorded-terminal.ts';

/** Two members and a hub that runs, in the hands of an operator. */
export interface OperatedClusterset {
  readonly set: TestClusterset;
  readonly one: TestCluster;
  readonly two: TestCluster;
  readonly hub: OperatorHub;
  readonly running: RunningHub;
  close(): Promise<void>;
}

export async function startOperated(): Promise<OperatedClusterset> {
  const set = await startClusterset(2);
  const [one, two] = set.members as [TestCluster, TestCluster];
  const credentials = set.hubCluster.cluster.credentials;
  const hub = operatorHub({credentials, namespace: 'isthmus-system', development: true});
  const running = set.startHub();
  const close = async (): Promise<void> => {
    await hub.close();
    await set.close();
  };
  try {
    for (const member of [one, two]) await joined(hub, member);
    await synced(running, [one, two]);
  } catch (error) {
    await close();
    throw error;
  }
  return {set, one, two, hub, running, close};
}

/** Makes it a member as an operator does, so that the hub and all commands speak to it as the hub's account there. */
export async function joined(hub: OperatorHub, {name, cluster}: TestCluster): Promise<void> {
  await runJoin({
    ...{name, hub, member: cluster.credentials, memberKubeconfig: 'member.kubeconfig'},
    // Nothing listens there, which is known at once.
    settings: {gatewayHost: '127.0.0.1', gatewayPort: Number(name.replaceAll(/\D/g, ''))},
    ...{withAgent: false, dryRun: false, waitMs: 15_000, clustersetId: 'test-set'},
    terminal: new RecordedTerminal(),
    signal: new AbortController().signal,
  });
}

/** What a command printed, and what it failed with in the end. */
export async function said(terminal: RecordedTerminal, work: Promise<unknown>): Promise<string> {
  const failure = await work.then(() => undefined, describeError);
  return [...terminal.lines, ...(failure === undefined ? [] : [`FAILED ${failure}`])].join('\n');
}
