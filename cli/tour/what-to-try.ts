import type {DevClusterset} from '../dev-clusterset.ts';
import {HUB_CLUSTER} from '../dev-apis.ts';
import {HOST} from './resolve-name.ts';

/** Commands for a second terminal, with this run's paths and ports in them. */
export function whatToTry(options: {clusterset: DevClusterset; members: readonly string[]}): string {
  const {clusterset, members} = options;
  const member = members[1] ?? members[0] ?? '';
  const port = clusterset.agent(member)?.dns.address.port;
  const kubeconfig = (name: string): string => clusterset.apis.kubeconfigPath(name);
  return `
It stays up until Ctrl-C. In a second terminal:

  kubectl --kubeconfig ${kubeconfig(HUB_CLUSTER)} get clusters
  kubectl --kubeconfig ${kubeconfig(member)} get serviceimports.multicluster.x-k8s.io -A -o wide
  kubectl --kubeconfig ${kubeconfig(member)} get remoteclusters
  dig +tcp @127.0.0.1 -p ${port} ${HOST} SRV
  npx isthmus dns query ${HOST} AAAA --server 127.0.0.1:${port}
  npx isthmus explain foo --namespace bar --kubeconfig ${kubeconfig(HUB_CLUSTER)} --development
  npx isthmus dev stop ${members[0]} --dir ${clusterset.apis.dir}     # and look again; then: dev start

`;
}
