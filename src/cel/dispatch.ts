import {
  CelList,
  CelMap,
  Duration,
  Fault,
  Opaque,
  OptionalValue,
  Timestamp,
  TypeValue,
  Uint,
  valueTypeName,
} from './values.ts';
import type {CelValue, Result} from './values.ts';
import {LIST_ENTRY_BYTES} from './limits.ts';
import type {CelType, PrimitiveName} from './types.ts';
import type {Meter} from './meter.ts';
import type {Overload} from './signature.ts';

function isPrimitive(value: CelValue, name: PrimitiveName): boolean {
  switch (name) {
    case 'bool':
      return typeof value === 'boolean';
    case 'int':
      return typeof value === 'bigint';
    case 'double':
      return typeof value === 'number';
    case 'string':
      return typeof value === 'string';
    case 'uint':
      return value instanceof Uint;
    case 'bytes':
      return value instanceof Uint8Array;
    case 'null_type':
      return value === null;
    case 'google.protobuf.Timestamp':
      return value instanceof Timestamp;
    case 'google.protobuf.Duration':
      return value instanceof Duration;
  }
}

/** Whether a value may be an argument of this type. Containers are not looked into. */
function fits(value: CelValue, type: CelType): boolean {
  switch (type.kind) {
    case 'primitive':
      return isPrimitive(value, type.name);
    case 'list':
      return value instanceof CelList;
    case 'map':
    case 'object':
      return value instanceof CelMap;
    case 'opaque':
      return type.name === 'optional_type'
        ? value instanceof OptionalValue
        : value instanceof Opaque && value.type.name === type.name;
    case 'type':
      return value instanceof TypeValue;
    case 'dyn':
    case 'error':
    case 'param':
    default:
      return true;
  }
}

/** Bytes a call made: of results that have a type of their own; one of a parameter's type is an argument or part of one. */
function madeBytes(type: CelType, result: Result): number {
  if (typeof result === 'string') return type.kind === 'primitive' ? result.length : 0;
  if (result instanceof Uint8Array) return result.length;
  if (type.kind === 'list' && result instanceof CelList) return result.size * LIST_ENTRY_BYTES;
  return 0;
}

/** Calls the first overload the arguments fit. Its cost is charged first: a call that can't be afforded doesn't run. */
export function dispatch(
  name: string,
  overloads: readonly Overload[],
  args: readonly CelValue[],
  meter: Meter,
): Result {
  for (const each of overloads) {
    if (each.args.length !== args.length || !each.args.every((type, index) => fits(args[index] ?? null, type)))
      continue;
    const spent = meter.charge(each.cost(args));
    if (spent !== undefined) return spent;
    const result = each.call(args, meter);
    return meter.allocate(madeBytes(each.result, result)) ?? result;
  }
  if (/^[_!@-]/.test(name)) return new Fault('no such overload');
  return new Fault(`no such overload: ${name}(${args.map(valueTypeName).join(', ')})`);
}
