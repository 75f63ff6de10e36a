import type {Cluster} from '../../src/api/kinds.ts';
import type {Condition} from '../../src/api/meta.ts';
import {IsthmusError} from '../../src/errors.ts';
import {pause} from '../../src/kube/backoff.ts';
import {conditionText} from '../condition-text.ts';
import type {OperatorHub} from '../operator-hub.ts';
import type {Terminal} from '../terminal.ts';
import {step} from '../terminal.ts';

export interface UntilMemberOptions {
  readonly name: string;
  readonly hub: OperatorHub;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  /** Of the Cluster as it was written: what is said of an older one says nothing of it. */
  readonly generation: number | undefined;
  /** 0: it is not waited for. */
  readonly withinMs: number;
}

const LOOK_EVERY_MS = 250;

/**
 * Waits until the hub says that it reaches the member and has applied everything, and tells what was seen.
 *
 * @throws IsthmusError ISTHMUS_NOT_OBSERVED with what was seen instead
 */
export async function untilMember(options: UntilMemberOptions): Promise<void> {
  const {name, hub, terminal, signal, generation, withinMs} = options;
  if (withinMs === 0) {
    terminal.print(`\nRegistered; whether the hub takes it up was not waited for: isthmus status ${name}`);
    return;
  }
  const deadline = performance.now() + withinMs;
  let seen: readonly Condition[] = [];
  let told = '';
  for (;;) {
    const cluster = await hub.cluster(name, signal);
    seen = conditionsOf(cluster, generation);
    const now = seen.filter(({type}) => type === 'Reachable' || type === 'Synced');
    const text = now.map((condition) => conditionText(condition)).join(', ');
    if (text !== told && text !== '') step(terminal, 'observed', text);
    told = text;
    if (now.length === 2 && now.every(({status}) => status === 'True')) break;
    if (performance.now() > deadline) throw notSeen(name, now, withinMs);
    await pause(LOOK_EVERY_MS, signal);
  }
  const managed = seen.find(({type}) => type === 'Managed');
  const rest =
    managed === undefined || managed.status === 'True' ? '' : `; ${conditionText(managed)}: ${managed.message}`;
  terminal.print(`\n${name} is a member: the hub reaches it and has applied everything${rest}`);
}

function conditionsOf(cluster: Cluster | undefined, generation: number | undefined): readonly Condition[] {
  return (cluster?.status?.conditions ?? []).filter(
    ({observedGeneration}) => (observedGeneration ?? 0) >= (generation ?? 0),
  );
}

function notSeen(name: string, now: readonly Condition[], withinMs: number): IsthmusError {
  const seconds = withinMs / 1_000;
  const said = now.map((condition) => `${conditionText(condition)}: ${condition.message}`).join(' ');
  const reason =
    said === ''
      ? `${name} is registered, and no hub said anything about it within ${seconds} s; is one running?`
      : `${name} is registered, and not a member after ${seconds} s: ${said}`;
  return new IsthmusError('ISTHMUS_NOT_OBSERVED', reason);
}
