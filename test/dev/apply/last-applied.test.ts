import {describe, expect, test} from 'vitest';
import {objectAt} from '../../../src/dev/schema/json.ts';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {widget} from './example-kinds.ts';
import {startStory} from './story.ts';
import type {Story} from './story.ts';

const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
const base = {apiVersion: 'example.dev/v1', kind: 'Widget'};

function appliedFromTheClient(spec: JsonObject, lastApplied: string): Story {
  const story = startStory(widget);
  story.patch({manager: 'kubectl-client-side-apply'}, {metadata: {annotations: {[annotation]: lastApplied}}, spec});
  return story;
}

const configuration = JSON.stringify({...base, metadata: {name: 'x'}, spec: {min: 1, max: 5}});

describe('kubectl apply --server-side after kubectl apply', () => {
  test('takes over what kubectl applied before', () => {
    const story = appliedFromTheClient({min: 1, max: 5}, configuration);
    expect(story.apply({manager: 'kubectl'}, {spec: {min: 2, max: 5}})).toBe('written');
    expect(story.owners()['kubectl Apply']).toEqual({'f:spec': {'f:max': {}, 'f:min': {}}});
  });

  test('keeps the annotation up to date', () => {
    const story = appliedFromTheClient({min: 1}, configuration);
    story.apply({manager: 'kubectl'}, {spec: {min: 2}});
    const text = objectAt(objectAt(story.object(), 'metadata'), 'annotations')?.[annotation];
    expect(JSON.parse(text as string)).toMatchObject({...base, spec: {min: 2}});
  });

  test('still conflicts where the value is no longer the one that kubectl applied', () => {
    const story = appliedFromTheClient({min: 1, max: 5}, configuration);
    story.patch({manager: 'user'}, {spec: {max: 6}});
    const outcome = story.apply({manager: 'kubectl'}, {spec: {min: 2, max: 7}});
    expect(outcome).toBe('Apply failed with 1 conflict: conflict with "user" using example.dev/v1: .spec.max');
  });

  test('is a conflict for every other manager', () => {
    const story = appliedFromTheClient({min: 1}, configuration);
    expect(story.apply({manager: 'flux'}, {spec: {min: 2}})).toContain('.spec.min');
  });

  test.each([
    {name: 'no JSON', text: 'x{'},
    {name: 'no object', text: '[]'},
    {name: 'of another version', text: JSON.stringify({...base, apiVersion: 'example.dev/v0', spec: {min: 1}})},
  ])('conflicts where the annotation is $name', ({text}) => {
    const story = appliedFromTheClient({min: 1}, text);
    expect(story.apply({manager: 'kubectl'}, {spec: {min: 2}})).toContain('.spec.min');
  });
});
