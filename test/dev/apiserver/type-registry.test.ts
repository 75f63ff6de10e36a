import {describe, expect, test} from 'vitest';
import {compareVersions, TypeRegistry} from '../../../src/dev/apiserver/type-registry.ts';
import {widgetType} from './support/widget-type.ts';

describe('the types that are served', () => {
  test('versions stand in order of preference: stable, beta, alpha, newest first, then by name', () => {
    const versions = ['v1alpha1', 'foo', 'v2', 'v1beta2', 'v10', 'v1', 'v1beta1', 'bar', 'v11alpha2'];
    expect(versions.sort(compareVersions)).toEqual([
      'v10',
      'v2',
      'v1',
      'v1beta2',
      'v1beta1',
      'v11alpha2',
      'v1alpha1',
      'bar',
      'foo',
    ]);
  });

  test('a resource is replaced as a whole, and every change is noticed', () => {
    const registry = new TypeRegistry([
      widgetType({group: '', plural: 'pods', kind: 'Pod', storageKey: 'pods', custom: false}),
    ]);
    const before = registry.revision;
    registry.set('widgets.example.dev', [widgetType(), widgetType({version: 'v1beta1'})]);
    expect(registry.groupVersions().map(({group, version}) => `${group}/${version}`)).toEqual([
      '/v1',
      'example.dev/v1',
      'example.dev/v1beta1',
    ]);
    registry.set('widgets.example.dev', [widgetType({version: 'v2'})]);
    expect(registry.find('example.dev', 'v1', 'widgets')).toBeUndefined();
    expect(registry.find('example.dev', 'v2', 'widgets')).toBeDefined();
    registry.set('widgets.example.dev', []);
    expect(registry.groupVersions()).toHaveLength(1);
    expect(registry.revision).toBe(before + 3);
  });

  test('the stored version is the one that its definition names', () => {
    const stored = {storageVersion: 'v1beta1'};
    const registry = new TypeRegistry([widgetType(stored), widgetType({...stored, version: 'v1beta1'})]);
    expect(registry.stored({group: 'example.dev', plural: 'widgets'})?.version).toBe('v1beta1');
    expect(registry.ofObject({apiVersion: 'example.dev/v1', kind: 'Widget'})?.version).toBe('v1');
    expect(registry.ofObject({apiVersion: 'v1', kind: 'Widget'})).toBeUndefined();
  });
});
