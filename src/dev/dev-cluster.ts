import type {ClusterCredentials} from '../kube/credentials.ts';
import type {Faults} from './faults.ts';
import type {RequestCounts} from './writes.ts';

/**
 * A cluster to develop and test on, whatever it is made of: an API server in this process, or a real kube-apiserver. Who is given one
 * cannot tell which.
 */
export interface DevCluster {
  readonly name: string;
  readonly url: string;
  /** YAML with CA and token in it, of an administrator; its context has the cluster's name. */
  readonly kubeconfig: string;
  /** As in {@link kubeconfig}. */
  readonly credentials: ClusterCredentials;
  /** Misbehaviour on demand. */
  readonly faults: Faults;
  /** Write requests of clients. */
  readonly writes: RequestCounts;
  /** As the administrator: creates or replaces every document, types first; they are served when it returns. */
  applyManifests(yaml: string): Promise<void>;
  /** Connections are refused; the data stay. */
  stop(): Promise<void>;
  /** The same address, the data as they were. What was remembered of their past may be lost: then old watches get 410. */
  start(): Promise<void>;
  /** For good. */
  close(): Promise<void>;
}
