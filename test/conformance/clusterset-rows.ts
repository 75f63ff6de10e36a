import type {Endpoint} from '../../src/api/kinds.ts';
import {HTTP} from '../clusterset/fixtures.ts';
import type {ClustersetRow, Given} from './clusterset-row.ts';
import {MEMBERS, rowOf} from './clusterset-row.ts';
import {mergeVectors} from './merge-vectors.ts';

const VALID = {Valid: 'True/Valid', Ready: 'True/Exported', Conflict: 'False/NoConflicts'};
const c1 = (over: Partial<Given> = {}): Given => ({cluster: 'c1', age: 100, service: {}, ...over});
const c2 = (over: Partial<Given> = {}): Given => ({cluster: 'c2', age: 10, service: {}, ...over});
const c10 = (over: Partial<Given> = {}): Given => ({cluster: 'c10', age: 10, service: {}, ...over});
const headless = {headless: true};
const pod = (address: string, over: Partial<Endpoint> = {}): Endpoint => ({addresses: [address], ...over});
const slicesOfC1 = {'foo-a': [pod('10.201.0.1')], 'foo-b': [pod('10.201.0.2')]};

/** Sentences that speak of one moment, or of one member, which the vectors of the engine can't say. */
const exportRows: readonly ClustersetRow[] = [
  {
    title: '[8] nothing is visible to other clusters by default: a Service without an export has no import',
    given: [c1({exported: false})],
    expect: {import: 'none'},
  },
  {
    title: '[9] an export refers to the Service of its own name in its own cluster, to no other',
    given: [c1({serviceName: 'bar'}), c2({exported: false})],
    expect: {import: 'none', exportIn: {c1: {Valid: 'False/NoService', Ready: 'False/Pending'}}},
  },
  {
    title: '[10] a Service without its own export contributes nothing even where others export that name',
    given: [c1({exported: false, service: headless}), c2()],
    expect: {import: {type: 'ClusterSetIP', clusters: ['c2']}, exportIn: {c2: VALID}},
  },
  {
    title: '[12, 23] deleting the export stops exporting; with the last export the import goes everywhere',
    given: [c1(), c2()],
    expect: {import: {clusters: ['c1', 'c2']}},
    later: [
      {
        changes: [{do: 'unexport', in: 'c1'}],
        expect: {import: {clusters: ['c2']}, exportIn: {c2: VALID}, kept: ['import', 'addresses']},
      },
      {changes: [{do: 'unexport', in: 'c2'}], expect: {import: 'none'}},
    ],
  },
  {
    title: '[13, 36] an export becomes valid when its Service appears, and is as old as it is',
    given: [c1({service: undefined}), c2({service: headless})],
    expect: {
      import: {type: 'Headless', clusters: ['c2']},
      exportIn: {c1: {Valid: 'False/NoService', Ready: 'False/Pending'}, c2: VALID},
    },
    later: [
      {
        changes: [{do: 'add-service', in: 'c1'}],
        expect: {import: {clusters: ['c1', 'c2']}, exports: {Valid: 'True/Valid', Conflict: 'True/TypeConflict'}},
      },
    ],
  },
  {
    title: '[13] an export whose Service goes is not valid any more, and its import goes',
    given: [c1()],
    expect: {import: {clusters: ['c1']}, exports: VALID},
    later: [
      {
        changes: [{do: 'delete-service', in: 'c1'}],
        expect: {import: 'none', exports: {Valid: 'False/NoService', Ready: 'False/Pending'}},
      },
    ],
  },
  {
    title: '[16] the cluster-local Service is not changed by its export',
    given: [c1({service: {type: 'NodePort', sessionAffinity: 'ClientIP'}})],
    expect: {import: {type: 'ClusterSetIP'}, exports: VALID, kept: ['service']},
  },
  {
    title: '[17] labels and annotations of Service and ServiceExport themselves are not copied',
    given: [c1({ownLabels: {'example.org/own': 'x'}, over: {exportedLabels: {a: '1'}}})],
    expect: {import: {labels: {a: '1'}, annotations: {}}},
  },
  {
    title: '[11] namespaces are not the same service: one name in two of them stays two services',
    given: [c1(), c2()],
    expect: {import: {clusters: ['c1', 'c2']}, exports: VALID},
  },
  {
    title: '[12, 23] with its namespace an export goes, and the import everywhere',
    given: [c1()],
    expect: {import: {clusters: ['c1']}},
    later: [{changes: [{do: 'delete-namespace', in: 'c1'}], expect: {import: 'none'}}],
  },
  {
    title: '[17] exported labels and annotations follow the export',
    given: [
      c1({
        over: {
          exportedLabels: {a: '1'},
          exportedAnnotations: {b: '2'},
        },
      }),
    ],
    expect: {import: {labels: {a: '1'}, annotations: {b: '2'}}},
    later: [
      {
        changes: [
          {do: 'patch-export', in: 'c1', body: {spec: {exportedLabels: {a: null, c: '3'}, exportedAnnotations: null}}},
        ],
        expect: {import: {labels: {c: '3'}, annotations: {}}, exports: VALID, kept: ['import', 'addresses']},
      },
    ],
  },
];

const importRows: readonly ClustersetRow[] = [
  {
    title: '[19, 20] each cluster with the namespace gets the import, the exporter included',
    given: [c1()],
    expect: {importedIn: MEMBERS, import: {clusters: ['c1'], type: 'ClusterSetIP'}, exports: VALID},
  },
  {
    title: '[20, 21] imported only where the namespace exists; when it appears later, the import appears',
    namespaceIn: ['c1'],
    given: [c1()],
    expect: {importedIn: ['c1'], import: {clusters: ['c1']}, exports: VALID},
    later: [
      {
        changes: [{do: 'add-namespace', in: 'c2'}],
        expect: {importedIn: ['c1', 'c2'], import: {clusters: ['c1']}, kept: ['import']},
      },
    ],
  },
  {
    title: '[20, 21] in a namespace that is made again the import is made again',
    given: [c1()],
    expect: {importedIn: MEMBERS, import: {clusters: ['c1']}},
    later: [
      {changes: [{do: 'delete-namespace', in: 'c2'}], expect: {importedIn: ['c1', 'c10'], exports: VALID}},
      {changes: [{do: 'add-namespace', in: 'c2'}], expect: {importedIn: MEMBERS, import: {clusters: ['c1']}}},
    ],
  },
  {
    title: '[22] an import is the work of the controller alone: an edit is put right, a deleted one comes back',
    given: [c1()],
    expect: {import: {ports: [{name: 'http', port: 80, protocol: 'TCP'}]}},
    later: [
      {
        changes: [
          {
            do: 'patch-import',
            in: 'c2',
            body: {spec: {type: 'Headless', ips: [], ports: [{name: 'evil', port: 666, protocol: 'TCP'}]}},
          },
          {do: 'patch-import', in: 'c10', body: {spec: {sessionAffinity: 'ClientIP'}}},
          {do: 'delete-import', in: 'c1'},
        ],
        expect: {
          importedIn: MEMBERS,
          import: {
            type: 'ClusterSetIP',
            ports: [{name: 'http', port: 80, protocol: 'TCP'}],
            sessionAffinity: 'None',
            clusters: ['c1'],
          },
        },
      },
    ],
  },
  {
    title: '[24] status.clusters follows the exporters',
    given: [c1(), c2()],
    expect: {import: {clusters: ['c1', 'c2']}},
    later: [
      {
        changes: [
          {do: 'add-service', in: 'c10'},
          {do: 'export', in: 'c10'},
        ],
        expect: {import: {clusters: [...MEMBERS]}},
      },
      {changes: [{do: 'unexport', in: 'c1'}], expect: {import: {clusters: ['c10', 'c2']}}},
    ],
  },
  {
    title: '[25] what an import can do in a cluster is told by its conditions there',
    given: [c1({service: headless, slices: slicesOfC1})],
    expect: {
      importIn: {
        c2: {'Ready': 'True/Ready', 'isthmus.dev/Carried': 'Unknown/PodAddresses'},
        c10: {'Ready': 'True/Ready', 'isthmus.dev/Carried': 'False/NotSameNetwork'},
      },
    },
  },
  {
    title: '[26] endpointSliceObjects: Present where slices are imported, else Absent',
    given: [c1({service: headless, slices: {'foo-a': [pod('10.201.0.1')]}})],
    expect: {endpointSliceObjects: 'Present', slices: ['c1: 10.201.0.1']},
    later: [
      {changes: [{do: 'delete-slice', in: 'c1', slice: 'foo-a'}], expect: {endpointSliceObjects: 'Absent', slices: []}},
    ],
  },
  {
    title: '[27, 29] a name and an address that is of use in the importing cluster',
    given: [c1()],
    expect: {
      importIn: {c2: {Ready: 'True/Ready'}, c10: {Ready: 'True/Ready'}},
      dns: [
        {in: 'c1', type: 'A', answer: 'VIP'},
        {in: 'c10', type: 'A', answer: 'VIP'},
        {in: 'c2', type: 'AAAA', answer: 'VIP'},
      ],
    },
  },
  {
    title: '[29] the addresses stay for the life of the import, whatever else of it changes',
    given: [c1(), c2()],
    expect: {import: {clusters: ['c1', 'c2']}},
    later: [
      {
        changes: [{do: 'patch-service', in: 'c1', body: {spec: {ports: [{name: 'web', port: 8080, protocol: 'TCP'}]}}}],
        expect: {
          import: {portClusters: {'TCP/8080': ['c1'], 'TCP/80': ['c2']}},
          exports: {Conflict: 'True/PortConflict'},
          kept: ['import', 'addresses'],
        },
      },
    ],
  },
  {
    title: '[30] ips and ipFamilies have the same order and no duplicates',
    given: [c1({service: {ipFamilies: ['IPv6', 'IPv4']}})],
    expect: {import: {type: 'ClusterSetIP'}, dns: [{in: 'c2', type: 'AAAA', answer: 'VIP'}]},
  },
  {
    title:
      '[31, 32] a headless import has no address; its name stands for all endpoints of all clusters that can be reached',
    given: [
      c1({service: headless, slices: slicesOfC1}),
      c2({service: headless, slices: {'foo-a': [pod('10.203.0.1'), pod('10.203.0.2', {conditions: {ready: false}})]}}),
      c10({service: headless, slices: {'foo-a': [pod('10.202.0.1')]}}),
    ],
    expect: {
      import: {type: 'Headless', clusters: [...MEMBERS]},
      slices: ['c1: 10.201.0.1', 'c1: 10.201.0.2', 'c10: 10.202.0.1', 'c2: 10.203.0.1, 10.203.0.2 ready=false'],
      dns: [
        {in: 'c2', type: 'A', answer: ['10.201.0.1', '10.201.0.2', '10.203.0.1']},
        {in: 'c10', type: 'A', answer: ['10.202.0.1']},
        {in: 'c2', type: 'AAAA', answer: []},
      ],
    },
  },
];

const conflictRows: readonly ClustersetRow[] = [
  {
    title: '[33, 35] an export that is made again is the younger one: the other decides, and every conflict says so',
    given: [c1({service: {sessionAffinity: 'ClientIP'}}), c2()],
    expect: {import: {sessionAffinity: 'ClientIP'}, says: 'oldest service export in "c1"'},
    later: [
      {changes: [{do: 'unexport', in: 'c1'}], expect: {import: {clusters: ['c2'], sessionAffinity: 'None'}}},
      {
        changes: [{do: 'export', in: 'c1'}],
        expect: {
          import: {clusters: ['c1', 'c2'], sessionAffinity: 'None'},
          exports: {Conflict: 'True/SessionAffinityConflict'},
          says: 'Using "None" from oldest service export in "c2"',
        },
      },
    ],
  },
  {
    title: '[35] when the oldest of two types unexports, the import may stay as it is: its users see no change of type',
    given: [c1({service: headless}), c2()],
    expect: {import: {type: 'Headless'}, exports: {Conflict: 'True/TypeConflict'}},
    later: [
      {
        changes: [{do: 'unexport', in: 'c1'}],
        expect: {
          import: {type: 'Headless', clusters: ['c2']},
          exportIn: {c2: {Valid: 'True/Valid', Conflict: 'True/TypeConflict'}},
          kept: ['import'],
        },
      },
      {
        changes: [
          {
            do: 'patch-export',
            in: 'c2',
            body: {metadata: {annotations: {'isthmus.dev/allow-type-change': 'ClusterSetIP'}}},
          },
        ],
        expect: {import: {type: 'ClusterSetIP', clusters: ['c2']}, exportIn: {c2: VALID}},
      },
    ],
  },
  {
    title: '[38, 39] table: ports: a port that its only cluster drops goes, and with it the conflict',
    given: [c1(), c2({service: {ports: [HTTP, {name: 'extra', port: 8080, protocol: 'TCP'}]}})],
    expect: {
      import: {ports: [HTTP, {name: 'extra', port: 8080, protocol: 'TCP'}], portClusters: {'TCP/8080': ['c2']}},
      exports: {Conflict: 'True/PortConflict'},
    },
    later: [
      {
        changes: [{do: 'patch-service', in: 'c2', body: {spec: {ports: [HTTP]}}}],
        expect: {import: {ports: [HTTP], portClusters: {}}, exports: VALID, kept: ['import', 'addresses']},
      },
    ],
  },
  {
    title: '[35] a conflict that comes and goes disturbs no traffic: the import stays',
    given: [c1(), c2()],
    expect: {import: {sessionAffinity: 'None'}, exports: VALID},
    later: [
      {
        changes: [{do: 'patch-service', in: 'c2', body: {spec: {sessionAffinity: 'ClientIP'}}}],
        expect: {
          import: {sessionAffinity: 'None'},
          exports: {Conflict: 'True/SessionAffinityConflict', Ready: 'True/Exported'},
          says: 'Using "None" from oldest service export in "c1". 1/2 clusters disagree.',
          kept: ['import', 'addresses'],
        },
      },
      {
        changes: [{do: 'unexport', in: 'c1'}],
        expect: {
          import: {sessionAffinity: 'ClientIP', clusters: ['c2']},
          exportIn: {c2: VALID},
          kept: ['import', 'addresses'],
        },
      },
    ],
  },
  {
    title: '[33] every export says it, also one that agrees with the oldest',
    given: [c1(), c2({service: {sessionAffinity: 'ClientIP'}}), c10()],
    expect: {exports: {Conflict: 'True/SessionAffinityConflict'}, says: '1/3 clusters disagree.'},
  },
];

const sliceRows: readonly ClustersetRow[] = [
  {
    title: '[40, 41] one source cluster a slice, with both labels, and not the EndpointSlice controller as its manager',
    given: [
      c1({service: headless, slices: slicesOfC1}),
      c10({service: headless, slices: {'foo-a': [pod('10.202.0.1')]}}),
    ],
    expect: {slices: ['c1: 10.201.0.1', 'c1: 10.201.0.2', 'c10: 10.202.0.1'], endpointSliceObjects: 'Present'},
  },
  {
    title: '[42, 43] in each importing cluster, the exporter included; deleted on unexport',
    given: [c1({service: headless, slices: slicesOfC1}), c2({service: headless, slices: {x: [pod('10.203.0.1')]}})],
    expect: {importedIn: MEMBERS, slices: ['c1: 10.201.0.1', 'c1: 10.201.0.2', 'c2: 10.203.0.1']},
    later: [
      {changes: [{do: 'unexport', in: 'c1'}], expect: {import: {clusters: ['c2']}, slices: ['c2: 10.203.0.1']}},
      {changes: [{do: 'unexport', in: 'c2'}], expect: {import: 'none', slices: []}},
    ],
  },
  {
    title: '[44] conditions, hostname, zone and node of an endpoint survive the copy; DNS depends on them',
    given: [
      c1({
        service: headless,
        slices: {
          'foo-a': [
            pod('10.201.0.1', {
              hostname: 'pet-0',
              zone: 'za',
              nodeName: 'n1',
              conditions: {ready: true, serving: true},
            }),
            pod('10.201.0.2', {hostname: 'pet-1', conditions: {ready: false, serving: true, terminating: true}}),
          ],
        },
      }),
    ],
    expect: {
      slices: [
        'c1: 10.201.0.1 pet-0 za n1 ready=true serving=true, 10.201.0.2 pet-1 ready=false serving=true terminating=true',
      ],
      dns: [
        {in: 'c2', type: 'A', name: 'pet-0.c1', answer: ['10.201.0.1']},
        {in: 'c2', type: 'A', name: 'pet-1.c1', answer: 'NXDOMAIN'},
      ],
    },
  },
  {
    title: '[45] the address is served by a Service of its own without a selector, by slices with its name',
    given: [c1({slices: {'foo-a': [pod('10.201.0.1')]}})],
    expect: {importIn: {c2: {Ready: 'True/Ready'}}, slices: ['c1: 10.201.0.1']},
  },
];

/** Every row that API servers are asked. */
export const clustersetRows: readonly ClustersetRow[] = [
  ...mergeVectors.filter(({exports}) => exports.length > 0).map(rowOf),
  ...exportRows,
  ...importRows,
  ...conflictRows,
  ...sliceRows,
];
