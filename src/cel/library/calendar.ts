import {Fault} from '../values.ts';
import type {Library, Overload} from '../signature.ts';
import type {Duration, Result, Timestamp} from '../values.ts';
import {overload} from '../signature.ts';
import {splitNanos} from '../time.ts';

/** A timestamp's calendar fields in a time zone; months, days of month and days of year from 0, Sunday is 0. */
interface Calendar {
  readonly date: Date;
  readonly rest: bigint;
}

/** The platform takes some ten microseconds to tell a zone's time. */
const ZONE_COST = 50;

const ZONES = new Map<string, Intl.DateTimeFormat>();

/** Formatters are slow to make; names are checked against the platform's database, so this can't grow beyond it. */
function formatterOf(zone: string): Intl.DateTimeFormat | undefined {
  const known = ZONES.get(zone);
  if (known !== undefined) return known;
  if (!/^[A-Za-z0-9_+\-/]{1,64}$/.test(zone)) return undefined;
  try {
    const formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      hourCycle: 'h23',
    });
    if (ZONES.size < 1000) ZONES.set(zone, formatter);
    return formatter;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Seconds by which a zone is ahead of UTC at a time. Undefined: no such zone. */
function offsetOf(zone: string, seconds: number): number | undefined {
  const fixed = /^(?<sign>[+-]?)(?<hours>\d{2}):(?<minutes>\d{2})$/.exec(zone)?.groups;
  if (fixed !== undefined) {
    const size = Number(fixed['hours']) * 3600 + Number(fixed['minutes']) * 60;
    return fixed['sign'] === '-' ? -size : size;
  }
  const formatter = formatterOf(zone);
  if (formatter === undefined) return undefined;
  const parts = new Map(formatter.formatToParts(new Date(seconds * 1000)).map(({type, value}) => [type, value]));
  const part = (name: Intl.DateTimeFormatPartTypes): number => Number(parts.get(name) ?? '0');
  const year = parts.get('era') === 'BC' ? 1 - part('year') : part('year');
  const local = new Date(0);
  local.setUTCFullYear(year, part('month') - 1, part('day'));
  local.setUTCHours(part('hour'), part('minute'), part('second'));
  return local.getTime() / 1000 - seconds;
}

function calendarOf({nanos}: Timestamp, zone: string): Calendar | Fault {
  const {seconds, rest} = splitNanos(nanos);
  const offset = zone === 'UTC' || zone === '' ? 0 : offsetOf(zone, Number(seconds));
  if (offset === undefined) return new Fault(`unknown time zone ${zone}`);
  return {date: new Date((Number(seconds) + offset) * 1000), rest};
}

function dayOfYear(date: Date): number {
  const start = new Date(0);
  start.setUTCFullYear(date.getUTCFullYear(), 0, 1);
  return Math.floor((date.getTime() - start.getTime()) / 86_400_000);
}

function accessors(read: (calendar: Calendar) => number): Overload[] {
  const answer = (timestamp: Timestamp, zone: string): Result => {
    const calendar = calendarOf(timestamp, zone);
    return calendar instanceof Fault ? calendar : BigInt(read(calendar));
  };
  return [
    overload<[Timestamp]>('timestamp.(): int', ([timestamp]) => answer(timestamp, 'UTC')),
    overload<[Timestamp, string]>(
      'timestamp.(string): int',
      ([timestamp, zone]) => answer(timestamp, zone),
      () => ZONE_COST,
    ),
  ];
}

function total(unit: bigint): Overload {
  return overload<[Duration]>('duration.(): int', ([{nanos}]) => nanos / unit);
}

/** Parts of timestamps (UTC, or a zone by name or offset) and of durations. */
export const CALENDAR: Library = new Map<string, readonly Overload[]>([
  ['getFullYear', accessors(({date}) => date.getUTCFullYear())],
  ['getMonth', accessors(({date}) => date.getUTCMonth())],
  ['getDayOfYear', accessors(({date}) => dayOfYear(date))],
  ['getDayOfMonth', accessors(({date}) => date.getUTCDate() - 1)],
  ['getDate', accessors(({date}) => date.getUTCDate())],
  ['getDayOfWeek', accessors(({date}) => date.getUTCDay())],
  ['getHours', [...accessors(({date}) => date.getUTCHours()), total(3_600_000_000_000n)]],
  ['getMinutes', [...accessors(({date}) => date.getUTCMinutes()), total(60_000_000_000n)]],
  ['getSeconds', [...accessors(({date}) => date.getUTCSeconds()), total(1_000_000_000n)]],
  [
    'getMilliseconds',
    [
      ...accessors(({rest}) => Number(rest / 1_000_000n)),
      overload<[Duration]>('duration.(): int', ([{nanos}]) => (nanos / 1_000_000n) % 1000n),
    ],
  ],
]);
