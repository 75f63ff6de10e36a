import {CelList, CelMap, Duration, Fault, Timestamp, TypeValue, Uint, valueTypeName} from '../values.ts';
import type {CelValue, Result} from '../values.ts';
import {formatDuration, formatTimestamp} from '../time.ts';
import {LIST_ENTRY_BYTES, MAX_STRING_LENGTH} from '../limits.ts';
import type {Meter} from '../meter.ts';

const QUOTED: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

/** `strings.quote`: a double-quoted literal of the text. */
export function quoteString(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is escaped
  return `"${text.toWellFormed().replaceAll(/[\x07\b\f\n\r\t\v\\"]/g, (character) => QUOTED[character] ?? character)}"`;
}

/** Text that grows within a budget: every piece is charged before it is added. */
class Output {
  readonly #parts: string[] = [];
  readonly #meter: Meter;
  #size = 0;

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  add(text: string): Fault | undefined {
    this.#size += text.length;
    if (this.#size > MAX_STRING_LENGTH) return new Fault('string is too long');
    this.#parts.push(text);
    return this.#meter.charge(0.1 + text.length * 0.1) ?? this.#meter.allocate(LIST_ENTRY_BYTES + text.length);
  }

  get text(): string {
    return this.#parts.join('');
  }
}

function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  return decimal(value);
}

/** All digits, without an exponent. */
function decimal(value: number): string {
  const text = String(value);
  const match = /^(?<sign>-?)(?<whole>\d+)(?:\.(?<fraction>\d+))?e(?<exponent>[+-]\d+)$/.exec(text)?.groups;
  if (match === undefined) return text;
  const {sign = '', whole = '', fraction = '', exponent = '0'} = match;
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return sign + digits.padEnd(point, '0');
}

/** `%s`: any value, containers included; map entries by their keys' text. */
function writeValue(value: CelValue, out: Output): Fault | undefined {
  switch (typeof value) {
    case 'string':
      return out.add(value);
    case 'boolean':
    case 'bigint':
      return out.add(String(value));
    case 'number':
      return out.add(doubleText(value));
    case 'function':
    case 'object':
    case 'symbol':
    case 'undefined':
    default:
      return writeObject(value, out);
  }
}

function writeObject(value: Exclude<CelValue, string | boolean | bigint | number>, out: Output): Fault | undefined {
  if (value === null) return out.add('null');
  if (value instanceof Uint) return out.add(String(value.value));
  if (value instanceof Timestamp) return out.add(formatTimestamp(value.nanos));
  if (value instanceof Duration) return out.add(formatDuration(value.nanos));
  if (value instanceof TypeValue) return out.add(value.name);
  if (value instanceof Uint8Array) return out.add(new TextDecoder().decode(value));
  if (value instanceof CelList) return writeList(value, out);
  if (value instanceof CelMap) return writeMap(value, out);
  return new Fault(
    `error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given ${valueTypeName(value)}`,
  );
}

function writeList(list: CelList, out: Output): Fault | undefined {
  let fault = out.add('[');
  for (let index = 0; index < list.size && fault === undefined; index += 1) {
    const item = list.at(index);
    fault = (index === 0 ? undefined : out.add(', ')) ?? (item instanceof Fault ? item : writeValue(item, out));
  }
  return fault ?? out.add(']');
}

function writeMap(map: CelMap, out: Output): Fault | undefined {
  const keys = [...map.keys()].map((key) => ({key, text: key instanceof Uint ? String(key.value) : String(key)}));
  let fault = out.add('{');
  for (const [index, {key, text}] of keys.toSorted((a, b) => (a.text < b.text ? -1 : 1)).entries()) {
    const value = map.get(key) ?? null;
    fault ??=
      (index === 0 ? undefined : out.add(', ')) ??
      out.add(`${text}: `) ??
      (value instanceof Fault ? value : writeValue(value, out));
  }
  return fault ?? out.add('}');
}

function integerOf(value: CelValue): bigint | undefined {
  return typeof value === 'bigint' ? value : value instanceof Uint ? value.value : undefined;
}

function decimalClause(value: CelValue): string | Fault {
  const integer = integerOf(value);
  if (integer !== undefined) return String(integer);
  if (typeof value === 'number') return doubleText(value);
  return new Fault(
    `error during formatting: decimal clause can only be used on integers, was given ${valueTypeName(value)}`,
  );
}

function binaryClause(value: CelValue): string | Fault {
  if (typeof value === 'boolean') return value ? '1' : '0';
  const integer = integerOf(value);
  if (integer !== undefined) return integer.toString(2);
  return new Fault(
    `error during formatting: only integers and bools can be formatted as binary, was given ${valueTypeName(value)}`,
  );
}

function octalClause(value: CelValue): string | Fault {
  const integer = integerOf(value);
  if (integer !== undefined) return integer.toString(8);
  return new Fault(
    `error during formatting: octal clause can only be used on integers, was given ${valueTypeName(value)}`,
  );
}

function hexClause(value: CelValue, upper: boolean): string | Fault {
  const integer = integerOf(value);
  let text: string | undefined = integer?.toString(16);
  if (typeof value === 'string') text = Buffer.from(value).toString('hex');
  if (value instanceof Uint8Array) text = Buffer.from(value).toString('hex');
  if (text !== undefined) return upper ? text.toUpperCase() : text;
  return new Fault(
    `error during formatting: only integers, byte buffers, and strings can be formatted as hex, was given ${valueTypeName(value)}`,
  );
}

function numberOf(value: CelValue): number | undefined {
  if (typeof value === 'number') return value;
  const integer = integerOf(value);
  return integer === undefined ? undefined : Number(integer);
}

/** Go's %f, whose digits are exact and whose ties go to even; JavaScript's toFixed is exact below 1e21. */
function fixedClause(value: CelValue, precision: number): string | Fault {
  const number = numberOf(value);
  if (number === undefined)
    return new Fault(
      `error during formatting: fixed-point clause can only be used on doubles, was given ${valueTypeName(value)}`,
    );
  if (!Number.isFinite(number)) return doubleText(number);
  const exact =
    Math.abs(number) < 1e21
      ? number.toFixed(precision)
      : `${BigInt(number)}${precision === 0 ? '' : `.${'0'.repeat(precision)}`}`;
  return isTie(number, precision) ? evenTie(number, precision, exact) : exact;
}

function isTie(number: number, precision: number): boolean {
  const scaled = Math.abs(number) * 10 ** precision;
  return scaled < 2 ** 52 && scaled - Math.floor(scaled) === 0.5 && precision < 16;
}

function evenTie(number: number, precision: number, up: string): string {
  const floor = Math.floor(Math.abs(number) * 10 ** precision);
  return floor % 2 === 0 ? `${number < 0 ? '-' : ''}${(floor / 10 ** precision).toFixed(precision)}` : up;
}

function scientificClause(value: CelValue, precision: number): string | Fault {
  const number = numberOf(value);
  if (number === undefined)
    return new Fault(
      `error during formatting: scientific clause can only be used on doubles, was given ${valueTypeName(value)}`,
    );
  if (!Number.isFinite(number)) return doubleText(number);
  return number.toExponential(precision).replace(/e(?<sign>[+-])(?<digits>\d)$/, 'e$<sign>0$<digits>');
}

const CLAUSES = /%(?:\.(?<precision>\d{1,9}))?(?<verb>.?)/gsu;

function clause(verb: string, precision: string | undefined, value: CelValue, out: Output): Fault | undefined {
  const digits = Number(precision ?? '6');
  if (digits > 100) return new Fault(`error during formatting: precision ${digits} is too large`);
  const text = clauseText(verb, digits, value);
  if (text === undefined)
    return verb === 's'
      ? writeValue(value, out)
      : new Fault(`could not parse formatting clause: unrecognized formatting clause "${verb}"`);
  return text instanceof Fault ? text : out.add(text);
}

function clauseText(verb: string, digits: number, value: CelValue): string | Fault | undefined {
  switch (verb) {
    case 'd':
      return decimalClause(value);
    case 'f':
      return fixedClause(value, digits);
    case 'e':
      return scientificClause(value, digits);
    case 'b':
      return binaryClause(value);
    case 'x':
      return hexClause(value, false);
    case 'X':
      return hexClause(value, true);
    case 'o':
      return octalClause(value);
    default:
      return undefined;
  }
}

/** `string.format(list)`. */
export function formatString(format: string, list: CelList, meter: Meter): Result {
  const out = new Output(meter);
  let from = 0;
  let next = 0;
  for (const match of format.matchAll(CLAUSES)) {
    const {precision, verb = ''} = match.groups ?? {};
    let fault = out.add(format.slice(from, match.index));
    from = match.index + match[0].length;
    if (verb === '%') fault ??= out.add('%');
    else if (verb === '') fault ??= new Fault('could not parse formatting clause: unexpected end of string');
    else if (next >= list.size) fault ??= new Fault(`index ${next} out of range`);
    else {
      const value = list.at(next);
      next += 1;
      fault ??= value instanceof Fault ? value : clause(verb, precision, value, out);
    }
    if (fault !== undefined) return fault;
  }
  return out.add(format.slice(from)) ?? out.text;
}
