import {expect, test} from 'vitest';
import type {Answer, HttpClient} from '../apiserver/support/http-client.ts';
import {owner} from './answers.ts';
import type {Call, Row} from './row.ts';

const UID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;

/** Makes a test of every row. */
export function replay(rows: readonly Row[], http: () => HttpClient): void {
  test.each(rows)('$name', async ({before = [], call, answer: expected}) => {
    for (const step of before) {
      const done = await send(http(), step);
      expect(done.status, `${step.method} ${step.path}: ${done.text}`).toBeLessThan(300);
    }
    const answer = await send(http(), call);
    expect([answer.status, answer.text]).toEqual([expected.code, expected.text ?? answer.text]);
    if (expected.status !== undefined) expect(statusOf(answer)).toEqual(expected.status);
    if (expected.object !== undefined) expect(answer.body).toMatchObject(expected.object);
    for (const path of expected.lacks ?? []) expect(answer.body, path).not.toHaveProperty(path);
    if (expected.owners !== undefined) expect(ownersOf(answer.body)).toEqual(expected.owners);
    expect(answer.warnings).toEqual((expected.warnings ?? []).map((text) => `299 - ${JSON.stringify(text)}`));
    if (expected.headers !== undefined) expect(answer.headers).toMatchObject(expected.headers);
  });
}

export function send(http: HttpClient, {method, path, ...options}: Call): Promise<Answer> {
  return http.call(method, path, options);
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
  return JSON.parse(masked(JSON.stringify(rest))) as object;
}

function masked(text: string): string {
  return text
    .replaceAll(UID, '<uid>')
    .replaceAll(TIME, '<time>')
    .replaceAll(/record \(\d+\)/g, 'record (<rv>)')
    .replaceAll(/current: \d+/g, 'current: <rv>');
}

function ownersOf(object: any): readonly string[] {
  const entries: readonly any[] = object.metadata.managedFields ?? [];
  return entries.map(({manager, operation, subresource, fieldsV1}) =>
    masked(owner(manager, operation, fieldsV1, subresource)),
  );
}
