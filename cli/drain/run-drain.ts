import type {Cluster} from '../../src/api/kinds.ts';
import {IGNORE_DRAIN_ANNOTATION} from '../../src/api/names.ts';
import {clusters} from '../../src/api/resources.ts';
import {drainStepAt} from '../../src/clusterset/drain-ramp.ts';
import {IsthmusError} from '../../src/errors.ts';
import {readServerClock} from '../../src/kube/server-clock.ts';
import type {OperatorHub} from '../operator-hub.ts';
import {CLI_MANAGER} from '../operator-hub.ts';
import type {Terminal} from '../terminal.ts';
import {step} from '../terminal.ts';
import type {DrainFindings} from './find-obstacles.ts';
import {findObstacles} from './find-obstacles.ts';
import {followDrain} from './follow-drain.ts';

export interface DrainOptions {
  readonly name: string;
  readonly hub: OperatorHub;
  /** How long it takes, milliseconds; 0: at once. */
  readonly overMs: number;
  /** Drained although services would be left without an endpoint. */
  readonly force: boolean;
  /** How long to wait for the members after the ramp is over, milliseconds. */
  readonly graceMs: number;
  readonly terminal: Terminal;
  /** Ends the following; what was begun goes on. */
  readonly interrupted: AbortSignal;
}

/**
 * Takes a cluster's share of the traffic away, at once or bit by bit. The Cluster object says it, the hub does it, and goes on
 * where nobody looks.
 *
 * @throws IsthmusError ISTHMUS_COMMAND_REFUSED, ISTHMUS_NOT_OBSERVED; KubeError
 */
export async function runDrain(options: DrainOptions): Promise<void> {
  const {name, hub, terminal, force, overMs} = options;
  const signal = new AbortController().signal;
  const all = (await hub.client.list<Cluster>(clusters, {signal})).items;
  const cluster = registered(all, name);
  if (isUnderWay(cluster, overMs)) {
    step(terminal, 'as it is', `${name} is drained already, or on the way`);
  } else {
    const findings = await findObstacles(hub, {name, all, signal});
    report(terminal, findings);
    refuse(name, findings, force);
    await declare(options, cluster, true);
    const how = overMs === 0 ? 'at once' : `over ${durationText(overMs)}, by the hub`;
    step(
      terminal,
      'changed',
      `Cluster ${name}: it is drained ${how}; isthmus undrain ${name} turns back at any moment`,
    );
  }
  await follow(options, all, true);
}

/** One that is ramped goes on as it was begun, unless it is to be drained at once. */
function isUnderWay({spec = {}}: Cluster, overMs: number): boolean {
  if (spec.drain !== true) return false;
  return overMs > 0 || drainStepAt(spec, Date.now()).percent === 100;
}

/** The way back. @throws as {@link runDrain} */
export async function runUndrain(options: DrainOptions): Promise<void> {
  const {name, hub, terminal, overMs} = options;
  const all = (await hub.client.list<Cluster>(clusters, {})).items;
  const cluster = registered(all, name);
  const {drain = false, drainPercent = 0, drainRamp} = cluster.spec ?? {};
  if (!drain && drainPercent === 0 && (drainRamp === undefined || overMs > 0)) {
    step(terminal, 'as it is', `${name} is not drained, or on the way back`);
  } else {
    await declare(options, cluster, false);
    const how = overMs === 0 ? 'at once' : `over ${durationText(overMs)}, by the hub`;
    step(terminal, 'changed', `Cluster ${name}: it takes traffic again ${how}`);
  }
  await follow(options, all, false);
}

function registered(all: readonly Cluster[], name: string): Cluster {
  const found = all.find(({metadata}) => metadata.name === name);
  if (found === undefined) throw new IsthmusError('ISTHMUS_COMMAND_REFUSED', `no Cluster ${name} is registered`);
  if (found.metadata.deletionTimestamp === undefined) return found;
  throw new IsthmusError(
    'ISTHMUS_COMMAND_REFUSED',
    `${name} is leaving the clusterset; nothing is sent there any more`,
  );
}

const MAX_NAMED = 10;

function report(terminal: Terminal, {optedOut, moving, silent}: DrainFindings): void {
  const listed = (names: readonly string[]): string =>
    names.slice(0, MAX_NAMED).join(', ') + (names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : '');
  if (moving.length > 0) step(terminal, 'moves', listed(moving));
  if (optedOut.length > 0) step(terminal, 'stays', `${listed(optedOut)} (${IGNORE_DRAIN_ANNOTATION})`);
  for (const {cluster, because} of silent) {
    step(terminal, 'warning', `${cluster} could not be asked what it consumes: ${because}`);
  }
}

function refuse(name: string, {obstacles, silent}: DrainFindings, force: boolean): void {
  // That the one to be drained is silent is, often enough, why it is drained.
  const unknown = silent.filter(({cluster}) => cluster !== name);
  if (force || (obstacles.length === 0 && unknown.length === 0)) return;
  const reasons = [
    ...obstacles.map((obstacle) => `${obstacle.message} (consumed in ${obstacle.in.join(', ')})`),
    ...unknown.map(({cluster}) => `what ${cluster} consumes is not known`),
  ];
  const reason = `${reasons.join('; ')}. Mend that, keep a service in use by annotation ${IGNORE_DRAIN_ANNOTATION}: "true" of its ServiceExport, or drain it anyway with --force`;
  throw new IsthmusError('ISTHMUS_COMMAND_REFUSED', reason);
}

/** Writes where it should lead, and from where: by the clock of the hub's API server, since the hub reads it. */
async function declare({name, hub, overMs}: DrainOptions, cluster: Cluster, drain: boolean): Promise<void> {
  const clock = await readServerClock(hub.client);
  const nowMs = Date.now() + (clock?.aheadMs ?? 0);
  const fromPercent = drainStepAt(cluster.spec ?? {}, nowMs).percent;
  const startedAt = new Date(nowMs).toISOString();
  const drainRamp = overMs === 0 ? null : {startedAt, overSeconds: Math.ceil(overMs / 1_000), fromPercent};
  const {resourceVersion} = cluster.metadata;
  const spec = {drain: drain ? true : null, drainPercent: null, drainRamp};
  const body = {metadata: {resourceVersion}, spec};
  await hub.client.patch(clusters, {name}, {type: 'merge', body}, {fieldManager: CLI_MANAGER});
}

async function follow(options: DrainOptions, all: readonly Cluster[], isDrain: boolean): Promise<void> {
  const {name, hub, terminal, graceMs, interrupted} = options;
  const spec = (await hub.cluster(name, new AbortController().signal))?.spec ?? {};
  const endsAtMs = Date.parse(spec.drainRamp?.startedAt ?? '') + (spec.drainRamp?.overSeconds ?? 0) * 1_000;
  const leftMs = Number.isNaN(endsAtMs) ? 0 : Math.max(0, endsAtMs - Date.now());
  const percent = isDrain ? 100 : 0;
  const withinMs = leftMs + graceMs;
  const done = await followDrain({name, hub, all, percent, withinMs, terminal, signal: interrupted});
  if (!done) {
    const back = isDrain ? `isthmus undrain ${name} turns back` : `isthmus drain ${name} turns back`;
    terminal.print(
      `\nNo longer watched. Nothing was stopped: the hub goes on as declared; ${back}, isthmus status ${name} shows it.`,
    );
    return;
  }
  terminal.print(
    isDrain
      ? `\n${name} is drained, as all members that could be asked were told. Connections that are open may last.`
      : `\n${name} takes traffic again, as all members that could be asked were told.`,
  );
}

function durationText(ms: number): string {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000} h`;
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1_000} s`;
}
