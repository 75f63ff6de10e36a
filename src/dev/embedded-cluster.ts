import type {Logger} from 'pino';
import type {ClusterCredentials} from '../kube/credentials.ts';
import {createAuthority, issueServing} from '../pki/authority.ts';
import {kubeconfigText} from '../kube/kubeconfig-text.ts';
import {ClusterAdmission} from './admission/cluster-admission.ts';
import type {ReachPod} from './admission/webhook-address.ts';
import {ApiServer} from './apiserver/api-server.ts';
import {definitionStrategy} from './apiserver/crd/definition-strategy.ts';
import {DEFAULT_GIT_VERSION} from './apiserver/http/version.ts';
import type {ResourceType} from './apiserver/resource-type.ts';
import {createBootstrapRoles} from './authorization/bootstrap-roles.ts';
import {applyManifests} from './apply-manifests.ts';
import {builtinKinds} from './builtin/kinds.ts';
import {ServiceIpAllocator} from './builtin/service-ip-allocator.ts';
import {ClusterAccess} from './cluster-access.ts';
import type {Identity} from './cluster-access.ts';
import {startControllers} from './cluster-controllers.ts';
import type {DevCluster} from './dev-cluster.ts';
import {reviewTypes} from './reviews/review-types.ts';
import type {WriteCounter} from './writes.ts';

export interface EmbeddedClusterOptions {
  readonly name: string;
  /** Service ranges 10.(100+index).0.0/16 and fd00:0:0:index::/112. */
  readonly index: number;
  /** 0, the default: a free one. */
  readonly port?: number;
  readonly logger: Logger;
  /** A loop marks pods Running and Ready, with an address 10.(200+index).x.y. Default true. */
  readonly runPods?: boolean;
  /**
   * Where ports of pods are really listened on, so that webhooks named by Service are called: no container runs, but a test may play
   * one. Without it such a call ends as if nothing listened.
   */
  readonly reachPod?: ReachPod;
  readonly gitVersion?: string;
  /** Default 60,000, as a real server's. */
  readonly bookmarkEveryMs?: number;
  /** How many writes of each resource are remembered for watches and old lists. Default 2,000. */
  readonly historySize?: number;
}

export interface EmbeddedCluster extends DevCluster {
  readonly port: number;
  readonly caPem: string;
  /** Counts changes that really changed something, too. */
  readonly writes: WriteCounter;
  /**
   * Credentials of somebody else than the administrator, with only the rights that RBAC gives them.
   *
   * @throws IsthmusError ISTHMUS_DEV_CLUSTER for a ServiceAccount that is not there
   */
  credentialsOf(identity: Identity): ClusterCredentials;
  /** The same as YAML. */
  kubeconfigOf(identity: Identity): string;
}

const DAY_MS = 24 * 3600 * 1000;
const VALID_DAYS = 30;
const NAMES = ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];

/**
 * Starts a Kubernetes API server in this process, with the controllers that a cluster has: enough of one for kubectl, watches,
 * server-side apply, CRDs and admission webhooks. It listens on 127.0.0.1 only.
 *
 * @throws IsthmusError ISTHMUS_DEV_CLUSTER where the port cannot be listened on
 */
export async function startEmbeddedCluster(options: EmbeddedClusterOptions): Promise<EmbeddedCluster> {
  const {name, index, gitVersion = DEFAULT_GIT_VERSION} = options;
  const logger = options.logger.child({cluster: name});
  const {caPem, ...tls} = await certificates(name, Date.now());
  const allocator = new ServiceIpAllocator({index});
  let admission: ClusterAdmission | undefined;
  const server = new ApiServer({
    kinds: [...builtinKinds({index, allocator}).map(withDefinitionRules), ...reviewTypes],
    tls,
    admission: (api, authorizer) =>
      (admission = new ClusterAdmission({api, authorizer, logger, reachPod: options.reachPod})),
    gitVersion,
    bookmarkEveryMs: options.bookmarkEveryMs ?? 60_000,
    historySize: options.historySize ?? 2_000,
    logger,
    nowMs: Date.now,
  });
  createBootstrapRoles(server.context);
  await server.listen(options.port ?? 0);
  const stopControllers = startControllers(server.api, {
    name,
    index,
    allocator,
    apiServerPort: server.port,
    caPem,
    gitVersion,
    runPods: options.runPods ?? true,
    logger,
    nowMs: Date.now,
  });
  const url = `https://127.0.0.1:${server.port}`;
  const {api, tokens, authenticator} = server;
  const access = new ClusterAccess({api, tokens, authenticator, caPem});
  const credentials = access.admin(url);
  const kubeconfig = ({token = ''}: ClusterCredentials): string => kubeconfigText({name, server: url, caPem, token});
  return {
    name,
    url,
    port: server.port,
    caPem,
    kubeconfig: kubeconfig(credentials),
    credentials,
    credentialsOf: (identity) => access.of(identity, url),
    kubeconfigOf: (identity) => kubeconfig(access.of(identity, url)),
    faults: server.faults,
    writes: server.writes,
    // Async so that a refused manifest rejects, as everything that can fail here does.
    applyManifests: async (yaml) => applyManifests(server.context, yaml),
    stop: () => server.close(),
    start: () => server.listen(server.port),
    close: async () => {
      stopControllers();
      server.stopControllers();
      await server.close();
      await admission?.close();
    },
  };
}

function withDefinitionRules(type: ResourceType): ResourceType {
  const isDefinition = type.storageKey === 'customresourcedefinitions.apiextensions.k8s.io';
  return isDefinition ? {...type, strategy: definitionStrategy} : type;
}

async function certificates(name: string, nowMs: number): Promise<{caPem: string; certPem: string; keyPem: string}> {
  // A day back, so that clocks may differ.
  const times = {notBeforeMs: nowMs - DAY_MS, notAfterMs: nowMs + VALID_DAYS * DAY_MS};
  const authority = await createAuthority({commonName: `${name} (embedded)`, ...times});
  const serving = await issueServing(authority, {
    commonName: 'kube-apiserver',
    dnsNames: NAMES,
    ipAddresses: ['127.0.0.1', '::1'],
    ...times,
  });
  return {caPem: authority.certPem, ...serving};
}
