import {describe, expect, test} from 'vitest';
import {trackUpdate} from '../../../src/dev/apply/managed-fields.ts';
import {isUnchanged} from '../../../src/dev/apply/unchanged.ts';
import {builtinSchema} from '../../../src/dev/builtin/schemas.ts';
import {applyDefaults} from '../../../src/dev/schema/defaults.ts';
import {listAt, objectAt} from '../../../src/dev/schema/json.ts';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {prune} from '../../../src/dev/schema/prune.ts';
import {anySchema} from '../../../src/dev/schema/schema.ts';
import {widget} from './example-kinds.ts';
import {later, noon, startStory} from './story.ts';

const m1 = {manager: 'm1'};

describe('what a writer owns who does not apply', () => {
  test('every leaf of what it creates, the objects around them, and the defaults', () => {
    const story = startStory(widget);
    story.patch(m1, {metadata: {labels: {l: '1'}}, spec: {min: 1, tags: ['x'], opts: {}, items: [{name: 'a'}]}});
    expect(story.owners()).toEqual({
      'm1 Update': {
        'f:metadata': {'f:labels': {'.': {}, 'f:l': {}}},
        'f:spec': {
          '.': {},
          'f:items': {'.': {}, 'k:{"name":"a"}': {'.': {}, 'f:name': {}, 'f:weight': {}}},
          'f:min': {},
          'f:mode': {},
          'f:opts': {},
          'f:tags': {'.': {}, 'v:"x"': {}},
        },
      },
    });
  });

  test('only what it changes of what was there', () => {
    const story = startStory(widget);
    story.patch(m1, {spec: {min: 1, max: 2}});
    story.patch({manager: 'm2'}, {spec: {min: 1, max: 3}});
    expect(story.owners()).toEqual({
      'm1 Update': {'f:spec': {'.': {}, 'f:min': {}, 'f:mode': {}}},
      'm2 Update': {'f:spec': {'f:max': {}}},
    });
  });

  test('nothing, and no entry, where it changes nothing', () => {
    const story = startStory(widget);
    story.patch(m1, {spec: {min: 1}});
    const owners = story.owners();
    story.patch({manager: 'm2', now: later}, {spec: {min: 1}});
    expect(story.owners()).toEqual(owners);
  });

  test('its status in an entry of its own', () => {
    const story = startStory(widget);
    story.patch(m1, {spec: {min: 1}});
    story.patch({...m1, subresource: 'status'}, {status: {phase: 'Ready'}});
    expect(story.owners()).toEqual({
      'm1 Update': {'f:spec': {'.': {}, 'f:min': {}, 'f:mode': {}}},
      'm1 Update/status': {'f:status': {'.': {}, 'f:phase': {}}},
    });
  });

  test('managedFields that a write brings along count', () => {
    const story = startStory(widget);
    story.patch({manager: 'kubectl-client-side-apply'}, {spec: {min: 1}});
    const entry = {
      manager: 'kubectl',
      operation: 'Apply',
      apiVersion: 'example.dev/v1',
      fieldsType: 'FieldsV1',
      fieldsV1: {'f:spec': {'f:min': {}}},
    };
    story.patch({manager: 'kubectl'}, {metadata: {managedFields: [entry]}});
    expect(story.owners()).toEqual({'kubectl Apply': {'f:spec': {'f:min': {}}}});
  });

  test('at most ten updaters are kept, the oldest under one name', () => {
    const story = startStory(widget);
    for (let i = 0; i < 14; i++) {
      story.patch(
        {manager: `m${i}`, now: `2026-01-01T12:00:${String(i).padStart(2, '0')}Z`},
        {spec: {opts: {[`k${i}`]: 'v'}}},
      );
    }
    const owners = story.owners();
    expect(Object.keys(owners)).toHaveLength(10);
    expect(Object.keys(owners)).toContain('ancient-changes Update');
    const all = JSON.stringify(owners);
    for (let i = 0; i < 14; i++) expect(all, `k${i} has an owner`).toContain(`"f:k${i}"`);
  });
});

describe('owners of built-in kinds, as recorded', () => {
  const rows: readonly {
    readonly name: string;
    readonly kind: string;
    readonly object: JsonObject;
    readonly owns: JsonObject;
  }[] = [
    {
      name: 'a ConfigMap without data owns nothing',
      kind: '/v1/ConfigMap',
      object: {metadata: {name: 'dang'}, data: {}},
      owns: {},
    },
    {name: 'a ConfigMap', kind: '/v1/ConfigMap', object: {data: {a: '1'}}, owns: {'f:data': {'.': {}, 'f:a': {}}}},
    {
      name: 'a Namespace: its struct is there from the start',
      kind: '/v1/Namespace',
      object: {metadata: {labels: {'kubernetes.io/metadata.name': 'x'}}},
      owns: {'f:metadata': {'f:labels': {'.': {}, 'f:kubernetes.io/metadata.name': {}}}},
    },
    {
      name: 'a Service: the spec itself has no owner, its selector is atomic',
      kind: '/v1/Service',
      object: {
        metadata: {labels: {app: 'cs9'}},
        spec: {
          ports: [{name: '80-80', port: 80, targetPort: 80}],
          selector: {app: 'cs9'},
          sessionAffinity: 'None',
          type: 'ClusterIP',
        },
      },
      owns: {
        'f:metadata': {'f:labels': {'.': {}, 'f:app': {}}},
        'f:spec': {
          'f:ports': {
            '.': {},
            'k:{"port":80,"protocol":"TCP"}': {
              '.': {},
              'f:name': {},
              'f:port': {},
              'f:protocol': {},
              'f:targetPort': {},
            },
          },
          'f:selector': {},
          'f:sessionAffinity': {},
          'f:type': {},
        },
      },
    },
    {
      name: 'an EndpointSlice keeps its empty list of endpoints, and no null ports',
      kind: 'discovery.k8s.io/v1/EndpointSlice',
      object: {addressType: 'IPv4', endpoints: [], ports: null},
      owns: {'f:addressType': {}, 'f:endpoints': {}},
    },
    {
      name: 'a Role',
      kind: 'rbac.authorization.k8s.io/v1/Role',
      object: {rules: [{verbs: ['get'], apiGroups: [''], resources: ['pods']}]},
      owns: {'f:rules': {}},
    },
    {
      name: 'a RoleBinding',
      kind: 'rbac.authorization.k8s.io/v1/RoleBinding',
      object: {
        subjects: [{kind: 'ServiceAccount', name: 'sa9'}],
        roleRef: {apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r9'},
      },
      owns: {'f:roleRef': {}, 'f:subjects': {}},
    },
    {
      name: 'a generated name',
      kind: '/v1/ConfigMap',
      object: {metadata: {generateName: 'gen-'}},
      owns: {'f:metadata': {'f:generateName': {}}},
    },
  ];

  test.each(rows)('$name', ({kind, object, owns}) => {
    const [group = '', version = '', name = ''] = kind.split('/');
    const schema = builtinSchema(group, version, name) ?? anySchema;
    const whole = {apiVersion: version, kind: name, ...object, metadata: {name: 'x', ...objectAt(object, 'metadata')}};
    const after = applyDefaults(schema, prune(schema, whole).object);
    const tracked = trackUpdate({
      before: undefined,
      after,
      manager: 'm',
      apiVersion: version,
      schema,
      now: noon,
      hasStatus: true,
    });
    const entries = listAt(objectAt(tracked, 'metadata'), 'managedFields') as readonly JsonObject[];
    const expected = {
      manager: 'm',
      operation: 'Update',
      apiVersion: version,
      time: noon,
      fieldsType: 'FieldsV1',
      fieldsV1: owns,
    };
    expect(entries).toEqual(Object.keys(owns).length === 0 ? [] : [expected]);
  });
});

describe('a write', () => {
  const object = (time: string, min: number): JsonObject => ({
    metadata: {managedFields: [{manager: 'm', time}]},
    spec: {min},
  });

  test.each([
    {name: 'of the same is none', after: object(noon, 1), unchanged: true},
    {name: 'that only moves times of owners is none', after: object(later, 1), unchanged: true},
    {name: 'of another value is one', after: object(noon, 2), unchanged: false},
    {name: 'that takes the owners away is one', after: {metadata: {}, spec: {min: 1}}, unchanged: false},
  ])('$name', ({after, unchanged}) => {
    expect(isUnchanged(object(noon, 1), after)).toBe(unchanged);
  });
});
