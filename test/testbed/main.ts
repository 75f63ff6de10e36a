/**
 * Real clusters as `isthmus dev --only-apis` brings embedded ones: a hub and members with CRDs and install manifests applied,
 * NAME.kubeconfig and a control socket in a folder, and `ready` when all is there. SIGTERM or SIGINT ends it.
 *
 *   node test/testbed/main.ts --dir FOLDER [--members COUNT]
 */
import {rm} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import {parseArgs} from 'node:util';

import {createLogger} from '../../cli/logger.ts';
import {startTestbedControl} from './control.ts';
import {HUB_CLUSTER, Testbed} from './testbed.ts';

const {values} = parseArgs({options: {dir: {type: 'string'}, members: {type: 'string', default: '3'}}});
if (values.dir === undefined) throw new Error('--dir FOLDER says where kubeconfigs and the control socket go');
const dir = resolve(values.dir);
const members = Array.from({length: Number(values.members)}, (_, index) => `cluster-${index + 1}`);

// Installed first: a signal while it starts must find somebody who cleans up.
const stopped = new Promise<void>((stop) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop());
});
const startedAt = performance.now();
const testbed = await Testbed.start({
  clusters: [HUB_CLUSTER, ...members],
  logger: createLogger('warn', 'isthmus-testbed'),
});
const upMs = Math.round(performance.now() - startedAt);
await testbed.install(dir);
const control = await startTestbedControl(dir, testbed);
for (const name of testbed.names) {
  process.stdout.write(`${name} ${testbed.get(name).url} ${join(dir, `${name}.kubeconfig`)}\n`);
}
const installedMs = Math.round(performance.now() - startedAt);
process.stdout.write(`clusters were up after ${upMs} ms, manifests served after ${installedMs} ms\nready\n`);
await stopped;
await control.close();
await testbed.close();
await Promise.all(testbed.names.map((name) => rm(join(dir, `${name}.kubeconfig`), {force: true})));
