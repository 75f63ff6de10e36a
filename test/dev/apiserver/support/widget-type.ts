import type {ResourceType} from '../../../../src/dev/apiserver/resource-type.ts';

/** A custom kind for tests of what lies below HTTP. */
export function widgetType(fields: Partial<ResourceType> = {}): ResourceType {
  return {
    group: 'example.dev',
    version: 'v1',
    kind: 'Widget',
    plural: 'widgets',
    singular: 'widget',
    listKind: 'WidgetList',
    shortNames: ['wd'],
    categories: [],
    namespaced: true,
    hasStatus: true,
    schema: {'type': 'object', 'x-kubernetes-preserve-unknown-fields': true},
    custom: true,
    storageKey: 'widgets.example.dev',
    strategy: {},
    ...fields,
  };
}

export function widget(
  name: string,
  fields: {labels?: Record<string, string>; spec?: object; namespace?: string} = {},
) {
  const {labels, spec, namespace = 'default'} = fields;
  return {
    apiVersion: 'example.dev/v1',
    kind: 'Widget',
    metadata: {name, namespace, ...(labels === undefined ? {} : {labels})},
    ...(spec === undefined ? {} : {spec}),
  };
}
