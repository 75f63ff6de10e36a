import {describe, expect, test} from 'vitest';
import {builtinSchema} from '../../../src/dev/builtin/schemas.ts';
import {applyStrategicMerge} from '../../../src/dev/patch/strategic-merge.ts';
import {jsonClone} from '../../../src/dev/schema/json.ts';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {anySchema} from '../../../src/dev/schema/schema.ts';

interface Row {
  readonly name: string;
  readonly kind?: string;
  readonly target: JsonObject;
  readonly patch: JsonObject;
  readonly result: JsonObject;
}

const a = {name: 'a', image: 'x'};
const b = {name: 'b', image: 'y'};

describe('strategic merge patch', () => {
  const rows: readonly Row[] = [
    {
      name: 'merges list items by their merge key',
      target: {spec: {containers: [a, b]}},
      patch: {spec: {containers: [{name: 'b', image: 'z'}]}},
      result: {spec: {containers: [a, {name: 'b', image: 'z'}]}},
    },
    {
      name: 'adds items of new keys at the end',
      target: {spec: {containers: [a]}},
      patch: {spec: {containers: [b]}},
      result: {spec: {containers: [a, b]}},
    },
    {
      name: 'replaces atomic lists',
      target: {spec: {tolerations: [{key: 'a'}]}},
      patch: {spec: {tolerations: [{key: 'b'}]}},
      result: {spec: {tolerations: [{key: 'b'}]}},
    },
    {
      name: 'removes with null',
      target: {spec: {nodeName: 'n', hostname: 'h'}},
      patch: {spec: {nodeName: null}},
      result: {spec: {hostname: 'h'}},
    },
    {
      name: 'drops nulls of new objects',
      target: {},
      patch: {metadata: {labels: {a: null, b: '1'}}},
      result: {metadata: {labels: {b: '1'}}},
    },
    {
      name: '$patch: delete takes an item out',
      target: {spec: {containers: [a, b]}},
      patch: {spec: {containers: [{$patch: 'delete', name: 'a'}]}},
      result: {spec: {containers: [b]}},
    },
    {
      name: '$patch: delete of an item that is not there does nothing',
      target: {spec: {containers: [b]}},
      patch: {spec: {containers: [{$patch: 'delete', name: 'a'}]}},
      result: {spec: {containers: [b]}},
    },
    {
      name: '$patch: replace in a list makes the rest of the patch the list',
      target: {spec: {containers: [a]}},
      patch: {spec: {containers: [{$patch: 'replace'}, b]}},
      result: {spec: {containers: [b]}},
    },
    {
      name: '$patch: replace in an object makes the patch the object',
      target: {spec: {nodeSelector: {x: '1'}}},
      patch: {spec: {nodeSelector: {$patch: 'replace', y: '2'}}},
      result: {spec: {nodeSelector: {y: '2'}}},
    },
    {
      name: '$patch: delete in an object removes it',
      target: {spec: {securityContext: {runAsUser: 1}, hostname: 'h'}},
      patch: {spec: {securityContext: {$patch: 'delete'}}},
      result: {spec: {hostname: 'h'}},
    },
    {
      name: '$patch: merge is what happens anyway',
      target: {spec: {nodeSelector: {x: '1'}}},
      patch: {spec: {nodeSelector: {$patch: 'merge', y: '2'}}},
      result: {spec: {nodeSelector: {x: '1', y: '2'}}},
    },
    {
      name: 'finalizers are a set',
      target: {metadata: {finalizers: ['x/a']}},
      patch: {metadata: {finalizers: ['x/b', 'x/a']}},
      result: {metadata: {finalizers: ['x/a', 'x/b']}},
    },
    {
      name: '$deleteFromPrimitiveList takes values out',
      target: {metadata: {finalizers: ['x/a', 'x/b']}},
      patch: {metadata: {'$deleteFromPrimitiveList/finalizers': ['x/a']}},
      result: {metadata: {finalizers: ['x/b']}},
    },
    {
      name: '$setElementOrder orders what is merged',
      target: {spec: {containers: [a, b]}},
      patch: {
        spec: {
          '$setElementOrder/containers': [{name: 'c'}, {name: 'b'}, {name: 'a'}],
          'containers': [{name: 'c', image: 'w'}],
        },
      },
      result: {spec: {containers: [{name: 'c', image: 'w'}, b, a]}},
    },
    {
      name: '$setElementOrder without the list only orders',
      target: {spec: {containers: [a, b]}},
      patch: {spec: {'$setElementOrder/containers': [{name: 'b'}, {name: 'a'}]}},
      result: {spec: {containers: [b, a]}},
    },
    {
      name: 'an item that nobody ordered stays behind its neighbour',
      target: {spec: {containers: [a, {name: 'injected', image: 'i'}, b]}},
      patch: {spec: {'$setElementOrder/containers': [{name: 'b'}, {name: 'a'}]}},
      result: {spec: {containers: [b, a, {name: 'injected', image: 'i'}]}},
    },
    {
      name: '$setElementOrder orders sets too',
      target: {metadata: {finalizers: ['x/a']}},
      patch: {metadata: {'$setElementOrder/finalizers': ['x/b', 'x/a'], 'finalizers': ['x/b']}},
      result: {metadata: {finalizers: ['x/b', 'x/a']}},
    },
    {
      name: '$retainKeys drops the other members of a volume',
      target: {spec: {volumes: [{name: 'v', hostPath: {path: '/x'}}]}},
      patch: {spec: {volumes: [{name: 'v', $retainKeys: ['name', 'emptyDir'], emptyDir: {}}]}},
      result: {spec: {volumes: [{name: 'v', emptyDir: {}}]}},
    },
    {
      name: 'ports of a Service merge by their number',
      kind: 'Service',
      target: {spec: {ports: [{port: 80, name: 'http'}, {port: 443}]}},
      patch: {spec: {ports: [{port: 80, targetPort: 8080}]}},
      result: {spec: {ports: [{port: 80, name: 'http', targetPort: 8080}, {port: 443}]}},
    },
    {
      name: 'owner references merge by uid',
      target: {metadata: {ownerReferences: [{uid: '1', name: 'a'}]}},
      patch: {metadata: {ownerReferences: [{uid: '2', name: 'b'}]}},
      result: {
        metadata: {
          ownerReferences: [
            {uid: '1', name: 'a'},
            {uid: '2', name: 'b'},
          ],
        },
      },
    },
    {
      name: 'an empty patch changes nothing',
      target: {spec: {containers: [a]}},
      patch: {},
      result: {spec: {containers: [a]}},
    },
  ];

  test.each(rows)('$name', ({kind = 'Pod', target, patch, result}) => {
    const [before, sent] = [jsonClone(target), jsonClone(patch)];
    const schema = builtinSchema('', 'v1', kind) ?? anySchema;
    expect(applyStrategicMerge(target, patch, schema)).toEqual(result);
    expect([target, patch], 'neither argument is changed').toEqual([before, sent]);
  });
});
