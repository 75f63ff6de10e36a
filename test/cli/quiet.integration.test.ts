import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {pino} from 'pino';
import {afterAll, beforeAll, expect, test} from 'vitest';

import {DevClusterset} from '../../cli/dev-clusterset.ts';
import {EmbeddedClusterset} from '../../cli/embedded-clusterset.ts';
import {exportService} from '../../cli/tour/export-service.ts';
import {registerMembers} from '../../cli/tour/register-members.ts';
import {resolveName} from '../../cli/tour/resolve-name.ts';
import {StepContext} from '../../cli/tour/step-context.ts';

const MEMBERS = ['cluster-1', 'cluster-2', 'cluster-3'];
const QUIET_MS = process.env['ISTHMUS_LONG'] === '1' ? 60_000 : 15_000;

let dir: string;
let clusterset: DevClusterset;
let context: StepContext;

beforeAll(async () => {
  const logger = pino({level: 'silent'});
  dir = await mkdtemp(join(tmpdir(), 'isthmus-quiet-'));
  clusterset = new DevClusterset(await EmbeddedClusterset.start({dir, members: MEMBERS, logger}), logger);
  await clusterset.startHub();
  await Promise.all(MEMBERS.map((name) => clusterset.startAgent(name)));
  context = new StepContext({
    clusterset,
    members: MEMBERS,
    exportGroup: 'flomesh.io',
    deadlineMs: 20_000,
    onObserved: () => undefined,
    onWaiting: () => undefined,
  });
  for (const step of [registerMembers, exportService, resolveName]) await step(context);
});

afterAll(async () => {
  await context.close();
  await clusterset.close();
  await rm(dir, {recursive: true, force: true});
});

// The length of the quiet is the very thing under test: whatever writes now and then without need must get its chance.
test(
  `nothing but heartbeats is written in ${QUIET_MS / 1000} quiet seconds (design §14)`,
  {timeout: QUIET_MS + 20_000},
  async () => {
    await settled();
    for (const name of clusterset.apis.names) clusterset.apis.get(name).writes.reset();
    await new Promise((over) => setTimeout(over, QUIET_MS));
    const rows = clusterset.apis.names.flatMap((server) =>
      clusterset.apis
        .get(server)
        .writes.rows()
        .map((row) => ({server, ...row})),
    );
    for (const {server, verb, resource, name, manager, count} of rows) {
      process.stdout.write(
        `${server.padEnd(10)} ${verb.padEnd(7)} ${resource.padEnd(28)} ${name.padEnd(22)} ${manager} ${count}\n`,
      );
    }
    expect(rows.filter(({resource}) => resource !== 'leases.coordination.k8s.io')).toEqual([]);
    const heartbeats = rows.filter(({name, server}) => name.endsWith('/isthmus-hub') && MEMBERS.includes(server));
    expect(heartbeats.map(({server}) => server).toSorted(), 'the heartbeats go on').toEqual(MEMBERS);
  },
);

/** Waits until a second has passed in which nothing but Leases was written: the end of what the steps set going. */
async function settled(): Promise<void> {
  const writes = (): number =>
    clusterset.apis.names.reduce(
      (sum, name) => sum + clusterset.apis.get(name).writes.total(({resource}) => resource.startsWith('leases')),
      0,
    );
  for (let before = -1, tries = 0; before !== writes() && tries < 10; tries++) {
    before = writes();
    await new Promise((again) => setTimeout(again, 1_000));
  }
}
