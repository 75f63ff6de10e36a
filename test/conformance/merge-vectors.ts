import type {ExportedPort, ExportedService, MemberExport} from '../../src/clusterset/member-export.ts';
import type {MergedImport} from '../../src/clusterset/merged-import.ts';

/**
 * What exports make of an import, named by sentences of KEP-1645 (reference: MCS §2, the numbers in brackets; `table:` names a line
 * of its conflict table). Plain data: the same table runs on the engine (`merge.test.ts`), and on API servers through the
 * objects that these exports are read from (`clusterset.integration.test.ts`), where the clusters are c1, c10 and c2.
 */
export interface MergeVector {
  readonly name: string;
  /** By cluster id; `age` in seconds: the larger, the older. */
  readonly exports: readonly VectorExport[];
  /** Undefined: there must be no import. */
  readonly import: Partial<MergedImport> | undefined;
  /** The reason of `Conflict`, the same on every export. */
  readonly conflict: string;
  /** The reason of `Valid` of exports that are not valid. */
  readonly invalid?: Readonly<Record<string, string>>;
  /** A part of the message of `Conflict`. */
  readonly says?: string;
}

export interface VectorExport {
  readonly cluster: string;
  readonly age: number;
  /** Undefined: there is no Service of the name. */
  readonly service: Partial<ExportedService> | undefined;
  readonly over?: Partial<Pick<MemberExport, 'exportedLabels' | 'exportedAnnotations' | 'groups' | 'flomesh'>>;
}

const NONE = 'NoConflicts';
const port = (name: string, number: number, protocol: ExportedPort['protocol'] = 'TCP'): ExportedPort => ({
  ...(name === '' ? {} : {name}),
  port: number,
  protocol,
});
const old = (service: Partial<ExportedService> | undefined = {}, over: VectorExport['over'] = {}): VectorExport => ({
  cluster: 'c1',
  age: 100,
  service,
  over,
});
const young = (service: Partial<ExportedService> | undefined = {}, over: VectorExport['over'] = {}): VectorExport => ({
  cluster: 'c2',
  age: 10,
  service,
  over,
});
const labels = (exportedLabels: Record<string, string>): VectorExport['over'] => ({exportedLabels});
const annotations = (exportedAnnotations: Record<string, string>): VectorExport['over'] => ({exportedAnnotations});
const affinity = (
  timeoutSeconds: number,
): Pick<MergedImport, 'sessionAffinity' | 'sessionAffinityConfig'> & {sessionAffinity: string} => ({
  sessionAffinity: 'ClientIP',
  sessionAffinityConfig: {clientIP: {timeoutSeconds}},
});
const onlyPorts = (...ports: ExportedPort[]): Partial<ExportedService> => ({ports});
const missing: VectorExport = {cluster: 'c1', age: 100, service: undefined};

export const mergeVectors: readonly MergeVector[] = [
  {
    name: '[8, 10] a Service without an export contributes nothing: no export, no import',
    exports: [],
    import: undefined,
    conflict: NONE,
  },
  {
    name: '[11] the same namespaced name from several clusters is one combined service',
    exports: [old(), young()],
    import: {clusters: ['c1', 'c2'], type: 'ClusterSetIP'},
    conflict: NONE,
  },
  {
    name: '[13] an export without a Service is Valid=False, NoService, and makes no import',
    exports: [missing],
    import: undefined,
    conflict: NONE,
    invalid: {c1: 'NoService'},
  },
  {
    name: '[13] it does not keep the others from theirs, however old it is',
    exports: [missing, young({headless: true})],
    import: {clusters: ['c2'], type: 'Headless'},
    conflict: NONE,
    invalid: {c1: 'NoService'},
  },
  {
    name: '[14] an ExternalName Service is Valid=False, InvalidServiceType, and no import results',
    exports: [old({type: 'ExternalName'})],
    import: undefined,
    conflict: NONE,
    invalid: {c1: 'InvalidServiceType'},
  },
  ...(['NodePort', 'LoadBalancer'] as const).map((type): MergeVector => ({
    name: `[15] a ${type} Service exports like ClusterIP`,
    exports: [old({type})],
    import: {type: 'ClusterSetIP', ports: [port('http', 80)]},
    conflict: NONE,
  })),
  {
    name: '[17] only exportedLabels and exportedAnnotations are carried',
    exports: [old({}, {exportedLabels: {a: '1'}, exportedAnnotations: {b: '2'}})],
    import: {labels: {a: '1'}, annotations: {b: '2'}},
    conflict: NONE,
  },
  {
    name: '[24] status.clusters lists the exporting clusters',
    exports: [young(), old()],
    import: {clusters: ['c1', 'c2']},
    conflict: NONE,
  },
  {name: '[28] ClusterIP exports: ClusterSetIP', exports: [old()], import: {type: 'ClusterSetIP'}, conflict: NONE},
  {
    name: '[28] clusterIP None: Headless',
    exports: [old({headless: true})],
    import: {type: 'Headless'},
    conflict: NONE,
  },
  {
    name: '[30] ipFamilies have no duplicates',
    exports: [old({ipFamilies: ['IPv4']}), young({ipFamilies: ['IPv4', 'IPv6']})],
    import: {ipFamilies: ['IPv4', 'IPv6']},
    conflict: NONE,
  },
  {
    name: '[33, 36] the message names field, winner and count, on all exports',
    exports: [old(), young({headless: true})],
    import: {type: 'ClusterSetIP'},
    conflict: 'TypeConflict',
    says: 'Conflicting type. Using "ClusterSetIP" from oldest service export in "c1". 1/2 clusters disagree.',
  },
  {
    name: '[34] equal timestamps: the smaller cluster id',
    exports: [
      {cluster: 'c2', age: 5, service: {headless: true}},
      {cluster: 'c10', age: 5, service: {}},
    ],
    import: {type: 'ClusterSetIP'},
    conflict: 'TypeConflict',
    says: 'in "c10"',
  },
  {
    name: '[37] not the majority',
    exports: [old({headless: true}), ...['c2', 'c10'].map((cluster) => ({cluster, age: 1, service: {}}))],
    import: {type: 'Headless'},
    conflict: 'TypeConflict',
    says: '2/3 clusters disagree.',
  },
  {
    name: '[39a] table: ports: a clean union raises the conflict',
    exports: [
      old(onlyPorts(port('tcp', 42), port('udp', 42, 'UDP'))),
      young(onlyPorts(port('tcp', 42), port('stcp', 142, 'SCTP'))),
    ],
    import: {
      ports: [port('tcp', 42), port('udp', 42, 'UDP'), port('stcp', 142, 'SCTP')],
      portClusters: {'UDP/42': ['c1'], 'SCTP/142': ['c2']},
    },
    conflict: 'PortConflict',
  },
  {
    name: '[39b] table: ports: a duplicate name: the older port stays',
    exports: [old(onlyPorts(port('tcp', 42), port('udp', 42, 'UDP'))), young(onlyPorts(port('tcp', 43)))],
    import: {ports: [port('tcp', 42), port('udp', 42, 'UDP')]},
    conflict: 'PortConflict',
  },
  {
    name: '[39c] table: port traffic: port 4242 reaches only its cluster, 42 only the other',
    exports: [old(onlyPorts(port('tcp', 42), port('udp', 42, 'UDP'))), young(onlyPorts(port('tcp2', 4242)))],
    import: {
      ports: [port('tcp', 42), port('udp', 42, 'UDP'), port('tcp2', 4242)],
      portClusters: {'TCP/42': ['c1'], 'UDP/42': ['c1'], 'TCP/4242': ['c2']},
    },
    conflict: 'PortConflict',
  },
  {
    name: '[38] no name counts as a name',
    exports: [old(onlyPorts(port('', 80))), young(onlyPorts(port('', 81)))],
    import: {ports: [port('', 80)]},
    conflict: 'PortConflict',
  },
  {
    name: '[38] no duplicate protocol and port',
    exports: [old(onlyPorts(port('http', 80))), young(onlyPorts(port('web', 80)))],
    import: {ports: [port('http', 80)], portClusters: {}},
    conflict: 'PortConflict',
  },
  {
    name: 'table: appProtocol: the oldest wins',
    exports: [old(onlyPorts({...port('http', 80), appProtocol: 'kubernetes.io/h2c'})), young()],
    import: {ports: [{...port('http', 80), appProtocol: 'kubernetes.io/h2c'}]},
    conflict: 'PortConflict',
  },
  {
    name: 'table: headlessness: the oldest export decides the type',
    exports: [old({headless: true}), young()],
    import: {type: 'Headless'},
    conflict: 'TypeConflict',
  },
  {
    name: 'table: sessionAffinity: the oldest',
    exports: [old({sessionAffinity: 'ClientIP'}), young()],
    import: {sessionAffinity: 'ClientIP'},
    conflict: 'SessionAffinityConflict',
  },
  {
    name: 'table: sessionAffinityConfig: the oldest',
    exports: [old(affinity(10)), young(affinity(20))],
    import: affinity(10),
    conflict: 'SessionAffinityConfigConflict',
  },
  {
    name: 'table: internalTrafficPolicy: the oldest',
    exports: [old({internalTrafficPolicy: 'Local'}), young()],
    import: {internalTrafficPolicy: 'Local'},
    conflict: 'InternalTrafficPolicyConflict',
  },
  {
    name: 'table: internalTrafficPolicy: unset is Cluster when comparing',
    exports: [old(), young({internalTrafficPolicy: 'Cluster'})],
    import: {},
    conflict: NONE,
  },
  {
    name: 'table: trafficDistribution: the oldest; unset is not any value',
    exports: [old({trafficDistribution: 'PreferSameZone'}), young()],
    import: {trafficDistribution: 'PreferSameZone'},
    conflict: 'TrafficDistributionConflict',
  },
  {
    name: 'table: exportedLabels: the whole map of the oldest',
    exports: [old({}, labels({a: '1'})), young({}, labels({b: '2'}))],
    import: {labels: {a: '1'}},
    conflict: 'LabelsConflict',
  },
  {
    name: 'table: exportedAnnotations: the whole map of the oldest, also where it is empty',
    exports: [old(), young({}, annotations({b: '2'}))],
    import: {annotations: {}},
    conflict: 'AnnotationsConflict',
  },
  {
    name: 'table: ipFamilies: raised where a family reaches only a subset of backends',
    exports: [old({headless: true, ipFamilies: ['IPv4']}), young({headless: true, ipFamilies: ['IPv6']})],
    import: {ipFamilies: ['IPv4', 'IPv6']},
    conflict: 'IPFamilyConflict',
  },
  {
    name: 'table: ipFamilies: gateways carry TCP of any family to all of them',
    exports: [old({ipFamilies: ['IPv4']}), young({ipFamilies: ['IPv6']})],
    import: {ipFamilies: ['IPv4', 'IPv6']},
    conflict: NONE,
  },
  {
    name: 'several at once: all of them, joined by commas without a space',
    exports: [
      old({}, labels({a: '1'})),
      young({
        headless: true,
        ports: [port('dns', 53, 'UDP')],
        ipFamilies: ['IPv6'],
        sessionAffinity: 'ClientIP',
        internalTrafficPolicy: 'Local',
        trafficDistribution: 'PreferClose',
      }),
    ],
    import: {type: 'ClusterSetIP', labels: {a: '1'}},
    conflict:
      'PortConflict,TypeConflict,SessionAffinityConflict,LabelsConflict,InternalTrafficPolicyConflict,TrafficDistributionConflict,IPFamilyConflict',
  },
  {
    name: 'design §4: an export of several groups is one export',
    exports: [
      old(
        {},
        {
          groups: ['flomesh.io', 'multicluster.x-k8s.io'],
          flomesh: {rules: [{portNumber: 80, path: '/', pathType: 'Prefix'}], targetClusters: []},
        },
      ),
      young(),
    ],
    import: {groups: ['flomesh.io', 'multicluster.x-k8s.io'], clusters: ['c1', 'c2']},
    conflict: NONE,
  },
];
