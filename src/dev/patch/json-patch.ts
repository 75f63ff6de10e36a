import {isDeeperThan, MAX_DEPTH} from '../schema/bounded-json.ts';
import {isObject, jsonClone, jsonEquals, setMember} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {listIndex, parsePointer, resolvePointer} from './json-pointer.ts';

export type JsonPatchResult =
  | {readonly ok: true; readonly value: unknown}
  /** `tooLarge`: refused for its size, not for what it says. */
  | {readonly ok: false; readonly message: string; readonly tooLarge?: boolean};

/** An API server refuses patches with more operations than this, and those whose copies add more bytes than a body may have. */
const mostOperations = 10_000;
const mostCopiedBytes = 3 * 1024 * 1024;

/**
 * JSON patch (RFC 6902): all operations in order, or none. The target is not changed.
 *
 * @returns the message says which operation failed and why; a kube-apiserver does not pass it on
 */
export function applyJsonPatch(target: unknown, ops: unknown): JsonPatchResult {
  if (!Array.isArray(ops)) return {ok: false, message: 'a JSON patch is a list of operations'};
  if (ops.length > mostOperations) {
    return tooLarge(`The allowed maximum operations in a JSON patch is ${mostOperations}, got ${ops.length}`);
  }
  let value = jsonClone(target);
  let copied = 0;
  for (const [i, op] of ops.entries()) {
    copied += copiedBytes(value, op);
    if (copied > mostCopiedBytes) {
      const what = `the accumulated size increase of copy is ${copied}, exceeding the limit ${mostCopiedBytes}`;
      return tooLarge(`Unable to complete the copy, ${what}`);
    }
    const result = isObject(op) ? applyOperation(value, op) : failed('it is no object');
    if (!result.ok) return failed(`operation ${i}: ${result.message}`);
    value = result.value;
  }
  return {ok: true, value};
}

function failed(message: string): JsonPatchResult & {ok: false} {
  return {ok: false, message};
}

function tooLarge(message: string): JsonPatchResult & {ok: false} {
  return {ok: false, message, tooLarge: true};
}

/** Each copy may double the object, so that a few of them would fill any memory. */
function copiedBytes(root: unknown, op: unknown): number {
  const from = isObject(op) && op['op'] === 'copy' ? pointerAt(op, 'from') : undefined;
  const found = from === undefined ? undefined : resolvePointer(root, from);
  return found === undefined ? 0 : JSON.stringify(found.value).length;
}

function applyOperation(root: unknown, op: JsonObject): JsonPatchResult {
  const path = pointerAt(op, 'path');
  if (path === undefined) return failed('path is no JSON pointer');
  switch (op['op']) {
    case 'add':
      return Object.hasOwn(op, 'value') ? add(root, path, jsonClone(op['value'])) : failed('value is missing');
    case 'remove':
      return remove(root, path);
    case 'replace':
      return Object.hasOwn(op, 'value') ? replace(root, path, jsonClone(op['value'])) : failed('value is missing');
    case 'move':
      return move(root, pointerAt(op, 'from'), path);
    case 'copy':
      return copy(root, pointerAt(op, 'from'), path);
    case 'test':
      return test(root, path, op['value']);
    default:
      return failed(`there is no operation ${JSON.stringify(op['op'])}`);
  }
}

function pointerAt(op: JsonObject, name: 'path' | 'from'): string[] | undefined {
  const pointer = op[name];
  return typeof pointer === 'string' ? parsePointer(pointer) : undefined;
}

/** §4.1: a list grows at the index, or at its end for `-`; an object's member is set, whether it was there or not. */
function add(root: unknown, path: readonly string[], value: unknown): JsonPatchResult {
  const [parents, last] = [path.slice(0, -1), path.at(-1)];
  if (last === undefined) return {ok: true, value};
  if (isDeeperThan(Math.max(MAX_DEPTH - path.length, 0), value)) return failed(`it nests deeper than ${MAX_DEPTH}`);
  const parent = resolvePointer(root, parents)?.value;
  if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : listIndex(last, parent.length + 1);
    if (index === undefined) return failed(`there is no place ${last} in the list`);
    parent.splice(index, 0, value);
  } else if (isObject(parent)) {
    setMember(parent, last, value);
  } else {
    return missing(parents);
  }
  return {ok: true, value: root};
}

/** §4.2: what is removed must be there. */
function remove(root: unknown, path: readonly string[]): JsonPatchResult {
  const last = path.at(-1);
  if (last === undefined) return failed('the whole object cannot be removed');
  if (resolvePointer(root, path) === undefined) return missing(path);
  const parent = resolvePointer(root, path.slice(0, -1))?.value;
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else if (isObject(parent)) delete parent[last];
  return {ok: true, value: root};
}

/** §4.3: as a remove and an add at the same place. */
function replace(root: unknown, path: readonly string[], value: unknown): JsonPatchResult {
  if (path.length === 0) return {ok: true, value};
  const removed = remove(root, path);
  return removed.ok ? add(removed.value, path, value) : removed;
}

/** §4.4: nothing can be moved into itself. */
function move(root: unknown, from: readonly string[] | undefined, path: readonly string[]): JsonPatchResult {
  if (from === undefined) return failed('from is no JSON pointer');
  if (from.length < path.length && from.every((token, i) => token === path[i]))
    return failed('a value cannot be moved into itself');
  const found = resolvePointer(root, from);
  if (found === undefined) return missing(from);
  if (from.length === path.length && from.every((token, i) => token === path[i])) return {ok: true, value: root};
  const removed = remove(root, from);
  return removed.ok ? add(removed.value, path, found.value) : removed;
}

function copy(root: unknown, from: readonly string[] | undefined, path: readonly string[]): JsonPatchResult {
  if (from === undefined) return failed('from is no JSON pointer');
  const found = resolvePointer(root, from);
  return found === undefined ? missing(from) : add(root, path, jsonClone(found.value));
}

/** §4.6. As in the Go library of API servers, a test for null also holds where nothing is. */
function test(root: unknown, path: readonly string[], value: unknown): JsonPatchResult {
  const found = resolvePointer(root, path);
  if (found === undefined && (value ?? null) !== null) return missing(path);
  return jsonEquals(found?.value ?? null, value ?? null) ? {ok: true, value: root} : failed('the test failed');
}

function missing(path: readonly string[]): JsonPatchResult & {ok: false} {
  return failed(`there is nothing at /${path.join('/')}`);
}
