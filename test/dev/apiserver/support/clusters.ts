import {pino} from 'pino';
import {startEmbeddedCluster} from '../../../../src/dev/embedded-cluster.ts';
import type {EmbeddedCluster, EmbeddedClusterOptions} from '../../../../src/dev/embedded-cluster.ts';
import {HttpClient} from './http-client.ts';

export interface TestCluster {
  readonly cluster: EmbeddedCluster;
  readonly http: HttpClient;
  close(): Promise<void>;
}

export async function testCluster(options: Partial<EmbeddedClusterOptions> = {}): Promise<TestCluster> {
  const cluster = await startEmbeddedCluster({name: 'test', index: 1, logger: pino({level: 'silent'}), ...options});
  const http = new HttpClient(cluster);
  return {
    cluster,
    http,
    close: async () => {
      http.close();
      await cluster.close();
    },
  };
}

/** A kind with a default, bounds, a set, a list map, an atomic list, a selectable field and a status subresource. */
export const WIDGET_CRD = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.dev}
spec:
  group: example.dev
  scope: Namespaced
  names: {plural: widgets, kind: Widget, shortNames: [wd], categories: [ex]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    selectableFields: [{jsonPath: .spec.mode}]
    additionalPrinterColumns:
    - {name: Mode, type: string, jsonPath: .spec.mode}
    - {name: Min, type: integer, priority: 1, jsonPath: .spec.min}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            description: What the widget should be.
            properties:
              mode: {type: string, enum: ["On", "Off"], default: "On"}
              min: {type: integer, minimum: 0}
              only: {type: string}
              tags: {type: array, maxItems: 3, items: {type: string}, x-kubernetes-list-type: set}
              atoms: {type: array, items: {type: string}}
              items:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items:
                  type: object
                  required: [name]
                  properties: {name: {type: string}, value: {type: string}}
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
                  required: [type, status]
                  properties: {type: {type: string}, status: {type: string}}
  - name: v1beta1
    served: true
    storage: false
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              mode: {type: string, default: "Off"}
              min: {type: integer}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
`;

export const WIDGETS = '/apis/example.dev/v1/namespaces/default/widgets';
export const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

export function widgetBody(name: string, spec: object = {}, metadata: object = {}): object {
  return {apiVersion: 'example.dev/v1', kind: 'Widget', metadata: {name, ...metadata}, spec};
}

export function configMap(name: string, fields: object = {}): object {
  return {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name}, ...fields};
}
