import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {Ajv} from 'ajv';
import type {ValidateFunction} from 'ajv';
import {describe, expect, test} from 'vitest';
import {parse, parseAllDocuments} from 'yaml';

import * as resources from '../../src/api/resources.ts';
import type {Resource} from '../../src/api/resources.ts';

const DIRECTORY = join(import.meta.dirname, '../../manifests/crds');

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
  readonly [key: `x-kubernetes-${string}`]: unknown;
}

interface Version {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly subresources?: {readonly status?: object};
  readonly additionalPrinterColumns: readonly {
    readonly name: string;
    readonly type: string;
    readonly jsonPath: string;
  }[];
  readonly schema: {readonly openAPIV3Schema: Schema};
}

interface Crd {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: {
      readonly kind: string;
      readonly listKind: string;
      readonly plural: string;
      readonly singular: string;
      readonly shortNames?: readonly string[];
      readonly categories?: readonly string[];
    };
    readonly versions: readonly Version[];
  };
}

const files = readdirSync(DIRECTORY).toSorted();
const crds = new Map(
  files.map((file) => {
    const crd = parse(readFileSync(join(DIRECTORY, file), 'utf8')) as Crd;
    return [crd.metadata.name, {file, crd}] as const;
  }),
);

function crdOf(of: Pick<Resource, 'group' | 'plural'>): Crd {
  const found = crds.get(`${of.plural}.${of.group}`);
  if (found === undefined) throw new Error(`no CRD ${of.plural}.${of.group}`);
  return found.crd;
}

const INT32 = 2 ** 31;

/** Strict: a misspelt keyword is an error. The vocabulary is what Kubernetes adds to OpenAPI. */
function compile(schema: Schema): ValidateFunction {
  const int32 = {type: 'number' as const, validate: (value: number) => value >= -INT32 && value < INT32};
  const ajv = new Ajv({
    strict: true,
    allErrors: true,
    formats: {int32, 'int64': true, 'date-time': (text: string) => !Number.isNaN(Date.parse(text))},
  });
  ajv.addVocabulary(['list-type', 'list-map-keys', 'map-type', 'validations'].map((word) => `x-kubernetes-${word}`));
  return ajv.compile(schema);
}

const validators = new Map<string, ValidateFunction>();
for (const {crd} of crds.values()) {
  for (const {name, schema} of crd.spec.versions) {
    validators.set(`${crd.spec.group}/${name}/${crd.spec.names.kind}`, compile(schema.openAPIV3Schema));
  }
}

/** Where an object breaks its schema; empty when it doesn't. */
function faultsOf(object: {apiVersion: string; kind: string}): readonly string[] {
  const validate = validators.get(`${object.apiVersion}/${object.kind}`);
  if (validate === undefined) throw new Error(`no schema for ${object.apiVersion} ${object.kind}`);
  validate(object);
  return (validate.errors ?? []).map(({instancePath, keyword}) => `${instancePath} ${keyword}`);
}

/** Every schema within a schema, by its path. */
function walk(schema: Schema, path = ''): readonly (readonly [string, Schema])[] {
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, child]) => walk(child, `${path}.${name}`));
  const items = schema.items === undefined ? [] : walk(schema.items, `${path}[]`);
  const values = schema.additionalProperties === undefined ? [] : walk(schema.additionalProperties, `${path}{}`);
  return [[path, schema], ...below, ...items, ...values];
}

const kinds: readonly (readonly [Resource, {short?: string[]; versions: string[]; columns: string[]}])[] = [
  [
    resources.clusters,
    {
      versions: ['v1alpha1'],
      columns: [
        'Region',
        'Zone',
        'Group',
        'Gateway Host',
        'Gateway Port',
        'Reachable',
        'Synced',
        'Managed',
        'Managed Age',
        'Age',
      ],
    },
  ],
  [resources.flomeshServiceExports, {short: ['sexp'], versions: ['v1alpha1'], columns: ['Valid', 'Conflict', 'Age']}],
  [resources.flomeshServiceImports, {short: ['simp'], versions: ['v1alpha1'], columns: ['Age']}],
  [resources.globalTrafficPolicies, {short: ['gtp'], versions: ['v1alpha1'], columns: ['LB Type', 'Age']}],
  [resources.serviceExports, {short: ['svcex', 'svcexport'], versions: ['v1beta1', 'v1alpha1'], columns: ['Age']}],
  [
    resources.serviceImports,
    {short: ['svcim', 'svcimport'], versions: ['v1beta1', 'v1alpha1'], columns: ['Type', 'IP', 'Age']},
  ],
  [resources.exportPolicies, {short: ['expol'], versions: ['v1alpha1'], columns: ['Enforcement', 'Age']}],
  [resources.importPolicies, {short: ['impol'], versions: ['v1alpha1'], columns: ['Enforcement', 'Age']}],
  [
    resources.remoteClusters,
    {
      short: ['rcluster'],
      versions: ['v1alpha1'],
      columns: ['Gateway Host', 'Gateway Port', 'Region', 'Zone', 'API', 'Since', 'Network', 'Drain', 'Age'],
    },
  ],
  [resources.clusterProperties, {versions: ['v1beta1'], columns: ['value', 'age']}],
];

test('one file a kind, named by group and plural', () => {
  expect(files).toEqual(kinds.map(([{group, plural}]) => `${group}_${plural}.yaml`).toSorted());
});

describe.each(kinds.map(([resource, facts]) => ({name: `${resource.plural}.${resource.group}`, resource, facts})))(
  '$name',
  ({name, resource, facts}) => {
    const {metadata, spec} = crdOf(resource);

    test('is the resource that the code asks for', () => {
      expect(metadata.name).toBe(name);
      expect(spec.names).toMatchObject({
        kind: resource.kind,
        listKind: `${resource.kind}List`,
        plural: resource.plural,
        singular: resource.kind.toLowerCase(),
      });
      expect(spec.scope).toBe(resource.namespaced ? 'Namespaced' : 'Cluster');
      expect(spec.names.shortNames).toEqual(facts.short);
      expect(spec.versions.map((version) => version.name)).toEqual(facts.versions);
    });

    test('serves all versions, stores the one that the code speaks, and has a status subresource', () => {
      expect(spec.versions.filter(({storage}) => storage).map((version) => version.name)).toEqual([resource.version]);
      for (const version of spec.versions) {
        expect(version).toMatchObject({served: true, subresources: {status: {}}});
        expect(version.additionalPrinterColumns.map((column) => column.name)).toEqual(facts.columns);
      }
    });

    test('every field has a type and helps in kubectl explain; maps of lists have keys that are required', () => {
      for (const [path, schema] of walk(spec.versions[0]?.schema.openAPIV3Schema ?? {})) {
        expect(schema.type, `type of ${path}`).toBeDefined();
        const needsNoWords = path === '.metadata' || path.endsWith('[]') || path.endsWith('{}');
        if (!needsNoWords) expect(schema.description ?? '', `description of ${path}`).toMatch(/^["A-Z].{5,}\.$/s);
        const keys = schema['x-kubernetes-list-map-keys'] as readonly string[] | undefined;
        if (schema['x-kubernetes-list-type'] === 'map')
          expect(schema.items?.required).toEqual(expect.arrayContaining([...(keys ?? [''])]));
      }
    });
  },
);

describe('the standard is the standard, field for field (reference: MCS §1)', () => {
  test.each(['serviceexports', 'serviceimports'])('%s: one schema for both versions, no defaults, no CEL', (plural) => {
    const {metadata, spec} = crdOf({group: 'multicluster.x-k8s.io', plural});
    const [beta, alpha] = spec.versions;
    expect(alpha?.schema).toEqual(beta?.schema);
    expect(alpha?.additionalPrinterColumns).toEqual(beta?.additionalPrinterColumns);
    for (const [path, schema] of walk(beta?.schema.openAPIV3Schema ?? {})) {
      expect(schema, path).not.toHaveProperty('default');
      expect(schema, path).not.toHaveProperty('x-kubernetes-validations');
    }
    expect(metadata.labels).toEqual({
      'multicluster.x-k8s.io/release-version': 'v0.5.0',
      'multicluster.x-k8s.io/crd-schema-revision': '0',
    });
  });

  test('ClusterProperty: approved for the protected group, in the category multicluster', () => {
    const {metadata, spec} = crdOf(resources.clusterProperties);
    expect(metadata.annotations?.['api-approved.kubernetes.io']).toContain('kubernetes/enhancements/pull/3084');
    expect(spec.names.categories).toEqual(['multicluster']);
  });
});

test("FSM's defaults are kept, and only those of its fields are required that the seed gives", () => {
  const defaults = (of: Resource) =>
    Object.fromEntries(
      walk(crdOf(of).spec.versions[0]?.schema.openAPIV3Schema ?? {})
        .filter(([, schema]) => schema.default !== undefined)
        .map(([path, schema]) => [path, schema.default]),
    );
  expect(defaults(resources.clusters)).toEqual({
    '.spec.region': 'default',
    '.spec.zone': 'default',
    '.spec.group': 'default',
    '.spec.gatewayPort': 80,
    '.spec.isInCluster': false,
    '.spec.fsmMeshConfigName': 'fsm-mesh-config',
  });
  expect(defaults(resources.flomeshServiceExports)).toEqual({
    '.spec.loadBalancer': 'RoundRobinLoadBalancer',
    '.spec.sessionSticky': false,
  });
  expect(defaults(resources.globalTrafficPolicies)).toEqual({'.spec.lbType': 'Locality'});
  expect(crdOf(resources.clusters).spec.versions[0]?.schema.openAPIV3Schema.properties?.['spec']).not.toHaveProperty(
    'required',
  );
});

/** As published, but cluster-a for cluster-A: upper case is no name in Kubernetes. */
const SEED = `
apiVersion: flomesh.io/v1alpha1
kind: Cluster
metadata:
  name: cluster-a
spec:
  gatewayHost: cluster-a.host
  gatewayPort: 80
  kubeconfig: |+
    ---
    apiVersion: v1
    clusters:
    - cluster:
        certificate-authority-data:
        server: https://cluster-a.host:6443
      name: cluster-a
    contexts:
    - context:
        cluster: cluster-a
        user: admin@cluster-a
      name: cluster-a
    current-context: cluster-a
    kind: Config
    preferences: {}
    users:
    - name: admin@cluster-a
      user:
        client-certificate-data:
        client-key-data:
---
apiVersion: flomesh.io/v1alpha1
kind: ServiceExport
metadata:
  name: foo
  namespace: bar
---
apiVersion: flomesh.io/v1alpha1
kind: ServiceImport
metadata:
  name: foo
  namespace: bar
`;

test("the seed's objects are accepted as they are", () => {
  const documents = parseAllDocuments(SEED).map((document) => document.toJS() as {apiVersion: string; kind: string});
  expect(documents.map(({kind}) => kind)).toEqual(['Cluster', 'ServiceExport', 'ServiceImport']);
  for (const document of documents) expect(faultsOf(document)).toEqual([]);
});

const CONDITION = {
  type: 'isthmus.dev/Carried',
  status: 'True',
  reason: 'Carried',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
};
const ENDPOINT = {clusterKey: 'a/b/c/d', target: {host: 'h', ip: '192.0.2.1', port: 80, path: '/'}};

interface Case {
  readonly name: string;
  readonly type: string;
  readonly spec?: unknown;
  readonly status?: unknown;
  readonly faults: readonly string[];
}

const MCS_EXPORT = 'multicluster.x-k8s.io/v1beta1/ServiceExport';
const MCS_IMPORT = 'multicluster.x-k8s.io/v1alpha1/ServiceImport';
const FLOMESH = 'flomesh.io/v1alpha1';
const ISTHMUS = 'isthmus.dev/v1alpha1';

const cases: readonly Case[] = [
  {
    name: 'exported maps',
    type: MCS_EXPORT,
    spec: {exportedLabels: {a: 'b'}, exportedAnnotations: {a: 'b'}},
    faults: [],
  },
  {
    name: 'an exported label that is no string',
    type: MCS_EXPORT,
    spec: {exportedLabels: {a: 1}},
    faults: ['/spec/exportedLabels/a type'],
  },
  {
    name: 'joined reasons',
    type: MCS_EXPORT,
    status: {conditions: [{...CONDITION, reason: 'PortConflict,TypeConflict'}]},
    faults: [],
  },
  {
    name: 'joined by a space',
    type: MCS_EXPORT,
    status: {conditions: [{...CONDITION, reason: 'PortConflict, TypeConflict'}]},
    faults: ['/status/conditions/0/reason pattern'],
  },
  {
    name: 'a condition without its time',
    type: MCS_EXPORT,
    status: {conditions: [{...CONDITION, lastTransitionTime: undefined}]},
    faults: ['/status/conditions/0 required'],
  },
  {
    name: 'a status that is no status',
    type: MCS_EXPORT,
    status: {conditions: [{...CONDITION, status: 'Maybe'}]},
    faults: ['/status/conditions/0/status enum'],
  },
  {
    name: 'an import',
    type: MCS_IMPORT,
    spec: {type: 'ClusterSetIP', ports: [], ips: ['10.0.0.1', 'fd00::1'], ipFamilies: ['IPv4', 'IPv6']},
    status: {clusters: [{cluster: 'a'}], endpointSliceObjects: 'Absent', conditions: [CONDITION]},
    faults: [],
  },
  {name: 'an import without type and ports', type: MCS_IMPORT, spec: {}, faults: ['/spec required', '/spec required']},
  {name: 'an import of another type', type: MCS_IMPORT, spec: {type: 'Other', ports: []}, faults: ['/spec/type enum']},
  {
    name: 'three addresses',
    type: MCS_IMPORT,
    spec: {type: 'ClusterSetIP', ports: [], ips: ['a', 'b', 'c']},
    faults: ['/spec/ips maxItems'],
  },
  {
    name: 'a port without a number',
    type: MCS_IMPORT,
    spec: {type: 'ClusterSetIP', ports: [{name: 'a'}]},
    faults: ['/spec/ports/0 required'],
  },
  {
    name: 'any protocol: the standard has no enum there',
    type: MCS_IMPORT,
    spec: {type: 'ClusterSetIP', ports: [{port: 0, protocol: 'X'}]},
    faults: [],
  },
  {
    name: 'a flomesh export with all fields',
    type: `${FLOMESH}/ServiceExport`,
    spec: {
      rules: [{portNumber: 80, path: '/', pathType: 'Prefix'}],
      targetClusters: ['a'],
      loadBalancer: 'HashingLoadBalancer',
      sessionSticky: true,
      pathRewrite: {from: '/a', to: '/b'},
      serviceAccountName: '*',
    },
    faults: [],
  },
  {
    name: 'a flomesh export with no rules at all',
    type: `${FLOMESH}/ServiceExport`,
    spec: {rules: []},
    faults: ['/spec/rules minItems'],
  },
  {
    name: 'a rule without pathType',
    type: `${FLOMESH}/ServiceExport`,
    spec: {rules: [{path: '/'}]},
    faults: ['/spec/rules/0 required'],
  },
  {
    name: 'another balancer',
    type: `${FLOMESH}/ServiceExport`,
    spec: {loadBalancer: 'Random'},
    faults: ['/spec/loadBalancer enum'],
  },
  {
    name: 'a flomesh import',
    type: `${FLOMESH}/ServiceImport`,
    spec: {type: 'Headless', ports: [{port: 80, endpoints: [ENDPOINT]}], ips: ['10.0.0.1']},
    faults: [],
  },
  {
    name: 'a flomesh import with two addresses',
    type: `${FLOMESH}/ServiceImport`,
    spec: {ports: [], ips: ['a', 'b']},
    faults: ['/spec/ips maxItems'],
  },
  {
    name: 'an endpoint without a target',
    type: `${FLOMESH}/ServiceImport`,
    spec: {ports: [{port: 80, endpoints: [{clusterKey: 'a'}]}]},
    faults: ['/spec/ports/0/endpoints/0 required'],
  },
  {
    name: 'a Cluster of FSM',
    type: `${FLOMESH}/Cluster`,
    spec: {
      gatewayHost: 'a',
      gatewayPort: 80,
      kubeconfig: 'x',
      fsmNamespace: 'fsm',
      fsmMeshConfigName: 'c',
      region: 'r',
    },
    faults: [],
  },
  {
    name: 'a Cluster of ours',
    type: `${FLOMESH}/Cluster`,
    spec: {
      gatewayHost: 'a',
      kubeconfigSecretRef: {name: 'a'},
      isInCluster: true,
      network: 'n',
      podCIDRs: ['10.0.0.0/8'],
      drain: true,
    },
    faults: [],
  },
  {name: 'gateway port 0', type: `${FLOMESH}/Cluster`, spec: {gatewayPort: 0}, faults: ['/spec/gatewayPort minimum']},
  {
    name: 'gateway port as a string',
    type: `${FLOMESH}/Cluster`,
    spec: {gatewayPort: '80'},
    faults: ['/spec/gatewayPort type'],
  },
  {
    name: 'a Secret without a name',
    type: `${FLOMESH}/Cluster`,
    spec: {kubeconfigSecretRef: {}},
    faults: ['/spec/kubeconfigSecretRef required'],
  },
  {
    name: 'a traffic policy',
    type: `${FLOMESH}/GlobalTrafficPolicy`,
    spec: {
      lbType: 'ActiveActive',
      targets: [{clusterKey: 'a', weight: 0, priority: 1}],
      preferClosest: 'Zone',
      allowOverride: true,
    },
    faults: [],
  },
  {
    name: 'another lbType',
    type: `${FLOMESH}/GlobalTrafficPolicy`,
    spec: {lbType: 'RoundRobin'},
    faults: ['/spec/lbType enum'],
  },
  {
    name: 'a negative weight',
    type: `${FLOMESH}/GlobalTrafficPolicy`,
    spec: {lbType: 'FailOver', targets: [{clusterKey: 'a', weight: -1}]},
    faults: ['/spec/targets/0/weight minimum'],
  },
  {
    name: 'a target without a cluster',
    type: `${FLOMESH}/GlobalTrafficPolicy`,
    spec: {lbType: 'FailOver', targets: [{weight: 1}]},
    faults: ['/spec/targets/0 required'],
  },
  {
    name: 'an export policy',
    type: `${ISTHMUS}/ExportPolicy`,
    spec: {
      enforcement: 'Warn',
      rules: [
        {
          name: 'a',
          action: 'Deny',
          message: 'm',
          namespaces: ['n'],
          namespaceSelector: {matchLabels: {a: 'b'}},
          services: ['s'],
          serviceSelector: {matchExpressions: [{key: 'a', operator: 'In', values: ['b']}]},
          targetClusters: ['c'],
          exclusive: false,
          cel: 'true',
        },
      ],
    },
    faults: [],
  },
  {
    name: 'a rule without an action',
    type: `${ISTHMUS}/ExportPolicy`,
    spec: {rules: [{name: 'a'}]},
    faults: ['/spec/rules/0 required'],
  },
  {
    name: 'an unknown operator',
    type: `${ISTHMUS}/ExportPolicy`,
    spec: {rules: [{name: 'a', action: 'Deny', serviceSelector: {matchExpressions: [{key: 'a', operator: 'Like'}]}}]},
    faults: ['/spec/rules/0/serviceSelector/matchExpressions/0/operator enum'],
  },
  {
    name: 'an import policy',
    type: `${ISTHMUS}/ImportPolicy`,
    spec: {rules: [{name: 'a', action: 'Allow', sourceClusters: ['c'], consumerNamespaces: ['n']}]},
    faults: [],
  },
  {
    name: 'another enforcement',
    type: `${ISTHMUS}/ImportPolicy`,
    spec: {enforcement: 'Shout'},
    faults: ['/spec/enforcement enum'],
  },
  {
    name: 'a rule name with a space',
    type: `${ISTHMUS}/ImportPolicy`,
    spec: {rules: [{name: 'a b', action: 'Allow'}]},
    faults: ['/spec/rules/0/name pattern'],
  },
  {
    name: 'a remote cluster',
    type: `${ISTHMUS}/RemoteCluster`,
    spec: {
      gateway: {host: 'h', port: 80, addresses: ['192.0.2.1']},
      region: 'r',
      zone: 'z',
      group: 'g',
      network: 'n',
      podCIDRs: ['10.0.0.0/8'],
      drain: false,
      trustBundle: 'pem',
    },
    status: {api: {state: 'Unreachable', since: '2026-01-01T00:00:00Z'}, version: 'v1.36.0'},
    faults: [],
  },
  {
    name: 'a gateway without a port',
    type: `${ISTHMUS}/RemoteCluster`,
    spec: {gateway: {host: 'h'}},
    faults: ['/spec/gateway required'],
  },
  {
    name: 'a state that is none',
    type: `${ISTHMUS}/RemoteCluster`,
    status: {api: {state: 'Gone', since: 'today'}},
    faults: ['/status/api/state enum', '/status/api/since format'],
  },
  {name: 'a property', type: 'about.k8s.io/v1beta1/ClusterProperty', spec: {value: 'x'}, faults: []},
  {
    name: 'a property without a value',
    type: 'about.k8s.io/v1beta1/ClusterProperty',
    spec: {value: ''},
    faults: ['/spec/value minLength'],
  },
  {name: 'a property without a spec', type: 'about.k8s.io/v1beta1/ClusterProperty', faults: [' required']},
];

describe('schemas accept what is right and refuse what is wrong', () => {
  test.each(cases)('$type: $name', ({type, spec, status, faults}) => {
    const slash = type.lastIndexOf('/');
    const object = {apiVersion: type.slice(0, slash), kind: type.slice(slash + 1), metadata: {name: 'a'}, spec, status};
    expect(faultsOf(JSON.parse(JSON.stringify(object)) as typeof object)).toEqual(faults);
  });
});
