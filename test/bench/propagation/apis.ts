/**
 * The API servers of a measurement, `apis.ts embedded|real DIR MEMBERS`: as `isthmus dev --only-apis` has them, but nothing stands
 * before real ones; the front through which `dev` breaks them is a hop of its own.
 */
import {pino} from 'pino';

import type {ClusterSource} from '../../../cli/cluster-source.ts';
import {embeddedSource} from '../../../cli/cluster-source.ts';
import {DevApis} from '../../../cli/dev-apis.ts';
import {untilStopped} from '../../../cli/until-stopped.ts';
import {Testbed} from '../../../src/dev/real/testbed.ts';

const [backend, dir = '', count = '2'] = process.argv.slice(2);
const logger = pino({level: 'silent'});
const stopped = untilStopped();
const apis = await DevApis.start({
  dir,
  members: Array.from({length: Number(count)}, (_, index) => `cluster-${index + 1}`),
  source: backend === 'real' ? await bareSource() : embeddedSource(logger),
});
process.stdout.write('ready\n');
await stopped;
await apis.close();

async function bareSource(): Promise<ClusterSource> {
  const testbed = await Testbed.start({clusters: [], logger});
  return {
    start: async (name, index) => testbed.add(name, {index}),
    close: async () => testbed.close(),
  };
}
