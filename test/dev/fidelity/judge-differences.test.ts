import {describe, expect, test} from 'vitest';
import type {Answer} from '../apiserver/support/http-client.ts';
import {compareAnswers} from './compare-answers.ts';
import {DifferenceJudge} from './judge-differences.ts';

function answer(body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return {status: 200, headers, warnings: [], text: JSON.stringify(body), body};
}

describe('two answers are compared field by field', () => {
  const pod = (name: string, fields: object = {}): object => ({metadata: {name}, ...fields});

  test.each<[string, unknown, unknown, readonly string[]]>([
    ['equal ones', {a: [1, {b: null}]}, {a: [1, {b: null}]}, []],
    ['another value', {a: {b: 1}}, {a: {b: 2}}, ['body.a.b']],
    ['a field that only one has', {a: 1}, {a: 1, b: null}, ['body.b']],
    ['null is not absent', {a: null}, {}, ['body.a']],
    ['a longer list', {a: [1]}, {a: [1, 2]}, ['body.a[1]']],
    ['named items by name', {items: [pod('x'), pod('y')]}, {items: [pod('y')]}, ['body.items[x]']],
    ['and their order', {items: [pod('x'), pod('y')]}, {items: [pod('y'), pod('x')]}, ['body.items.order']],
    [
      'uids, times and versions are masked',
      {metadata: {uid: '6ba7b810-9dad-11d1-80b4-00c04fd430c8', resourceVersion: '7', at: '2026-11-21T14:00:00Z'}},
      {metadata: {uid: '6ba7b811-9dad-11d1-80b4-00c04fd430c8', resourceVersion: '9', at: '2026-11-21T14:00:01Z'}},
      [],
    ],
    [
      'a version that is none is not',
      {metadata: {resourceVersion: ''}},
      {metadata: {resourceVersion: '9'}},
      ['body.metadata.resourceVersion'],
    ],
    ['addresses that were chosen are masked', {spec: {clusterIP: '10.101.0.7'}}, {spec: {clusterIP: '10.101.9.9'}}, []],
    [
      'that there is none is not',
      {spec: {clusterIP: 'None'}},
      {spec: {clusterIP: '10.101.9.9'}},
      ['body.spec.clusterIP'],
    ],
  ])('%s', (_, real, embedded, paths) => {
    expect(compareAnswers(answer(real), answer(embedded)).map(({path}) => path)).toEqual(paths);
  });

  test('headers, but for those of the moment', () => {
    const real = answer({}, {'date': 'now', 'content-type': 'a', 'warning': '1'});
    const embedded = answer({}, {'date': 'then', 'content-type': 'b'});
    expect(compareAnswers(real, embedded).map(({path}) => path)).toEqual(['headers.content-type', 'headers.warning']);
  });
});

describe('what is known of differences', () => {
  const known = {row: 'a › *', path: 'body.x[*].y', why: 'because'};
  const difference = (path: string): {path: string; real: unknown; embedded: unknown} => ({
    path,
    real: 1,
    embedded: undefined,
  });

  test('one that is not known is told, with both values', () => {
    const judge = new DifferenceJudge([known]);
    expect(judge.unknown('b › r', [difference('body.x[0].y')])).toEqual(['body.x[0].y: real 1, embedded nothing']);
    expect(judge.unknown('a › r', [difference('body.x[0].z')])).toEqual(['body.x[0].z: real 1, embedded nothing']);
  });

  test('one that is known is counted only', () => {
    const judge = new DifferenceJudge([known]);
    expect(judge.unknown('a › r', [difference('body.x[0].y')])).toEqual([]);
    expect([judge.found, judge.left]).toEqual([1, 0]);
    expect(judge.unused()).toEqual([]);
  });

  test('one that no longer occurs is told, but for what only happens sometimes', () => {
    expect(new DifferenceJudge([known, {...known, sometimes: true}]).unused()).toEqual([known]);
  });
});
