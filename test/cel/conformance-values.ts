import {anyUnpack} from '@bufbuild/protobuf/wkt';
import type {ExprValue} from '@bufbuild/cel-spec/cel/expr/eval_pb.js';
import type {Type} from '@bufbuild/cel-spec/cel/expr/checked_pb.js';
import type {Value} from '@bufbuild/cel-spec/cel/expr/value_pb.js';
import {getTestRegistry} from '@bufbuild/cel-spec/testdata/registry.js';

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
  STRING,
  TIMESTAMP,
  UINT,
} from '../../src/cel/types.ts';
import type {CelType} from '../../src/cel/types.ts';
import {
  ArrayList,
  CelList,
  CelMap,
  Duration,
  EntryMap,
  Fault,
  isMapKey,
  OptionalValue,
  Timestamp,
  TypeValue,
  Uint,
} from '../../src/cel/values.ts';
import type {CelValue} from '../../src/cel/values.ts';

const registry = getTestRegistry();

/** Says that a test needs what this implementation has not: protobuf messages. */
export class Unsupported extends Error {}

function messageValue(any: Extract<Value['kind'], {case: 'objectValue'}>['value']): CelValue {
  const message = anyUnpack(any, registry);
  if (message?.$typeName === 'google.protobuf.Timestamp' || message?.$typeName === 'google.protobuf.Duration') {
    const {seconds, nanos} = message as unknown as {readonly seconds: bigint; readonly nanos: number};
    const total = seconds * 1_000_000_000n + BigInt(nanos);
    return message.$typeName === 'google.protobuf.Timestamp' ? new Timestamp(total) : new Duration(total);
  }
  throw new Unsupported(`message ${any.typeUrl}`);
}

/** A published value as a value of ours. */
export function valueOf({kind}: Value): CelValue {
  switch (kind.case) {
    case 'nullValue':
      return null;
    case 'uint64Value':
      return new Uint(kind.value);
    case 'listValue':
      return new ArrayList(kind.value.values.map(valueOf));
    case 'mapValue':
      return mapOf(kind.value.entries.map(({key, value}) => [key, value]));
    case 'objectValue':
      return messageValue(kind.value);
    case 'typeValue':
      return new TypeValue(kind.value);
    case 'boolValue':
    case 'int64Value':
    case 'doubleValue':
    case 'stringValue':
    case 'bytesValue':
      return kind.value;
    case undefined:
    case 'enumValue':
    default:
      throw new Unsupported(`value ${kind.case}`);
  }
}

function mapOf(entries: readonly (readonly [Value | undefined, Value | undefined])[]): CelMap {
  const map = new EntryMap();
  for (const [key, value] of entries) {
    if (key === undefined || value === undefined) throw new Unsupported('entry without key or value');
    const name = valueOf(key);
    if (isMapKey(name)) map.add(name, valueOf(value));
  }
  return map;
}

export function bindingOf({kind}: ExprValue): CelValue {
  if (kind.case === 'value') return valueOf(kind.value);
  throw new Unsupported(`binding ${kind.case}`);
}

const WELL_KNOWN: readonly (CelType | undefined)[] = [undefined, DYN, TIMESTAMP, DURATION];
const PRIMITIVE: readonly (CelType | undefined)[] = [undefined, BOOL, INT, UINT, DOUBLE, STRING, BYTES];

/** A published type as a type of ours. */
export function typeOf({typeKind}: Type): CelType {
  switch (typeKind.case) {
    case 'dyn':
      return DYN;
    case 'null':
      return NULL;
    case 'primitive':
      return PRIMITIVE[typeKind.value] ?? DYN;
    case 'wellKnown':
      return WELL_KNOWN[typeKind.value] ?? DYN;
    case 'listType':
      return listType(typeKind.value.elemType === undefined ? DYN : typeOf(typeKind.value.elemType));
    case 'mapType':
      return mapType(
        typeKind.value.keyType === undefined ? DYN : typeOf(typeKind.value.keyType),
        typeKind.value.valueType === undefined ? DYN : typeOf(typeKind.value.valueType),
      );
    case 'typeParam':
      return {kind: 'param', name: typeKind.value};
    case 'type':
      return {kind: 'type', of: typeOf(typeKind.value)};
    case 'abstractType':
      return {...opaqueType(typeKind.value.name), parameters: typeKind.value.parameterTypes.map(typeOf)} as CelType;
    case undefined:
    case 'error':
    case 'function':
    case 'messageType':
    case 'wrapper':
    default:
      throw new Unsupported(`type ${typeKind.case}`);
  }
}

/** A value as text that is equal for values the published data takes for equal. */
export function shown(value: CelValue): unknown {
  if (typeof value === 'bigint') return `int ${value}`;
  if (typeof value === 'number') return `double ${Object.is(value, -0) ? 0 : value}`;
  if (value instanceof Uint) return `uint ${value.value}`;
  if (value instanceof Timestamp) return `timestamp ${value.nanos}`;
  if (value instanceof Duration) return `duration ${value.nanos}`;
  if (value instanceof TypeValue) return `type ${value.name}`;
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (value instanceof OptionalValue) return value.value === undefined ? {none: true} : {of: shown(value.value)};
  if (value instanceof CelList) return Array.from({length: value.size}, (_, index) => shownResult(value.at(index)));
  if (value instanceof CelMap) {
    const entries = [...value.keys()].map(
      (key) => [JSON.stringify(shown(key)), shownResult(value.get(key) ?? null)] as const,
    );
    return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }
  return value;
}

function shownResult(value: CelValue | Fault): unknown {
  return value instanceof Fault ? `fault ${value.message}` : shown(value);
}
