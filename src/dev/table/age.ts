const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

/** How ages are cut down: below `until` two units, or one where the second is missing or zero. All in seconds. */
const steps: readonly {
  readonly until: number;
  readonly unit: number;
  readonly name: string;
  readonly rest?: readonly [number, string];
}[] = [
  {until: 2 * minute, unit: 1, name: 's'},
  {until: 10 * minute, unit: minute, name: 'm', rest: [1, 's']},
  {until: 3 * hour, unit: minute, name: 'm'},
  {until: 8 * hour, unit: hour, name: 'h', rest: [minute, 'm']},
  {until: 2 * day, unit: hour, name: 'h'},
  {until: 8 * day, unit: day, name: 'd', rest: [hour, 'h']},
  {until: 2 * year, unit: day, name: 'd'},
  {until: 8 * year, unit: year, name: 'y', rest: [day, 'd']},
  {until: Infinity, unit: year, name: 'y'},
];

/** An age as kubectl's tables show it (`6m6s`, `47h`, `3d4h`). Up to two seconds in the future count as now: clocks differ. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  const step = steps.find(({until}) => seconds < until);
  if (step === undefined) return '<invalid>';
  const whole = `${Math.floor(seconds / step.unit)}${step.name}`;
  if (step.rest === undefined) return whole;
  const [unit, name] = step.rest;
  const rest = Math.floor((seconds % step.unit) / unit);
  return rest === 0 ? whole : `${whole}${rest}${name}`;
}

/** The time since an RFC 3339 timestamp; `<unknown>` where there is none. */
export function humanAge(timestamp: unknown, nowMs: number): string {
  if (typeof timestamp !== 'string') return '<unknown>';
  const since = Date.parse(timestamp);
  return Number.isNaN(since) ? '<invalid>' : humanDuration(nowMs - since);
}
