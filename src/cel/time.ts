const NANOS_PER_SECOND = 1_000_000_000n;

/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z, the ends of google.protobuf.Timestamp. */
const MIN_TIMESTAMP = -62_135_596_800n * NANOS_PER_SECOND;
const MAX_TIMESTAMP = 253_402_300_800n * NANOS_PER_SECOND - 1n;

const MAX_DURATION = 2n ** 63n - 1n;

export function isTimestampInRange(nanos: bigint): boolean {
  return nanos >= MIN_TIMESTAMP && nanos <= MAX_TIMESTAMP;
}

export function isDurationInRange(nanos: bigint): boolean {
  return nanos >= -MAX_DURATION - 1n && nanos <= MAX_DURATION;
}

const RFC3339 =
  /^(?<date>\d{4}-\d{2}-\d{2})[Tt](?<time>\d{2}:\d{2}:\d{2})(?:\.(?<fraction>\d{1,9})\d*)?(?<zone>[Zz]|(?<sign>[+-])(?<hours>\d{2}):(?<minutes>\d{2}))$/;

/** Nanoseconds since the epoch of an RFC 3339 time. Undefined: not one, no such day, or out of range. */
export function parseTimestamp(text: string): bigint | undefined {
  const groups = RFC3339.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const {date = '', time = '', fraction = '', sign, hours = '0', minutes = '0'} = groups;
  const millis = Date.parse(`${date}T${time}Z`);
  // Date.parse rolls 30 February over; RFC 3339 has no such day.
  if (Number.isNaN(millis) || new Date(millis).toISOString().slice(0, 19) !== `${date}T${time}`) return undefined;
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined;
  const offset = (Number(hours) * 60 + Number(minutes)) * 60 * (sign === '-' ? -1 : 1);
  const nanos = (BigInt(millis) / 1000n - BigInt(offset)) * NANOS_PER_SECOND + BigInt(fraction.padEnd(9, '0'));
  return isTimestampInRange(nanos) ? nanos : undefined;
}

/** Whole seconds and the nanoseconds above them, also before the epoch. */
export function splitNanos(nanos: bigint): {readonly seconds: bigint; readonly rest: bigint} {
  const rest = ((nanos % NANOS_PER_SECOND) + NANOS_PER_SECOND) % NANOS_PER_SECOND;
  return {seconds: (nanos - rest) / NANOS_PER_SECOND, rest};
}

/** RFC 3339 in UTC with as many fraction digits as there are, Go's RFC3339Nano. */
export function formatTimestamp(nanos: bigint): string {
  const {seconds, rest} = splitNanos(nanos);
  const head = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const fraction = rest.toString().padStart(9, '0').replace(/0+$/, '');
  return fraction === '' ? `${head}Z` : `${head}.${fraction}Z`;
}

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: NANOS_PER_SECOND,
  m: 60n * NANOS_PER_SECOND,
  h: 3600n * NANOS_PER_SECOND,
};

/** Nanoseconds of a Go duration (`1h30m`, `-1.5s`). Undefined: not one, or more than 64 bits. */
export function parseDuration(text: string): bigint | undefined {
  // 19 digits and a unit a part: longer texts are out of range or absurd, and BigInt takes quadratic time.
  if (text.length > 200) return undefined;
  const match = /^(?<sign>[+-]?)(?<parts>(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+))$/.exec(text);
  if (match === null) return undefined;
  let total = 0n;
  for (const part of (match.groups?.['parts'] ?? '').matchAll(
    /(?<whole>\d*)(?:\.(?<fraction>\d*))?(?<unit>ns|us|µs|μs|ms|s|m|h)/g,
  )) {
    const {whole = '', fraction = '', unit = ''} = part.groups ?? {};
    const scale = UNITS[unit] ?? 1n;
    total += BigInt(whole === '' ? '0' : whole) * scale;
    if (fraction !== '') total += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
  }
  const nanos = match.groups?.['sign'] === '-' ? -total : total;
  return isDurationInRange(nanos) ? nanos : undefined;
}

/** `string(duration)`: seconds with the fraction they have, `90.5s`. */
export function formatDuration(nanos: bigint): string {
  const sign = nanos < 0n ? '-' : '';
  const size = nanos < 0n ? -nanos : nanos;
  const fraction = (size % NANOS_PER_SECOND).toString().padStart(9, '0').replace(/0+$/, '');
  return `${sign}${size / NANOS_PER_SECOND}${fraction === '' ? '' : `.${fraction}`}s`;
}
