import {CONFIRM_DELETIONS_ANNOTATION} from '../src/api/names.ts';
import {clusters} from '../src/api/resources.ts';
import {IsthmusError} from '../src/errors.ts';
import {pause} from '../src/kube/backoff.ts';
import type {OperatorHub} from './operator-hub.ts';
import {CLI_MANAGER} from './operator-hub.ts';
import type {Terminal} from './terminal.ts';
import {agree, step} from './terminal.ts';

export interface ConfirmOptions {
  readonly name: string;
  readonly hub: OperatorHub;
  readonly agreed: boolean;
  readonly waitMs: number;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

const LOOK_EVERY_MS = 250;

/**
 * Lets deletions through that the hub held back (design §5): shows them, asks, and confirms exactly these. What is held back
 * after they were shown stays so.
 *
 * @throws IsthmusError ISTHMUS_COMMAND_REFUSED, ISTHMUS_NOT_OBSERVED, ISTHMUS_USAGE; KubeError
 */
export async function runConfirm(options: ConfirmOptions): Promise<void> {
  const {name, hub, agreed, terminal, signal} = options;
  if ((await hub.cluster(name, signal)) === undefined) {
    throw new IsthmusError('ISTHMUS_COMMAND_REFUSED', `no Cluster ${name} is registered`);
  }
  const {held} = await hub.record(name, signal);
  if (held === undefined) {
    terminal.print(`Nothing of ${name} is held back.`);
    return;
  }
  const since = new Date(held.sinceMs).toISOString();
  const names = [...held.keys].sort();
  terminal.print(
    `${name} stopped exporting ${names.length} services at once, which looks like a fault. Held back since ${since}:`,
  );
  for (const key of names) terminal.print(`  ${key}`);
  await agree(terminal, 'Are they meant to be gone, from all clusters?', agreed);
  // Milliseconds count: a time cut to the second would lie before what it confirms.
  const body = {metadata: {annotations: {[CONFIRM_DELETIONS_ANNOTATION]: since}}};
  await hub.client.patch(clusters, {name}, {type: 'merge', body}, {fieldManager: CLI_MANAGER, signal});
  step(terminal, 'confirmed', `what was held back until ${since}`);
  await untilReleased(options, names);
}

async function untilReleased(
  {name, hub, waitMs, terminal, signal}: ConfirmOptions,
  names: readonly string[],
): Promise<void> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const {held} = await hub.record(name, signal);
    const still = names.filter((key) => held?.keys.has(key) === true);
    if (still.length === 0) {
      terminal.print(`\nThe hub's record of ${name} holds none of them back any more.`);
      return;
    }
    if (performance.now() > deadline) {
      const reason = `it is confirmed, and after ${waitMs / 1_000} s the hub still holds back ${still.join(', ')}`;
      throw new IsthmusError('ISTHMUS_NOT_OBSERVED', reason);
    }
    await pause(LOOK_EVERY_MS, signal);
  }
}
