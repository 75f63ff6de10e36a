import type {ClusterFiles} from './cluster-files.ts';

export interface ApiServerPlace {
  readonly name: string;
  /** Decides the address ranges, as of an embedded cluster: 10.(100+index).0.0/16 and fd00:0:0:index::/112. */
  readonly index: number;
  readonly port: number;
  readonly dir: string;
  readonly etcdUrl: string;
}

/** What a kube-controller-manager has to do here; what needs nodes or a cloud is left out. */
const CONTROLLERS = [
  'clusterrole-aggregation',
  'deployment',
  'endpointslice',
  'garbagecollector',
  'job',
  'namespace',
  'replicaset',
  'root-ca-cert-publisher',
  'serviceaccount',
  'statefulset',
  'validatingadmissionpolicy-status-controller',
];

export function apiServerFlags(files: ClusterFiles, place: ApiServerPlace): string[] {
  const {index} = place;
  return [
    `--etcd-servers=${place.etcdUrl}`,
    `--etcd-prefix=/${place.name}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${place.port}`,
    // The endpoint of the Service default/kubernetes: loopback is refused there, and nobody here goes through it.
    `--advertise-address=172.30.${index}.1`,
    `--cert-dir=${place.dir}`,
    `--tls-cert-file=${files.certFile}`,
    `--tls-private-key-file=${files.keyFile}`,
    `--client-ca-file=${files.caFile}`,
    `--token-auth-file=${files.tokenFile}`,
    '--authorization-mode=RBAC',
    `--service-cluster-ip-range=10.${100 + index}.0.0/16,fd00:0:0:${index.toString(16)}::/112`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${files.serviceAccountKeyFile}`,
    `--service-account-signing-key-file=${files.serviceAccountKeyFile}`,
    '--allow-privileged=true',
    '--profiling=false',
  ];
}

export function controllerManagerFlags(files: ClusterFiles): string[] {
  return [
    `--kubeconfig=${files.kubeconfigFile}`,
    `--controllers=${CONTROLLERS.join(',')}`,
    `--service-account-private-key-file=${files.serviceAccountKeyFile}`,
    `--root-ca-file=${files.caFile}`,
    '--leader-elect=false',
    '--secure-port=0',
    // The default of 20 requests a second makes the deletion of a namespace last seconds.
    '--kube-api-qps=200',
    '--kube-api-burst=400',
  ];
}
