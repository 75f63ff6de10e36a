import type {Propagation} from './exchange.ts';
import {CONSUMER, EXPORTER} from './exchange.ts';

/** One line of `--log-level trace`, as far as it is looked at; `time` in milliseconds with fractions. */
interface TraceLine {
  readonly time: number;
  readonly msg: string;
  readonly cluster?: string;
  readonly resource?: string;
  readonly key?: string;
  readonly request?: string;
  readonly tookMs?: number;
}

/** Median milliseconds from the create's answer on, and since the stage before. */
export interface Stage {
  readonly what: string;
  readonly atMs: number;
  readonly tookMs: number;
}

/** In the order of the way of one export; undefined where a trace lacks it. */
type Marks = readonly (readonly [what: string, atMs: number | undefined])[];

export function stagesOf(runs: readonly Propagation[], logs: {readonly hub: string; readonly agent: string}): Stage[] {
  const hub = parseLines(logs.hub);
  const agent = parseLines(logs.agent);
  const all = runs.map((run) => marksOf(run, within(hub, run), within(agent, run)));
  const names = all[0]?.map(([what]) => what) ?? [];
  return names.map((what, index) => {
    const times = runs.map((run, at) => (all[at]?.[index]?.[1] ?? Number.NaN) - run.createdMs);
    const before = runs.map((run, at) => (all[at]?.[index - 1]?.[1] ?? run.sentMs) - run.createdMs);
    return {what, atMs: median(times), tookMs: median(times.map((time, at) => time - (before[at] ?? 0)))};
  });
}

export function median(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function marksOf(run: Propagation, hub: readonly TraceLine[], agent: readonly TraceLine[]): Marks {
  const {name} = run;
  const seen = hub.find((line) => isEvent(line, 'serviceexports', name) && line.cluster === EXPORTER)?.time;
  const asked = hub.filter(
    ({request = '', cluster, time}) =>
      cluster === EXPORTER && time > (seen ?? 0) && /^GET .*(\/services\/|\/endpointslices$)/.test(request),
  );
  const applied = hub.find((line) => line.cluster === CONSUMER && isApply(line, `serviceimports/${name}`));
  const imported = agent.find((line) => isEvent(line, 'serviceimports', name))?.time;
  const service = agent.find(
    ({request}) => request?.startsWith('POST ') && request.endsWith('/isthmus-system/services'),
  );
  const slices = agent.filter((line) => isApply(line, 'isthmus-system/endpointslices/', true));
  const addresses = agent.find((line) => isApply(line, `serviceimports/${name}`));
  const published = agent.findLast(({msg, time}) => msg === 'view published' && time <= run.answeredMs)?.time;
  const lastEvent = agent.findLast(({msg, time}) => msg === 'event' && time <= (published ?? 0))?.time;
  return [
    ['create answered', run.createdMs],
    ['hub sees the export', seen],
    ['hub knows its Service and readiness', latest(asked)],
    ['hub sends the import', sentAt(applied)],
    ['import answered', applied?.time],
    ['agent sees the import', imported],
    ['agent sends the derived Service', sentAt(service)],
    ['derived Service answered', service?.time],
    ['slices answered', latest(slices)],
    ['agent sees the last of them', lastEvent],
    ['view published', published],
    ['DNS answers', run.answeredMs],
    ['addresses in the import answered', addresses?.time],
  ];
}

function isEvent(line: TraceLine, resource: string, name: string): boolean {
  return line.msg === 'event' && line.resource === resource && line.key?.endsWith(`/${name}`) === true;
}

function isApply({request}: TraceLine, path: string, isPrefix = false): boolean {
  if (request?.startsWith('PATCH ') !== true) return false;
  return isPrefix ? request.includes(path) : request.endsWith(`/${path}`);
}

function sentAt(line: TraceLine | undefined): number | undefined {
  return line && line.time - (line.tookMs ?? 0);
}

function latest(lines: readonly TraceLine[]): number | undefined {
  return lines.length === 0 ? undefined : Math.max(...lines.map(({time}) => time));
}

function within(lines: readonly TraceLine[], {sentMs, answeredMs}: Propagation): TraceLine[] {
  return lines.filter(({time}) => time >= sentMs && time <= answeredMs + 50);
}

function parseLines(text: string): TraceLine[] {
  return text.split('\n').flatMap((line) => (line.startsWith('{') && line.endsWith('}') ? [JSON.parse(line)] : []));
}
