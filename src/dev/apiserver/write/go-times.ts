import {isObject, setMember} from '../../schema/json.ts';
import type {JsonObject} from '../../schema/json.ts';
import {memberSchema} from '../../schema/schema.ts';
import type {Schema} from '../../schema/schema.ts';

/** One of Go's layouts for times: what is read, and how it is written again. */
interface Layout {
  readonly shown: string;
  readonly fraction: RegExp;
  readonly fractionShown: string;
  readonly decimals: 0 | 6;
}

const TIME: Layout = {shown: '2006-01-02T15:04:05Z07:00', fraction: /^(\.\d+)?/, fractionShown: '', decimals: 0};
const MICRO_TIME: Layout = {
  shown: '2006-01-02T15:04:05.000000Z07:00',
  fraction: /^\.\d{6}/,
  fractionShown: '.000000',
  decimals: 6,
};
const LAYOUTS: Readonly<Record<string, Layout>> = {'date-time': TIME, 'micro-time': MICRO_TIME};

export interface DecodedTimes {
  readonly value: unknown;
  /** Of the first text that is no time, in the words of Go's `time.Parse`. */
  readonly error: string | undefined;
}

/**
 * The times of a built-in kind as Go reads and writes them: `metav1.Time` is cut to seconds, `metav1.MicroTime` must have exactly six
 * decimals, both come back in UTC (apiserver-errors.md §2.3). Custom kinds keep the text that was sent.
 */
export function decodeTimes(schema: Schema, value: unknown): DecodedTimes {
  const errors: string[] = [];
  const decoded = decode(schema, value, (error) => errors.push(error));
  return {value: decoded, error: errors[0]};
}

function decode(schema: Schema, value: unknown, fail: (error: string) => void): unknown {
  if (typeof value === 'string') {
    const layout = LAYOUTS[schema.format ?? ''];
    return layout === undefined ? value : decodeTime(value, layout, fail);
  }
  if (Array.isArray(value)) {
    const {items} = schema;
    return items === undefined ? value : value.map((item) => decode(items, item, fail));
  }
  if (!isObject(value)) return value;
  const copy: JsonObject = {...value};
  for (const [name, child] of Object.entries(value)) {
    const member = memberSchema(schema, name);
    if (member !== undefined) setMember(copy, name, decode(member, child, fail));
  }
  return copy;
}

const SECONDS = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}/;
const ZONE = /^(Z|[+-]\d{2}:\d{2})$/;

function decodeTime(text: string, layout: Layout, fail: (error: string) => void): string {
  const cannot = (rest: string, part: string): string => {
    fail(`parsing time "${text}" as "${layout.shown}": cannot parse "${rest}" as "${part}"`);
    return text;
  };
  const seconds = SECONDS.exec(text)?.[0];
  if (seconds === undefined || Number.isNaN(Date.parse(`${seconds}Z`))) return cannot(text, '2006');
  const rest = text.slice(seconds.length);
  const fraction = layout.fraction.exec(rest)?.[0];
  if (fraction === undefined) return cannot(rest, layout.fractionShown);
  const zone = rest.slice(fraction.length);
  if (!ZONE.test(zone)) return cannot(zone, 'Z07:00');
  const utc = new Date(`${seconds}${zone}`).toISOString().slice(0, seconds.length);
  return `${utc}${layout.decimals === 0 ? '' : fraction}Z`;
}
