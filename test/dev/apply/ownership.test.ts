import {describe, expect, test} from 'vitest';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {widget} from './example-kinds.ts';
import {later, noon, startStory} from './story.ts';
import type {Story} from './story.ts';
import {serverSideApply} from '../../../src/dev/apply/managed-fields.ts';

const m1 = {manager: 'm1'};
const m2 = {manager: 'm2'};

const everySort = {
  metadata: {
    labels: {l: '1'},
    annotations: {n: '1'},
    finalizers: ['example.dev/q'],
    ownerReferences: [{apiVersion: 'v1', kind: 'ConfigMap', name: 'zz', uid: 'c72a'}],
  },
  spec: {
    items: [{name: 'a', value: '1'}],
    tags: ['x'],
    atoms: ['p'],
    opts: {k: 'v'},
    whole: {a: '1'},
    ports: [{port: 80}],
    any: {deep: {z: 1}},
    count: 'x',
  },
};

function withEverySort(): Story {
  const story = startStory(widget);
  story.apply(m1, everySort);
  return story;
}

describe('what an applier owns', () => {
  const rows: readonly {readonly name: string; readonly spec: JsonObject; readonly owns: JsonObject}[] = [
    {name: 'scalars', spec: {min: 1, ready: true}, owns: {'f:min': {}, 'f:ready': {}}},
    {name: 'atomic lists as a whole', spec: {atoms: ['p', 'q']}, owns: {'f:atoms': {}}},
    {name: 'atomic maps as a whole', spec: {whole: {a: '1'}}, owns: {'f:whole': {}}},
    {name: 'the values of a set', spec: {tags: ['x', 'y']}, owns: {'f:tags': {'v:"x"': {}, 'v:"y"': {}}}},
    {
      name: 'the items of a map list, by their key, themselves included',
      spec: {items: [{name: 'a', value: '1'}]},
      owns: {'f:items': {'k:{"name":"a"}': {'.': {}, 'f:name': {}, 'f:value': {}}}},
    },
    {
      name: 'no key field that only a default filled in, though it belongs to the key',
      spec: {ports: [{port: 80}]},
      owns: {'f:ports': {'k:{"port":80,"protocol":"TCP"}': {'.': {}, 'f:port': {}}}},
    },
    {name: 'the entries of a map', spec: {opts: {a: '1', b: '2'}}, owns: {'f:opts': {'f:a': {}, 'f:b': {}}}},
    {
      name: 'the leaves of unknown objects, and the objects between',
      spec: {any: {deep: {z: 1}, list: [1]}},
      owns: {'f:any': {'f:deep': {'.': {}, 'f:z': {}}, 'f:list': {}}},
    },
    {name: 'an object that is applied empty, itself', spec: {opts: {}}, owns: {'f:opts': {}}},
    {name: 'no default of the schema', spec: {max: 3}, owns: {'f:max': {}}},
  ];

  test.each(rows)('$name', ({spec, owns}) => {
    const story = startStory(widget);
    expect(story.apply(m1, {spec})).toBe('written');
    expect(story.owners()).toEqual({'m1 Apply': {'f:spec': owns}});
  });

  test('an empty list: nothing under it', () => {
    const story = startStory(widget);
    story.apply(m1, {spec: {tags: [], items: []}});
    expect(story.owners()).toEqual({});
  });

  test('labels, annotations, finalizers and owner references, but never a name, a uid or a time', () => {
    const story = startStory(widget);
    story.apply(m1, {
      metadata: {...everySort.metadata, namespace: 'default', uid: 'u', resourceVersion: '7', creationTimestamp: noon},
    });
    expect(story.owners()).toEqual({
      'm1 Apply': {
        'f:metadata': {
          'f:annotations': {'f:n': {}},
          'f:finalizers': {'v:"example.dev/q"': {}},
          'f:labels': {'f:l': {}},
          'f:ownerReferences': {'k:{"uid":"c72a"}': {}},
        },
      },
    });
  });
});

describe('several managers', () => {
  test('join in lists and maps item by item, in the order of the one who applies', () => {
    const story = withEverySort();
    const ports = [
      {port: 80, protocol: 'UDP'},
      {port: 80, protocol: 'TCP', name: 'n'},
    ];
    expect(story.apply(m2, {spec: {items: [{name: 'b', weight: 5}], tags: ['x', 'w'], opts: {k2: 'v'}, ports}})).toBe(
      'written',
    );
    expect(story.object()['spec']).toMatchObject({
      items: [
        {name: 'a', value: '1', weight: 1},
        {name: 'b', weight: 5},
      ],
      tags: ['x', 'w'],
      opts: {k: 'v', k2: 'v'},
      ports: [
        {port: 80, protocol: 'UDP'},
        {port: 80, protocol: 'TCP', name: 'n'},
      ],
    });
    expect(story.apply(m2, {spec: {items: [], tags: ['w']}})).toBe('written');
    expect(story.object()).toEqual({
      metadata: everySort.metadata,
      spec: {
        ...everySort.spec,
        mode: 'On',
        tags: ['x', 'w'],
        items: [{name: 'a', value: '1', weight: 1}],
        ports: [{port: 80, protocol: 'TCP'}],
      },
    });
    expect(story.owners()['m2 Apply']).toEqual({'f:spec': {'f:tags': {'v:"w"': {}}}});
  });

  test('are told of every field that they would take, by manager and path', () => {
    const story = withEverySort();
    story.apply(m2, {spec: {items: [{name: 'b', weight: 5}]}});
    const body = {
      metadata: {labels: {l: '2'}},
      spec: {
        items: [
          {name: 'a', value: '2'},
          {name: 'b', weight: 6},
        ],
        atoms: ['q'],
        opts: {k: 'w'},
        whole: {b: '1'},
        any: {deep: {z: 2}},
        mode: 'Off',
      },
    };
    expect(story.apply({manager: 'm3'}, body)).toBe(
      [
        'Apply failed with 7 conflicts: conflicts with "m1":',
        '- .metadata.labels.l',
        '- .spec.atoms',
        '- .spec.whole',
        '- .spec.any.deep.z',
        '- .spec.items[name="a"].value',
        '- .spec.opts.k',
        'conflicts with "m2":',
        '- .spec.items[name="b"].weight',
      ].join('\n'),
    );
  });

  test('another name for a port of the same key is a conflict', () => {
    const story = startStory(widget);
    story.apply(m1, {spec: {ports: [{port: 80, name: 'http'}]}});
    const outcome = story.apply(m2, {spec: {ports: [{port: 80, name: 'web'}]}});
    expect(outcome).toBe('Apply failed with 1 conflict: conflict with "m1": .spec.ports[port=80,protocol="TCP"].name');
  });

  test('the same name with another operation is another manager', () => {
    const story = startStory(widget);
    story.patch(m1, {spec: {min: 1}});
    expect(story.apply(m1, {spec: {min: 2}})).toBe(
      'Apply failed with 1 conflict: conflict with "m1" using example.dev/v1: .spec.min',
    );
    expect(story.apply(m1, {spec: {max: 9}})).toBe('written');
    expect(story.owners()).toEqual({
      'm1 Apply': {'f:spec': {'f:max': {}}},
      'm1 Update': {'f:spec': {'.': {}, 'f:min': {}, 'f:mode': {}}},
    });
  });

  test('a manager that only shares has no time, and stands before those that have one', () => {
    const story = startStory(widget);
    story.apply({...m1, now: noon}, {spec: {min: 1}});
    expect(story.apply({...m2, now: later}, {spec: {min: 1}})).toBe('written');
    expect(Object.keys(story.owners())).toEqual(['m2 Apply', 'm1 Apply']);
  });

  test('entries of one operation are ordered by time, then by name', () => {
    const story = startStory(widget);
    story.apply({manager: 'a', now: later}, {spec: {min: 1}});
    story.apply({manager: 'c', now: noon}, {spec: {max: 1}});
    story.apply({manager: 'b', now: noon}, {spec: {name: 'x'}});
    expect(Object.keys(story.owners())).toEqual(['b Apply', 'c Apply', 'a Apply']);
  });
});

describe('an object nobody owns', () => {
  test('belongs to before-first-apply once somebody applies', () => {
    const story = startStory(widget);
    story.patch(m2, {metadata: {labels: {l: '1'}}, spec: {min: 1, opts: {k: 'v'}}});
    story.patch(m2, {metadata: {managedFields: [{}]}});
    expect(story.owners()).toEqual({});
    story.patch(m2, {spec: {min: 2}});
    expect(story.owners(), 'updates track nothing while nobody is known').toEqual({});
    expect(story.apply(m1, {spec: {min: 2}})).toBe('written');
    expect(story.owners()).toEqual({
      'm1 Apply': {'f:spec': {'f:min': {}}},
      'before-first-apply Update': {
        'f:metadata': {'f:labels': {'.': {}, 'f:l': {}}},
        'f:spec': {'.': {}, 'f:min': {}, 'f:mode': {}, 'f:opts': {'.': {}, 'f:k': {}}},
      },
    });
    expect(story.apply(m1, {spec: {min: 3}})).toContain(
      'conflict with "before-first-apply" using example.dev/v1: .spec.min',
    );
  });
});

describe('an applied body that cannot be merged', () => {
  const rows: readonly {readonly name: string; readonly spec: unknown; readonly says: string}[] = [
    {name: 'an undeclared field', spec: {foo: 1}, says: '.spec.foo: field not declared in schema'},
    {name: 'a wrong type', spec: {min: 'x'}, says: '.spec.min: expected numeric (int or float), got string'},
    {
      name: 'a number for a text',
      spec: {name: 1},
      says: '.spec.name: expected string, got &value.valueUnstructured{Value:1}',
    },
    {name: 'a text for a boolean', spec: {ready: 'x'}, says: '.spec.ready: expected boolean, got &{x}'},
    {name: 'an object for a list', spec: {atoms: {a: 1}}, says: '.spec.atoms: expected list, got &{map[a:1]}'},
    {name: 'a list for an object', spec: ['x'], says: '.spec: expected map, got &{[x]}'},
    {
      name: 'a boolean in a set of texts',
      spec: {tags: ['x', true]},
      says: '.spec.tags[=true]: expected string, got &value.valueUnstructured{Value:true}',
    },
    {
      name: 'two items of one key',
      spec: {items: [{name: 'a'}, {name: 'a'}]},
      says: '.spec.items: duplicate entries for key [name="a"]',
    },
    {
      name: 'an item without its key',
      spec: {items: [{value: 'a'}]},
      says: '.spec.items: element 0: associative list with keys has an element that omits all key fields ["name"] (and doesn\'t have default values for any key fields)',
    },
    {
      name: 'several at once',
      spec: {min: 'x', name: 1},
      says: 'errors:\n  .spec.min: expected numeric (int or float), got string\n  .spec.name: expected string, got &value.valueUnstructured{Value:1}',
    },
  ];

  test.each(rows)('$name is a 500 that names the field', ({spec, says}) => {
    const applied = {apiVersion: 'example.dev/v1', kind: 'Widget', metadata: {name: 'ssa'}, spec};
    const result = serverSideApply({
      live: undefined,
      applied,
      manager: 'm',
      force: true,
      apiVersion: 'example.dev/v1',
      schema: widget,
      now: noon,
    });
    const message = `failed to create typed patch object (/ssa; example.dev/v1, Kind=Widget): ${says}`;
    expect(result).toEqual({ok: false, error: {code: 500, message}});
  });

  test('managedFields in the body are a 400', () => {
    const applied = {apiVersion: 'v1', kind: 'Widget', metadata: {name: 'x', managedFields: [{manager: 'x'}]}};
    const result = serverSideApply({
      live: undefined,
      applied,
      manager: 'm',
      force: true,
      apiVersion: 'v1',
      schema: widget,
      now: noon,
    });
    expect(result).toEqual({
      ok: false,
      error: {code: 400, reason: 'BadRequest', message: 'metadata.managedFields must be nil'},
    });
  });

  test('a null passes the merge and is refused by the schema', () => {
    const story = withEverySort();
    expect(story.apply(m2, {spec: {name: null}})).toContain(
      'spec.name: Invalid value: "null": spec.name in body must be of type string: "null"',
    );
  });
});

describe('what a body cannot change', () => {
  test('the server keeps its own fields of metadata', () => {
    const live = {
      apiVersion: 'v1',
      kind: 'Widget',
      metadata: {name: 'x', uid: 'u', creationTimestamp: noon, generation: 3, resourceVersion: '5'},
    };
    const applied = {apiVersion: 'v1', kind: 'Widget', metadata: {name: 'x', creationTimestamp: null, generation: 9}};
    const result = serverSideApply({
      live,
      applied,
      manager: 'm',
      force: false,
      apiVersion: 'v1',
      schema: widget,
      now: noon,
    });
    expect(result).toMatchObject({ok: true, changed: false});
  });
});
