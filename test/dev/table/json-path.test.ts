import {describe, expect, test} from 'vitest';
import {compileJsonPath} from '../../../src/dev/table/json-path.ts';

const root = {
  'spec': {mode: 'On', tags: ['x', 'y'], map: {a: 1, b: 2}},
  'metadata': {annotations: {'isthmus.dev/x': '1'}},
  'status': {
    conditions: [
      {type: 'Valid', status: 'False'},
      {type: 'Ready', status: 'True', generation: 3},
    ],
  },
  'a.b': 'dotted',
};

describe('the JSONPath of a printer column', () => {
  test.each([
    {path: '.spec.mode', found: ['On']},
    {path: 'spec.mode', found: ['On']},
    {path: '{.spec.mode}', found: ['On']},
    {path: '$.spec.mode', found: ['On']},
    {path: '.spec.tags', found: [['x', 'y']]},
    {path: '.spec.tags[0]', found: ['x']},
    {path: '.spec.tags[-1]', found: ['y']},
    {path: '.spec.tags[7]', found: []},
    {path: '.spec.tags[*]', found: ['x', 'y']},
    {path: '.spec.map.*', found: [1, 2]},
    {path: String.raw`.metadata.annotations.isthmus\.dev/x`, found: ['1']},
    {path: `.metadata.annotations['isthmus.dev/x']`, found: ['1']},
    {path: `['a.b']`, found: ['dotted']},
    {path: '.status.conditions[?(@.type=="Ready")].status', found: ['True']},
    {path: `.status.conditions[?(@.type=='Valid')].status`, found: ['False']},
    {path: `.status.conditions[?(@.type!='Valid')].type`, found: ['Ready']},
    {path: '.status.conditions[?(@.generation>2)].type', found: ['Ready']},
    {path: '.status.conditions[?(@.generation<=2)].type', found: []},
    {path: '.status.conditions[?(@.type=="Gone")].status', found: []},
    {path: '.spec.none.deeper', found: []},
    {path: '.spec.constructor', found: []},
  ])('$path', ({path, found}) => {
    expect(compileJsonPath(path)?.(root)).toEqual(found);
  });

  test.each(['.spec[', '..mode', '.spec.tags[?(@.a=~"x")]', '.spec.tags[0:1]'])('%s is more than that', (path) => {
    expect(compileJsonPath(path)).toBeUndefined();
  });
});
