import type {KubeClient} from '../../src/kube/client.ts';
import type {ClusterCredentials} from '../../src/kube/credentials.ts';
import type {OperatorHub} from '../operator-hub.ts';
import type {Terminal} from '../terminal.ts';
import type {Changes} from './changes.ts';
import type {JoinSettings} from './join-plan.ts';

/** What `isthmus join` is told. */
export interface JoinOptions {
  readonly name: string;
  readonly hub: OperatorHub;
  /** Of the cluster that is to become a member: an operator's, who may make accounts and roles. */
  readonly member: ClusterCredentials;
  /** At which the hub reaches the member's API server; undefined: where the operator does. */
  readonly memberServer?: string | undefined;
  readonly clustersetId?: string | undefined;
  readonly settings: JoinSettings;
  /** With what an agent needs in the member. */
  readonly withAgent: boolean;
  readonly dryRun: boolean;
  /** How long to wait for the hub to take it up, milliseconds. */
  readonly waitMs: number;
  /** For what is said about taking back. */
  readonly memberKubeconfig: string;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/** The same, while it works. */
export interface JoinContext extends JoinOptions {
  readonly client: KubeClient;
  readonly changes: Changes;
}
