import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listType,
  mapType,
  NULL,
  opaqueType,
  optionalType,
  STRING,
  TIMESTAMP,
  TYPE,
  UINT,
} from './types.ts';
import type {CelType} from './types.ts';
import type {Fault, CelValue, Result} from './values.ts';
import type {Meter} from './meter.ts';

/** One way to call a function. */
export interface Overload {
  /** Called as `first.name(rest)`; otherwise as `name(all)`. */
  readonly member: boolean;
  /** The receiver of a member function is the first. */
  readonly args: readonly CelType[];
  readonly result: CelType;
  /** Charged before the call. Without it a call costs 1. */
  readonly cost: (args: readonly CelValue[]) => number;
  readonly call: (args: readonly CelValue[], meter: Meter) => Result;
}

/** Functions by name; a function is its overloads. */
export type Library = ReadonlyMap<string, readonly Overload[]>;

const NAMES: Readonly<Record<string, CelType>> = {
  bool: BOOL,
  int: INT,
  uint: UINT,
  double: DOUBLE,
  string: STRING,
  bytes: BYTES,
  null: NULL,
  dyn: DYN,
  type: TYPE,
  timestamp: TIMESTAMP,
  duration: DURATION,
};

function splitTypes(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (const [index, character] of Array.from(text).entries()) {
    if (character === '<') depth += 1;
    else if (character === '>') depth -= 1;
    else if (character === ',' && depth === 0) {
      parts.push(text.slice(from, index));
      from = index + 1;
    }
  }
  return [...parts, text.slice(from)].map((part) => part.trim()).filter((part) => part !== '');
}

/** A type of a signature: `list<A>`, `map<string, dyn>`, `optional<A>`, `net.IP`; one capital letter is a parameter. */
export function readType(text: string): CelType {
  const known = NAMES[text];
  if (known !== undefined) return known;
  if (/^[A-Z]$/.test(text)) return {kind: 'param', name: text};
  const generic = /^(?<name>list|map|optional|type)<(?<inner>.*)>$/.exec(text)?.groups;
  if (generic === undefined) return opaqueType(text);
  const [first = DYN, second = DYN] = splitTypes(generic['inner'] ?? '').map(readType);
  switch (generic['name']) {
    case 'list':
      return listType(first);
    case 'map':
      return mapType(first, second);
    case 'type':
      return {kind: 'type', of: first};
    case undefined:
    default:
      return optionalType(first);
  }
}

export type Implementation<Args extends readonly CelValue[]> = (args: Args, meter: Meter) => Result;

/**
 * An overload from its signature, `string.(int, string): bool` for a member and `(A, A): bool` for a function. `Args` are the value
 * classes of the arguments: dispatch has checked them against the signature before the call.
 */
export function overload<Args extends readonly CelValue[]>(
  signature: string,
  call: Implementation<Args>,
  cost: (args: Args) => number = () => 1,
): Overload {
  const match = /^(?<receiver>[^()]*)\((?<args>.*)\): (?<result>.+)$/.exec(signature)?.groups ?? {};
  const receiver = (match['receiver'] ?? '').replace(/\.$/, '');
  return {
    member: receiver !== '',
    args: [...(receiver === '' ? [] : [receiver]), ...splitTypes(match['args'] ?? '')].map(readType),
    result: readType(match['result'] ?? 'dyn'),
    cost: (args) => cost(args as unknown as Args),
    call: (args, meter) => call(args as unknown as Args, meter),
  };
}

/** Joins libraries; overloads of one name are tried in order. */
export function joinLibraries(libraries: readonly Library[]): Library {
  const joined = new Map<string, readonly Overload[]>();
  for (const library of libraries) {
    for (const [name, overloads] of library) joined.set(name, [...(joined.get(name) ?? []), ...overloads]);
  }
  return joined;
}

/** The value, unless a budget ran out while it was made. */
export function unless(spent: Fault | undefined, value: () => Result): Result {
  return spent ?? value();
}
