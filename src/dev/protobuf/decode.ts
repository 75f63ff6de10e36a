import {IsthmusError} from '../../errors.ts';
import {setMember, stringAt} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {messageOfKind} from './tables/messages.ts';
import type {Field, FieldType, Message} from './tables/messages.ts';
import {malformed, readFields} from './wire.ts';

/** "k8s" and a zero byte stand before the `runtime.Unknown` that wraps every object. */
const magic = [0x6b, 0x38, 0x73, 0x00];

/**
 * Reads a body of `application/vnd.kubernetes.protobuf` as the JSON object it stands for. kubectl writes empty strings and zeros as present
 * fields; they count as unset.
 *
 * @throws IsthmusError ISTHMUS_DEV_CLUSTER for bytes that are no such body, a kind that is not in the tables, or a field that the tables
 * don't know and that is not empty: nothing is dropped silently
 */
export function decodeKubernetesProtobuf(body: Uint8Array): JsonObject {
  if (magic.some((byte, i) => body[i] !== byte)) throw malformed('it does not begin as a Kubernetes object');
  const wrapper = fieldMap(body.subarray(magic.length));
  const type = decodeMessage(
    {1: {name: 'apiVersion', type: 'string'}, 2: {name: 'kind', type: 'string'}},
    bytesOf(wrapper.get(1)),
  );
  const name = `${stringAt(type, 'apiVersion') ?? ''}/${stringAt(type, 'kind') ?? ''}`;
  const message = Object.hasOwn(messageOfKind, name) ? messageOfKind[name] : undefined;
  if (message === undefined) {
    throw new IsthmusError('ISTHMUS_DEV_CLUSTER', `${name} cannot be read from protobuf; send it as JSON`, {
      kind: name,
    });
  }
  return {...type, metadata: {}, ...decodeMessage(message, bytesOf(wrapper.get(2)))};
}

function fieldMap(bytes: Uint8Array): Map<number, bigint | Uint8Array> {
  return new Map(readFields(bytes).map(({number, value}) => [number, value]));
}

function decodeMessage(message: Message, bytes: Uint8Array): JsonObject {
  const object: JsonObject = {};
  for (const {number, value} of readFields(bytes)) {
    const field = message[number];
    if (field === undefined) {
      if (!isEmptyWire(value))
        throw malformed(`field ${number} of a message is not known here; send the object as JSON`);
      continue;
    }
    store(object, field, value);
  }
  return object;
}

function isEmptyWire(value: bigint | Uint8Array): boolean {
  return typeof value === 'bigint' ? value === 0n : value.length === 0;
}

function store(object: JsonObject, field: Field, wire: bigint | Uint8Array): void {
  if (field.type === 'stringMap' || field.type === 'bytesMap') {
    const entry = fieldMap(bytesOf(wire));
    const map = (object[field.name] ??= {}) as JsonObject;
    const value = bytesOf(entry.get(2));
    setMember(
      map,
      textOf(bytesOf(entry.get(1))),
      field.type === 'bytesMap' ? Buffer.from(value).toString('base64') : textOf(value),
    );
    return;
  }
  const value = decodeValue(field.type, wire);
  if (field.repeated === true) object[field.name] = [...((object[field.name] ?? []) as unknown[]), value ?? ''];
  else if (value !== undefined) object[field.name] = value;
}

function decodeValue(type: Exclude<FieldType, 'stringMap' | 'bytesMap'>, wire: bigint | Uint8Array): unknown {
  if (typeof type === 'object') {
    const object = decodeMessage(type.message, bytesOf(wire));
    return Object.keys(object).length === 0 ? undefined : object;
  }
  switch (type) {
    case 'string':
      return textOf(bytesOf(wire)) || undefined;
    case 'bytes':
      return Buffer.from(bytesOf(wire)).toString('base64') || undefined;
    case 'int':
      return Number(wire);
    case 'number':
      return Number(wire) || undefined;
    case 'bool':
      return wire !== 0n;
    case 'flag':
      return wire === 0n ? undefined : true;
    case 'time':
      return timeOf(bytesOf(wire));
    case 'intOrString':
      return intOrStringOf(bytesOf(wire));
    case 'ignored':
      return undefined;
    default:
      return type satisfies never;
  }
}

/** `metav1.Time`: 1 seconds, 2 nanoseconds; only seconds are kept. */
function timeOf(bytes: Uint8Array): string | undefined {
  const seconds = Number(fieldMap(bytes).get(1) ?? 0n);
  return seconds === 0 ? undefined : `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}

/** `intstr.IntOrString`: 1 which of the two, 2 the number, 3 the text. An unset one reads as 0, which is no port. */
function intOrStringOf(bytes: Uint8Array): number | string | undefined {
  const fields = fieldMap(bytes);
  if (fields.get(1) === 1n) return textOf(bytesOf(fields.get(3)));
  return Number(fields.get(2) ?? 0n) || undefined;
}

function bytesOf(wire: bigint | Uint8Array | undefined): Uint8Array {
  if (wire === undefined) return new Uint8Array();
  if (typeof wire === 'bigint') throw malformed('a number stands where bytes are due');
  return wire;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
