import {describe, expect, test} from 'vitest';
import {decodeTimes} from '../../../src/dev/apiserver/write/go-times.ts';
import type {Schema} from '../../../src/dev/schema/schema.ts';

const schema: Schema = {
  type: 'object',
  properties: {
    time: {type: 'string', format: 'date-time'},
    micro: {type: 'string', format: 'micro-time'},
    text: {type: 'string'},
    list: {type: 'array', items: {type: 'object', properties: {time: {type: 'string', format: 'date-time'}}}},
  },
};

describe('times as Go reads and writes them', () => {
  test.each([
    {name: 'a fraction is cut', given: {time: '2026-01-01T00:00:00.999Z'}, read: {time: '2026-01-01T00:00:00Z'}},
    {name: 'a zone becomes UTC', given: {time: '2026-01-01T01:30:00+01:30'}, read: {time: '2026-01-01T00:00:00Z'}},
    {
      name: 'microseconds stay',
      given: {micro: '2026-01-01T00:00:00.000000Z'},
      read: {micro: '2026-01-01T00:00:00.000000Z'},
    },
    {
      name: 'microseconds of another zone',
      given: {micro: '2026-01-01T01:00:00.123456+01:00'},
      read: {micro: '2026-01-01T00:00:00.123456Z'},
    },
    {
      name: 'in lists',
      given: {list: [{time: '2026-01-01T00:00:00.5Z'}]},
      read: {list: [{time: '2026-01-01T00:00:00Z'}]},
    },
    {
      name: 'other texts stay',
      given: {text: '2026-01-01T00:00:00.5Z', free: '2026'},
      read: {text: '2026-01-01T00:00:00.5Z', free: '2026'},
    },
  ])('$name', ({given, read}) => {
    expect(decodeTimes(schema, given)).toEqual({value: read, error: undefined});
  });

  const micro = '2006-01-02T15:04:05.000000Z07:00';
  const seconds = '2006-01-02T15:04:05Z07:00';
  test.each([
    {field: 'micro', text: '2026-01-01T00:00:00Z', layout: micro, rest: 'Z', part: '.000000'},
    {field: 'micro', text: '2026-01-01T00:00:00.000Z', layout: micro, rest: '.000Z', part: '.000000'},
    {field: 'micro', text: '2026-01-01T00:00:00.123456789Z', layout: micro, rest: '789Z', part: 'Z07:00'},
    {field: 'micro', text: 'yesterday', layout: micro, rest: 'yesterday', part: '2006'},
    {field: 'time', text: 'yesterday', layout: seconds, rest: 'yesterday', part: '2006'},
    {field: 'time', text: '2026-01-01T00:00:00', layout: seconds, rest: '', part: 'Z07:00'},
    {field: 'time', text: '2026-13-01T00:00:00Z', layout: seconds, rest: '2026-13-01T00:00:00Z', part: '2006'},
  ])('$field $text is none', ({field, text, layout, rest, part}) => {
    expect(decodeTimes(schema, {[field]: text}).error).toBe(
      `parsing time "${text}" as "${layout}": cannot parse "${rest}" as "${part}"`,
    );
  });
});
