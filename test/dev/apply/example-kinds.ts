import type {Schema} from '../../../src/dev/schema/schema.ts';

const text: Schema = {type: 'string'};

/** The parts of the upstream ServiceImport that two owners share: `ports` and `type` are required, `ips` is the agent's. */
export const serviceImport: Schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['ports', 'type'],
      properties: {
        ips: {type: 'array', items: text},
        ports: {
          'type': 'array',
          'items': {
            type: 'object',
            required: ['port'],
            properties: {name: text, port: {type: 'integer'}, protocol: text},
          },
          'x-kubernetes-list-type': 'atomic',
        },
        trafficDistribution: text,
        type: {type: 'string', enum: ['ClusterSetIP', 'Headless']},
      },
    },
    status: {
      type: 'object',
      properties: {
        clusters: {
          'type': 'array',
          'items': {type: 'object', required: ['cluster'], properties: {cluster: text}},
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['cluster'],
        },
        conditions: {
          'type': 'array',
          'items': {type: 'object', properties: {type: text, status: text, reason: text, message: text}},
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['type'],
        },
      },
    },
  },
};

/** One field of every sort of list, map and default. */
export const widget: Schema = {
  type: 'object',
  properties: {
    spec: {
      'type': 'object',
      'properties': {
        any: {'type': 'object', 'x-kubernetes-preserve-unknown-fields': true},
        atoms: {type: 'array', items: text},
        count: {'x-kubernetes-int-or-string': true},
        items: {
          'type': 'array',
          'items': {
            type: 'object',
            required: ['name'],
            properties: {name: text, value: text, weight: {type: 'integer', default: 1}},
          },
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
        },
        max: {type: 'integer', maximum: 100},
        min: {type: 'integer', minimum: 0},
        mode: {type: 'string', default: 'On', enum: ['On', 'Off']},
        name: {type: 'string', maxLength: 20, pattern: '^[a-z]+$'},
        nothing: {type: 'string', nullable: true},
        opts: {type: 'object', additionalProperties: text},
        ports: {
          'type': 'array',
          'items': {
            type: 'object',
            required: ['port'],
            properties: {name: text, port: {type: 'integer'}, protocol: {type: 'string', default: 'TCP'}},
          },
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['port', 'protocol'],
        },
        ready: {type: 'boolean'},
        tags: {'type': 'array', 'maxItems': 3, 'items': text, 'x-kubernetes-list-type': 'set'},
        whole: {'type': 'object', 'properties': {a: text, b: text}, 'x-kubernetes-map-type': 'atomic'},
      },
      'x-kubernetes-validations': [{rule: 'self.min <= self.max'}],
    },
    status: {type: 'object', properties: {phase: text}},
  },
};
