import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {pino} from 'pino';

import {DevClusterset} from '../../cli/dev-clusterset.ts';
import {EmbeddedClusterset} from '../../cli/embedded-clusterset.ts';
import {StepContext} from '../../cli/tour/step-context.ts';

/** Hub and agents on embedded API servers, as `isthmus dev` runs them, without anything registered yet. */
export interface RunningClusterset {
  readonly clusterset: DevClusterset;
  readonly context: StepContext;
  close(): Promise<void>;
}

export async function startClusterset(members: readonly string[]): Promise<RunningClusterset> {
  const logger = pino({level: 'silent'});
  const dir = await mkdtemp(join(tmpdir(), 'isthmus-test-'));
  const clusterset = new DevClusterset(await EmbeddedClusterset.start({dir, members, logger}), logger);
  await clusterset.startHub();
  await Promise.all(members.map((name) => clusterset.startAgent(name)));
  const context = new StepContext({
    clusterset,
    members,
    exportGroup: 'flomesh.io',
    deadlineMs: 20_000,
    onObserved: () => undefined,
    onWaiting: () => undefined,
  });
  return {
    clusterset,
    context,
    close: async () => {
      await context.close();
      await clusterset.close();
      await clusterset.apis.close();
      await rm(dir, {recursive: true, force: true});
    },
  };
}
