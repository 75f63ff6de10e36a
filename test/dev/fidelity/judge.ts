import {expect} from 'vitest';
import type {Answer} from '../apiserver/support/http-client.ts';
import {owner} from './answers.ts';
import type {Expected} from './row.ts';

const UID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const JWT = /eyJ[\w-]+\.[\w-]+\.[\w-]+/g;
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z(?!\d)/g;

/** Fails unless the answer is what a row says. */
export function judge(answer: Answer, expected: Expected): void {
  expect([answer.status, answer.text]).toEqual([expected.code, expected.text ?? answer.text]);
  if (expected.status !== undefined) expect(statusOf(answer)).toEqual(inOrder(expected.status));
  const body = withinOneSecond(answer.body);
  if (expected.object !== undefined) expect(body).toMatchObject(expected.object);
  for (const path of expected.lacks ?? []) expect(body, path).not.toHaveProperty(path);
  if (expected.owners !== undefined) expect(ownersOf(body)).toEqual(expected.owners);
  expect(answer.warnings).toEqual((expected.warnings ?? []).map((text) => `299 - ${JSON.stringify(text)}`));
  if (expected.headers !== undefined) expect(answer.headers).toMatchObject(expected.headers);
}

/** What no two runs share, in a text: uids, times, versions. */
export function masked(text: string): string {
  return text
    .replaceAll(JWT, '<jwt>')
    .replaceAll(UID, '<uid>')
    .replaceAll(TIME, '<time>')
    .replaceAll(/record \(\d+\)/g, 'record (<rv>)')
    .replaceAll(/(too old resource version: \d+) \(\d+\)/g, '$1 (<rv>)')
    .replaceAll(/current: \d+/g, 'current: <rv>');
}

/** Every Status has these; its message may name what no two runs share. */
function statusOf(answer: Answer): object {
  const {kind, apiVersion, metadata, code = answer.status, ...rest} = answer.body;
  expect({kind, apiVersion, metadata, code}).toEqual({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    code: answer.status,
  });
  return inOrder(JSON.parse(masked(JSON.stringify(rest))) as object);
}

/** The order of several errors follows the order of a map upstream, which is none: message and causes are sorted alike. */
export function inOrder(status: any): object {
  const causes: readonly any[] = status.details?.causes ?? [];
  if (/^Apply failed with \d+ conflicts:/.test(status.message)) return managersInOrder(status);
  const listed = / is invalid: \[(.*)\]$/s.exec(status.message)?.[1];
  if (listed === undefined) return status;
  const sorted = causes.toSorted((a, b) => (a.field + a.message < b.field + b.message ? -1 : 1));
  const linesOf = (of: readonly any[]): string =>
    [...new Set(of.map(({field, message}) => `${field}: ${message}`))].join(', ');
  expect(listed, 'the message lists the causes').toBe(linesOf(causes));
  const message = status.message.replace(listed, () => linesOf(sorted));
  return {...status, message, details: {...status.details, causes: sorted}};
}

/** Conflicts are told manager by manager, in no order of the managers. */
function managersInOrder(status: any): object {
  const [first = '', ...rest] = status.message.split('\n').filter((line: string) => line !== '');
  const [failed, ofFirst] = first.split(': ');
  const groups: string[][] = [];
  for (const line of [ofFirst, ...rest]) {
    if (line.startsWith('- ')) groups.at(-1)?.push(line);
    else groups.push([line]);
  }
  const message = [failed, ...groups.map((lines) => lines.join('\n')).toSorted()].join('\n');
  const causes = status.details.causes.toSorted((a: any, b: any) =>
    a.message + a.field < b.message + b.field ? -1 : 1,
  );
  return {...status, message, details: {...status.details, causes}};
}

/**
 * The same answer with managedFields as they stand where all writes fell into one second. A server sorts them by their
 * times first, so a row whose steps straddle a second would see another order; that its own order is right is checked here.
 */
export function withinOneSecond(body: any): any {
  const entries: readonly any[] | undefined = body?.metadata?.managedFields;
  if (!Array.isArray(entries)) return body;
  expect(entries, 'managedFields by operation, second, manager, version').toEqual(entries.toSorted(byTime));
  return {...body, metadata: {...body.metadata, managedFields: entries.toSorted(byName)}};
}

function byTime(a: any, b: any): number {
  return compare(a.operation, b.operation) || secondOf(a) - secondOf(b) || byName(a, b);
}

function byName(a: any, b: any): number {
  return (
    compare(a.operation, b.operation) ||
    // One without a time stands first: it came by a write that changed nothing else.
    Number(a.time !== undefined) - Number(b.time !== undefined) ||
    compare(a.manager, b.manager) ||
    compare(a.apiVersion, b.apiVersion) ||
    compare(a.subresource ?? '', b.subresource ?? '')
  );
}

function secondOf(entry: any): number {
  return entry.time === undefined ? 0 : Math.floor(Date.parse(entry.time) / 1000);
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function ownersOf(object: any): readonly string[] {
  const entries: readonly any[] = object.metadata.managedFields ?? [];
  return entries.map(({manager, operation, subresource, fieldsV1}) =>
    masked(owner(manager, operation, fieldsV1, subresource)),
  );
}
