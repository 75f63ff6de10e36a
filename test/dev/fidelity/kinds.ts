export const CM = '/api/v1/namespaces/default/configmaps';
export const SVC = '/api/v1/namespaces/default/services';
export const NS = '/api/v1/namespaces';
export const PODS = '/api/v1/namespaces/default/pods';
export const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
export const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
export const GADGETS = '/apis/t.dev/v1/namespaces/default/gadgets';
export const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

export function configMap(name: string, fields: object = {}, metadata: object = {}): object {
  return {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name, ...metadata}, ...fields};
}

export function gadget(name: string, spec: object = {}, metadata: object = {}): object {
  return {apiVersion: 't.dev/v1', kind: 'Gadget', metadata: {name, ...metadata}, spec};
}

export function service(name: string, spec: object = {}, metadata: object = {}): object {
  return {apiVersion: 'v1', kind: 'Service', metadata: {name, ...metadata}, spec};
}

export function pod(name: string, spec: object = {}): object {
  return {apiVersion: 'v1', kind: 'Pod', metadata: {name}, spec: {containers: [{name: 'c', image: 'i'}], ...spec}};
}

export function lease(name: string, spec: object): object {
  return {apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: {name}, spec};
}

/** A definition with these versions; the first one is stored. */
export function definition(plural: string, kind: string, versions: readonly object[]): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {name: `${plural}.zoo.dev`},
    spec: {group: 'zoo.dev', scope: 'Namespaced', names: {plural, kind}, versions},
  };
}

export function version(name: string, schema: object, fields: object = {}): object {
  return {name, served: true, storage: true, schema: {openAPIV3Schema: {type: 'object', ...schema}}, ...fields};
}

/** One field of every sort that a schema can describe. The rule stands for those that CEL evaluates elsewhere. */
export const GADGET_CRD = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.t.dev}
spec:
  group: t.dev
  scope: Namespaced
  names: {plural: gadgets, kind: Gadget, shortNames: [gd], categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    selectableFields: [{jsonPath: .spec.mode}]
    additionalPrinterColumns:
    - {name: Mode, type: string, jsonPath: .spec.mode, description: the mode}
    - {name: Min, type: integer, priority: 1, jsonPath: .spec.min}
    - {name: Tags, type: string, jsonPath: .spec.tags}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            x-kubernetes-validations: [{rule: "!has(self.min) || !has(self.max) || self.min <= self.max"}]
            properties:
              mode: {type: string, enum: ["On", "Off"], default: "On"}
              min: {type: integer, minimum: 0}
              max: {type: integer, maximum: 100}
              name: {type: string, pattern: "^[a-z]+$"}
              tags: {type: array, maxItems: 3, items: {type: string}, x-kubernetes-list-type: set}
              atoms: {type: array, items: {type: string}}
              items:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items:
                  type: object
                  required: [name]
                  properties:
                    name: {type: string}
                    value: {type: string}
                    weight: {type: integer, default: 1}
              ports:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [port, protocol]
                items:
                  type: object
                  required: [port, protocol]
                  properties: {port: {type: integer}, protocol: {type: string, default: TCP}}
              opts: {type: object, additionalProperties: {type: string}}
              whole: {type: object, additionalProperties: {type: string}, x-kubernetes-map-type: atomic}
              any: {type: object, x-kubernetes-preserve-unknown-fields: true}
              either: {x-kubernetes-int-or-string: true}
              when: {type: string, format: date-time}
          status:
            type: object
            properties:
              phase: {type: string}
              conditions:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [type]
                items:
                  type: object
                  required: [lastTransitionTime, message, reason, status, type]
                  properties:
                    type: {type: string}
                    status: {type: string}
                    reason: {type: string}
                    message: {type: string}
                    lastTransitionTime: {type: string, format: date-time}
  - name: v1alpha1
    served: true
    storage: false
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties: {mode: {type: string, default: "Off"}, min: {type: integer}, atoms: {type: array, items: {type: string}}}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
`;
