/** The API servers of one measurement, `servers.ts MEMBERS EXPORTS NEW fresh|filled`, all in this process; asked over IPC. */
import type {Cluster} from '../../../src/api/kinds.ts';
import {SERVICE_NAME_LABEL} from '../../../src/api/names.ts';
import {
  clusters,
  endpointSlices,
  namespaces,
  serviceExports,
  serviceImports,
  services,
} from '../../../src/api/resources.ts';
import {createAuthority, issueServing} from '../../../src/pki/authority.ts';
import {LightApi} from '../../tools/light/light-api.ts';
import {LightHttps} from '../../tools/light/light-https.ts';
import type {ServersAnswer, ServersQuestion} from './messages.ts';
import {prefill} from './prefill.ts';

const DAY_MS = 86_400_000;
const NAMESPACE = 'bench';
const BOOKMARK_EVERY_MS = 50_000;

const [count = 3, exportsEach = 10, newExports = 10] = process.argv.slice(2, 5).map(Number);
const validity = {notBeforeMs: Date.now() - DAY_MS, notAfterMs: Date.now() + DAY_MS};
const authority = await createAuthority({commonName: 'light', ...validity});
const serving = await issueServing(authority, {
  commonName: 'light',
  dnsNames: ['localhost'],
  ipAddresses: ['127.0.0.1'],
  ...validity,
});
const hubApi = newApi('hub');
const members = Array.from({length: count}, (_, i) => newApi(`cluster-${i + 1}`));
members.forEach(fill);
if (process.argv[5] === 'filled') prefill(members, Date.now());
const hubUrl = await listen(hubApi);
for (const [i, api] of members.entries()) {
  hubApi.seed(clusters, {name: api.name}, {spec: specOf(api.name, i, await listen(api))});
}
const bookmarks = setInterval(() => [hubApi, ...members].forEach((api) => api.sendBookmarks()), BOOKMARK_EVERY_MS);
process.on('message', (question: ServersQuestion) => void answer(question));
process.on('disconnect', () => process.exit(0));
say({say: 'ready', hubUrl, ca: authority.certPem});

function newApi(name: string): LightApi {
  return new LightApi({name, nowMs: Date.now, later: (work) => void setTimeout(work, 1)});
}

async function listen(api: LightApi): Promise<string> {
  return new LightHttps(api, serving).listen();
}

/** A name is exported by every second member: twice as many names as exports in each, half of the members for each name. */
function fill(api: LightApi, index: number): void {
  api.seed(namespaces, {name: NAMESPACE});
  for (let i = 0; i < exportsEach; i++) {
    const name = `svc-${2 * i + (index % 2)}`;
    putService(api, name, index);
    api.seed(serviceExports, {namespace: NAMESPACE, name});
  }
  for (let i = index; i < newExports; i += count) putService(api, `new-${i}`, index);
}

function putService(api: LightApi, name: string, index: number): void {
  const clusterIP = '10.96.1.1';
  const ports = [{name: 'http', port: 80, protocol: 'TCP', targetPort: 8080}];
  const spec = {
    type: 'ClusterIP',
    clusterIP,
    clusterIPs: [clusterIP],
    ipFamilies: ['IPv4'],
    sessionAffinity: 'None',
    ports,
    selector: {app: name},
  };
  api.seed(services, {namespace: NAMESPACE, name}, {spec});
  const endpoints = [1, 2].map((n) => ({
    addresses: [`10.${100 + (index % 100)}.0.${n}`],
    conditions: {ready: true},
    nodeName: `node-${n}`,
  }));
  const metadata = {namespace: NAMESPACE, name: `${name}-abcde`, labels: {[SERVICE_NAME_LABEL]: name}};
  api.seed(endpointSlices, metadata, {
    addressType: 'IPv4',
    endpoints,
    ports: [{name: 'http', port: 8080, protocol: 'TCP'}],
  });
}

function specOf(name: string, index: number, url: string): Cluster['spec'] {
  const cluster = {'server': url, 'certificate-authority-data': Buffer.from(authority.certPem).toString('base64')};
  const kubeconfig = JSON.stringify({
    'apiVersion': 'v1',
    'kind': 'Config',
    'clusters': [{name, cluster}],
    'users': [{name, user: {token: 'light'}}],
    'contexts': [{name, context: {cluster: name, user: name}}],
    'current-context': name,
  });
  return {gatewayHost: `192.0.2.${index + 1}`, gatewayPort: 8080, kubeconfig};
}

async function answer(question: ServersQuestion): Promise<void> {
  switch (question.ask) {
    case 'writes':
      say({say: 'writes', ...takeWrites()});
      return;
    case 'imports':
      say({say: 'imports', counts: members.map((api) => api.list(serviceImports).length)});
      return;
    case 'propagate':
      say({say: 'propagated', tookMs: await propagate(question.index)});
      return;
    case 'stop':
      clearInterval(bookmarks);
      process.disconnect();
      return;
  }
}

function takeWrites(): {heartbeats: number; others: Record<string, number>} {
  let heartbeats = 0;
  const others: Record<string, number> = {};
  for (const {name, writes} of [hubApi, ...members]) {
    for (const [row, times] of writes) {
      if (row.includes(' leases.')) heartbeats += times;
      else others[`${name} ${row}`] = times;
    }
    writes.clear();
  }
  return {heartbeats, others};
}

/** One new export: how long until each other member has the import with its exporter in it, milliseconds. */
async function propagate(index: number): Promise<number[]> {
  const name = `new-${index}`;
  const source = members[index % count];
  if (source === undefined) throw new Error('no such member');
  const startedMs = performance.now();
  const arrivals = members.filter((api) => api !== source).map(async (api) => arrival(api, name));
  source.seed(serviceExports, {namespace: NAMESPACE, name});
  const times = await Promise.all(arrivals);
  return times.map((atMs) => atMs - startedMs);
}

function arrival(api: LightApi, name: string): Promise<number> {
  const {watchers} = api.storage.table(serviceImports);
  return new Promise((resolve) => {
    const look = ({object}: {object: {metadata: {name: string}; status?: unknown}}): void => {
      if (object.metadata.name !== name || object.status === undefined) return;
      watchers.delete(look);
      resolve(performance.now());
    };
    watchers.add(look);
  });
}

function say(message: ServersAnswer): void {
  process.send?.(message);
}
