import {readFile, writeFile} from 'node:fs/promises';
import {pino} from 'pino';
import {startEmbeddedCluster} from '../../../src/dev/embedded-cluster.ts';
import {benchImport, NAMESPACES} from './queries.ts';

/** `cluster.ts KUBECONFIG IMPORTS`: an API server that holds the imports, for a DNS server that reads them there. */

const [kubeconfig = '', imports = '0'] = process.argv.slice(2);
const crd = new URL('../../../manifests/crds/multicluster.x-k8s.io_serviceimports.yaml', import.meta.url);
const cluster = await startEmbeddedCluster({name: 'bench', index: 0, logger: pino({level: 'silent'})});
await cluster.applyManifests(await readFile(crd, 'utf8'));

const namespaces = Array.from({length: NAMESPACES}, (_, i) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {name: `ns-${i}`},
}));
const objects = Array.from({length: Number(imports)}, (_, i) => {
  const {name, namespace, ips, ports} = benchImport(i);
  return {
    apiVersion: 'multicluster.x-k8s.io/v1alpha1',
    kind: 'ServiceImport',
    metadata: {name, namespace},
    spec: {type: 'ClusterSetIP', ips, ports},
  };
});
// JSON is YAML, and quicker to write.
await cluster.applyManifests([...namespaces, ...objects].map((object) => JSON.stringify(object)).join('\n---\n'));
await writeFile(kubeconfig, cluster.kubeconfig);
process.send?.('ready');
process.on('disconnect', () => process.exit());
