import {refused} from '../answers.ts';
import {CM, LEASES, NS, PODS, SLICES, SVC} from '../kinds.ts';
import {post} from '../row.ts';
import type {Row} from '../row.ts';

type Case = readonly [
  name: string,
  path: string,
  kind: string,
  fields: object,
  found: string,
  field: string,
  type: string,
];

const named = {name: 'go'};
const ready = {addresses: ['1.1.1.1'], conditions: {ready: 'yes'}};

const CASES: readonly Case[] = [
  ['a text for a list', PODS, 'Pod', {spec: {containers: 'x'}}, 'string', 'PodSpec.spec.containers', '[]v1.Container'],
  ['a text for a struct', PODS, 'Pod', {spec: 'x'}, 'string', 'Pod.spec', 'v1.PodSpec'],
  [
    'a number in a list',
    PODS,
    'Pod',
    {spec: {containers: [{name: 1}]}},
    'number',
    'Container.spec.containers.name',
    'string',
  ],
  [
    'a text two lists deep',
    PODS,
    'Pod',
    {spec: {containers: [{name: 'c', ports: [{containerPort: 'x'}]}]}},
    'string',
    'ContainerPort.spec.containers.ports.containerPort',
    'int32',
  ],
  ['a text for ports', SVC, 'Service', {spec: {ports: 'x'}}, 'string', 'ServiceSpec.spec.ports', '[]v1.ServicePort'],
  [
    'a text for a port',
    SVC,
    'Service',
    {spec: {ports: [{port: 'x'}]}},
    'string',
    'ServicePort.spec.ports.port',
    'int32',
  ],
  ['a number in a map', SVC, 'Service', {spec: {selector: {a: 1}}}, 'number', 'ServiceSpec.spec.selector', 'string'],
  ['a number in the data', CM, 'ConfigMap', {data: {a: 1}}, 'number', 'ConfigMap.data', 'string'],
  ['a text for the data', CM, 'ConfigMap', {data: 'x'}, 'string', 'ConfigMap.data', 'map[string]string'],
  ['a text for a yes or no', CM, 'ConfigMap', {immutable: 'x'}, 'string', 'ConfigMap.immutable', 'bool'],
  ['a yes for a text', CM, 'ConfigMap', {data: {a: true}}, 'bool', 'ConfigMap.data', 'string'],
  ['a list for a text', CM, 'ConfigMap', {data: {a: []}}, 'array', 'ConfigMap.data', 'string'],
  ['an object for a text', CM, 'ConfigMap', {data: {a: {}}}, 'object', 'ConfigMap.data', 'string'],
  ['a text for metadata', CM, 'ConfigMap', {metadata: 'x'}, 'string', 'ConfigMap.metadata', 'v1.ObjectMeta'],
  ['a number for a name', CM, 'ConfigMap', {metadata: {name: 5}}, 'number', 'ObjectMeta.metadata.name', 'string'],
  [
    'a number for a label',
    PODS,
    'Pod',
    {metadata: {...named, labels: {a: 1}}},
    'number',
    'ObjectMeta.metadata.labels',
    'string',
  ],
  [
    'a text for labels',
    PODS,
    'Pod',
    {metadata: {...named, labels: 'x'}},
    'string',
    'ObjectMeta.metadata.labels',
    'map[string]string',
  ],
  [
    'a number for a uid',
    NS,
    'Namespace',
    {metadata: {...named, ownerReferences: [{uid: 5}]}},
    'number',
    'OwnerReference.metadata.ownerReferences.uid',
    'types.UID',
  ],
  [
    'a text for seconds',
    LEASES,
    'Lease',
    {spec: {leaseDurationSeconds: 'x'}},
    'string',
    'LeaseSpec.spec.leaseDurationSeconds',
    'int32',
  ],
  [
    'a text for addresses',
    SLICES,
    'EndpointSlice',
    {addressType: 'IPv4', endpoints: [{addresses: 'x'}]},
    'string',
    'Endpoint.endpoints.addresses',
    '[]string',
  ],
  [
    'a text for a condition',
    SLICES,
    'EndpointSlice',
    {addressType: 'IPv4', endpoints: [ready]},
    'string',
    'EndpointConditions.endpoints.conditions.ready',
    'bool',
  ],
];

const GROUPS: Readonly<Record<string, string>> = {
  Lease: 'coordination.k8s.io/v1',
  EndpointSlice: 'discovery.k8s.io/v1',
};

/** Values of another type: built-in kinds are decoded into Go structs, and errors name those (apiserver-errors §2.3). */
export const goTypes: readonly Row[] = [
  ...CASES.map(([name, path, kind, fields, found, field, type]): Row => ({
    name,
    call: post(path, {apiVersion: GROUPS[kind] ?? 'v1', kind, metadata: named, ...fields}),
    answer: refused(
      400,
      'BadRequest',
      `${kind} in version "v1" cannot be handled as a ${kind}: json: cannot unmarshal ${found} into Go struct field ${field} of type ${type}`,
    ),
  })),
  {
    name: 'bytes that are no base64',
    call: post(CM, {apiVersion: 'v1', kind: 'ConfigMap', metadata: named, binaryData: {a: '%%'}}),
    answer: refused(
      400,
      'BadRequest',
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: illegal base64 data at input byte 0',
    ),
  },
  {
    name: 'a time that is none',
    call: post(NS, {apiVersion: 'v1', kind: 'Namespace', metadata: {...named, creationTimestamp: 'x'}}),
    answer: refused(
      400,
      'BadRequest',
      'Namespace in version "v1" cannot be handled as a Namespace: parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
    ),
  },
];
