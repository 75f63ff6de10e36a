import {setTimeout as delay} from 'node:timers/promises';
import {HttpClient} from './http-client.ts';
import {testCluster} from './clusters.ts';

/*
 * A process of its own, which must end by itself: four clusters with everything open that a client can leave open. Says how much
 * processor time they took while nobody asked for anything.
 */
const clusters = await Promise.all([0, 1, 2, 3].map((index) => testCluster({index})));
const before = process.cpuUsage();
await delay(1_000);
const {user, system} = process.cpuUsage(before);
for (const {http, cluster} of clusters) {
  const other = new HttpClient(cluster);
  cluster.faults.add({resource: 'secrets'}, {kind: 'hang'});
  await http.watch('/api/v1/configmaps?watch=true');
  for (const path of ['/api/v1/secrets', '/api/v1/configmaps?resourceVersion=99999999']) {
    // Cut off by the close below: that is the point.
    other.get(path).catch(() => undefined);
  }
  await http.get('/version');
}
await Promise.all(clusters.map(({cluster}) => cluster.close()));
for (const {http} of clusters) http.close();
process.stdout.write(JSON.stringify({idleCpuMs: (user + system) / 1000}));
