import {afterAll, beforeAll, expect, test} from 'vitest';

import type {DevClusterset} from '../../cli/dev-clusterset.ts';
import {exportService} from '../../cli/tour/export-service.ts';
import {registerMembers} from '../../cli/tour/register-members.ts';
import {resolveName} from '../../cli/tour/resolve-name.ts';
import type {RunningClusterset} from './running-clusterset.ts';
import {startClusterset} from './running-clusterset.ts';

const MEMBERS = ['cluster-1', 'cluster-2', 'cluster-3'];
const QUIET_MS = process.env['ISTHMUS_LONG'] === '1' ? 60_000 : 15_000;
/** A busy machine is no news to be written about: how soon a silent member is called unreachable is not the matter here. */
const CALM = {unreachableAfterMs: 10_000};

let running: RunningClusterset;
let clusterset: DevClusterset;

beforeAll(async () => {
  running = await startClusterset(MEMBERS, CALM);
  ({clusterset} = running);
  for (const step of [registerMembers, exportService, resolveName]) await step(running.context);
});

afterAll(() => running.close());

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
        .writes.requests()
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
    clusterset.apis.names
      .flatMap((name) => clusterset.apis.get(name).writes.requests())
      .filter(({resource}) => !resource.startsWith('leases'))
      .reduce((sum, {count}) => sum + count, 0);
  for (let before = -1, tries = 0; before !== writes() && tries < 10; tries++) {
    before = writes();
    await new Promise((again) => setTimeout(again, 1_000));
  }
}
