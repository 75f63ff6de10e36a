import fc from 'fast-check';
import {describe, expect, test} from 'vitest';

import {merge, mergeTrace} from '../../src/clusterset/merge.ts';
import type {ExportedPort, ExportedService, MemberExport} from '../../src/clusterset/member-export.ts';
import type {MergedImport} from '../../src/clusterset/merged-import.ts';
import {memberExports} from './arbitraries.ts';
import {anExport, HTTP, withoutService} from './fixtures.ts';

const older = {createdAtMs: 1_000};
const younger = {createdAtMs: 2_000};

function conflictsOf(exports: readonly MemberExport[]): readonly {reason: string; message: string}[] {
  return merge(exports).verdicts.get(exports[0]?.cluster ?? '')?.conflicts ?? [];
}

function reasonsOf(exports: readonly MemberExport[]): readonly string[] {
  return conflictsOf(exports).map(({reason}) => reason);
}

describe('which exports count (KEP-1645, exporting services)', () => {
  test('an export whose Service does not exist is Valid=False, NoService, and no import comes of it', () => {
    const {import: merged, verdicts} = merge([withoutService('cluster-1')]);
    expect(merged).toBeUndefined();
    expect(verdicts.get('cluster-1')?.valid).toMatchObject({status: 'False', reason: 'NoService'});
  });

  test('an ExternalName Service MUST NOT be exported: Valid=False, InvalidServiceType', () => {
    const {import: merged, verdicts} = merge([anExport('cluster-1', {}, {type: 'ExternalName'})]);
    expect(merged).toBeUndefined();
    expect(verdicts.get('cluster-1')?.valid).toMatchObject({status: 'False', reason: 'InvalidServiceType'});
  });

  test('an export that is not valid contributes nothing and is not counted, however old it is', () => {
    const exports = [
      withoutService('cluster-1', {createdAtMs: 1}),
      anExport('cluster-2', younger),
      anExport('cluster-3', younger, {headless: true}),
    ];
    const {import: merged, verdicts} = merge(exports);
    expect(merged?.clusters).toEqual(['cluster-2', 'cluster-3']);
    expect(merged?.type).toBe('ClusterSetIP');
    expect([...verdicts.values()].map(({cluster, winner}) => [cluster, winner])).toEqual([
      ['cluster-1', false],
      ['cluster-2', true],
      ['cluster-3', false],
    ]);
    expect(conflictsOf(exports)[0]?.message).toContain('1/2 clusters disagree.');
  });

  test('no export at all: no import', () => {
    expect(merge([])).toEqual({import: undefined, verdicts: new Map()});
  });

  test.each(['ClusterIP', 'NodePort', 'LoadBalancer'] as const)(
    'a %s Service becomes a ClusterSetIP import',
    (type) => {
      expect(merge([anExport('cluster-1', {}, {type})]).import?.type).toBe('ClusterSetIP');
    },
  );

  test('a headless Service becomes a Headless import, whose session affinity is not used', () => {
    const {import: merged} = merge([anExport('cluster-1', {}, {headless: true, sessionAffinity: 'ClientIP'})]);
    expect(merged?.type).toBe('Headless');
    expect(merged).not.toHaveProperty('sessionAffinity');
  });
});

describe('who wins (KEP-1645, conflict resolution: the oldest export)', () => {
  test('ties of the timestamp are broken by cluster id', () => {
    const exports = [anExport('cluster-b', {}, {headless: true}), anExport('cluster-a')];
    expect(merge(exports).verdicts.get('cluster-a')?.winner).toBe(true);
    expect(merge(exports).import?.type).toBe('ClusterSetIP');
  });

  test('the message names the field, the winner and the count, as the KEP shows it', () => {
    const exports = [
      anExport('cluster-1', older),
      ...['cluster-2', 'cluster-3'].map((cluster) => anExport(cluster, younger, {headless: true})),
      ...['cluster-4', 'cluster-5'].map((cluster) => anExport(cluster, younger)),
    ];
    expect(conflictsOf(exports)).toEqual([
      {
        reason: 'TypeConflict',
        message:
          'Conflicting type. Using "ClusterSetIP" from oldest service export in "cluster-1". 2/5 clusters disagree.',
      },
    ]);
  });

  test('all conflicts are listed at once, and the same on every export, invalid ones too', () => {
    const {verdicts} = merge([
      anExport('cluster-1', {...older, exportedLabels: {a: 'b'}, exportedAnnotations: {a: 'b'}}),
      anExport('cluster-2', younger, {
        headless: true,
        ports: [{name: 'dns', port: 53, protocol: 'UDP'}],
        ipFamilies: ['IPv6'],
        sessionAffinity: 'ClientIP',
        internalTrafficPolicy: 'Local',
        trafficDistribution: 'PreferClose',
      }),
      withoutService('cluster-3'),
    ]);
    const lists = [...verdicts.values()].map(({conflicts}) => conflicts);
    expect(new Set(lists.map((list) => JSON.stringify(list))).size).toBe(1);
    expect(lists[0]?.map(({reason}) => reason)).toEqual([
      'PortConflict',
      'TypeConflict',
      'SessionAffinityConflict',
      'LabelsConflict',
      'AnnotationsConflict',
      'InternalTrafficPolicyConflict',
      'TrafficDistributionConflict',
      'IPFamilyConflict',
    ]);
  });
});

interface PropertyCase {
  readonly name: string;
  readonly services: readonly Partial<ExportedService>[];
  readonly reasons: readonly string[];
  readonly merged: Partial<MergedImport>;
}

const affinity = (timeoutSeconds: number) => ({
  sessionAffinity: 'ClientIP',
  sessionAffinityConfig: {clientIP: {timeoutSeconds}},
});

const propertyCases: readonly PropertyCase[] = [
  {
    name: 'sessionAffinity: the oldest wins',
    services: [{sessionAffinity: 'ClientIP'}, {sessionAffinity: 'None'}],
    reasons: ['SessionAffinityConflict'],
    merged: {sessionAffinity: 'ClientIP'},
  },
  {
    name: 'sessionAffinity: not set is None',
    services: [{sessionAffinity: ''}, {sessionAffinity: 'None'}],
    reasons: [],
    merged: {sessionAffinity: 'None'},
  },
  {
    name: 'sessionAffinityConfig: the oldest wins',
    services: [affinity(10), affinity(20)],
    reasons: ['SessionAffinityConfigConflict'],
    merged: affinity(10),
  },
  {
    name: 'sessionAffinityConfig: not set is the default of three hours',
    services: [affinity(10_800), {sessionAffinity: 'ClientIP'}],
    reasons: [],
    merged: affinity(10_800),
  },
  {
    name: 'sessionAffinityConfig: who has no ClientIP has no say in its timeout',
    services: [affinity(10), {sessionAffinity: 'None'}],
    reasons: ['SessionAffinityConflict'],
    merged: affinity(10),
  },
  {
    name: 'internalTrafficPolicy: the oldest wins',
    services: [{internalTrafficPolicy: 'Local'}, {internalTrafficPolicy: 'Cluster'}],
    reasons: ['InternalTrafficPolicyConflict'],
    merged: {internalTrafficPolicy: 'Local'},
  },
  {
    name: 'internalTrafficPolicy: not set is Cluster',
    services: [{}, {internalTrafficPolicy: 'Cluster'}],
    reasons: [],
    merged: {},
  },
  {
    name: 'trafficDistribution: the oldest wins',
    services: [{trafficDistribution: 'PreferClose'}, {trafficDistribution: 'PreferSameNode'}],
    reasons: ['TrafficDistributionConflict'],
    merged: {trafficDistribution: 'PreferClose'},
  },
  {
    name: 'trafficDistribution: not set is a value of its own',
    services: [{trafficDistribution: 'PreferClose'}, {}],
    reasons: ['TrafficDistributionConflict'],
    merged: {trafficDistribution: 'PreferClose'},
  },
  {
    name: 'ipFamilies: gateways carry TCP of any family, so there is no conflict',
    services: [{ipFamilies: ['IPv4']}, {ipFamilies: ['IPv6']}],
    reasons: [],
    merged: {ipFamilies: ['IPv4', 'IPv6']},
  },
  {
    name: 'ipFamilies: endpoints of a headless service are reached directly, a family reaches only a subset',
    services: [
      {headless: true, ipFamilies: ['IPv6']},
      {headless: true, ipFamilies: ['IPv4']},
    ],
    reasons: ['IPFamilyConflict'],
    merged: {ipFamilies: ['IPv6', 'IPv4']},
  },
  {
    name: 'ipFamilies: so are ports that no gateway carries, be it one of many',
    services: [
      {ports: [HTTP, {name: 'dns', port: 53, protocol: 'UDP'}], ipFamilies: ['IPv4']},
      {ports: [HTTP, {name: 'dns', port: 53, protocol: 'UDP'}], ipFamilies: ['IPv6']},
    ],
    reasons: ['IPFamilyConflict'],
    merged: {ipFamilies: ['IPv4', 'IPv6']},
  },
  {
    name: 'ipFamilies: their order is no conflict',
    services: [
      {headless: true, ipFamilies: ['IPv4', 'IPv6']},
      {headless: true, ipFamilies: ['IPv6', 'IPv4']},
    ],
    reasons: [],
    merged: {ipFamilies: ['IPv4', 'IPv6']},
  },
];

describe('properties that cannot be merged (KEP-1645, conflict resolution)', () => {
  test.each(propertyCases)('$name', ({services, reasons, merged}) => {
    const exports = services.map((service, at) => anExport(`cluster-${at}`, {createdAtMs: at}, service));
    expect(reasonsOf(exports)).toEqual(reasons);
    expect(merge(exports).import).toMatchObject(merged);
  });

  test('the whole map of exported labels and annotations is that of the oldest, never a mixture', () => {
    const exports = [
      anExport('cluster-1', {...older, exportedLabels: {a: '1'}, exportedAnnotations: {x: '1'}}),
      anExport('cluster-2', {...younger, exportedLabels: {b: '2'}, exportedAnnotations: {}}),
    ];
    expect(merge(exports).import).toMatchObject({labels: {a: '1'}, annotations: {x: '1'}});
    expect(merge(exports).import?.labels).not.toHaveProperty('b');
    expect(reasonsOf(exports)).toEqual(['LabelsConflict', 'AnnotationsConflict']);
  });

  test('the order in a map is no conflict', () => {
    const exports = [
      anExport('cluster-1', {exportedLabels: {a: '1', b: '2'}}),
      anExport('cluster-2', {exportedLabels: {b: '2', a: '1'}}),
    ];
    expect(reasonsOf(exports)).toEqual([]);
  });

  test('two maps that only look alike when joined by commas are different', () => {
    const exports = [
      anExport('cluster-1', {exportedAnnotations: {a: '1,b=2'}}),
      anExport('cluster-2', {exportedAnnotations: {a: '1', b: '2'}}),
    ];
    expect(reasonsOf(exports)).toEqual(['AnnotationsConflict']);
  });

  test('a message stays readable whatever a remote annotation holds', () => {
    const exports = [anExport('cluster-1', {exportedAnnotations: {a: 'x'.repeat(5_000)}}), anExport('cluster-2')];
    expect(conflictsOf(exports)[0]?.message.length).toBeLessThan(300);
  });

  test('entries that no import could carry, and keys that mean something to Isthmus, are left out and named', () => {
    const exportedLabels = {
      'good': 'yes',
      'not a key': 'x',
      'long': 'x'.repeat(64),
      'app.kubernetes.io/managed-by': 'me',
    };
    const exportedAnnotations = {'isthmus.dev/ready': 'cluster-9', 'isthmus.dev/dns-ttl': '30'};
    const {import: merged, verdicts} = merge([anExport('cluster-1', {exportedLabels, exportedAnnotations})]);
    expect(merged?.labels).toEqual({good: 'yes'});
    expect(merged?.annotations).toEqual({'isthmus.dev/dns-ttl': '30'});
    const message = verdicts.get('cluster-1')?.valid.message ?? '';
    for (const key of ['not a key', 'long', 'managed-by', 'isthmus.dev/ready']) expect(message).toContain(key);
  });
});

interface PortCase {
  readonly name: string;
  readonly ports: readonly (readonly ExportedPort[])[];
  readonly merged: readonly string[];
  readonly conflict: boolean;
  readonly portClusters: Record<string, string[]>;
}

const tcp = (name: string, port: number): ExportedPort => ({name, port, protocol: 'TCP'});
const udp = (name: string, port: number): ExportedPort => ({name, port, protocol: 'UDP'});
const sctp = (name: string, port: number): ExportedPort => ({name, port, protocol: 'SCTP'});

const portCases: readonly PortCase[] = [
  {
    name: 'equal sets: no conflict, every cluster serves every port',
    ports: [
      [tcp('http', 80), tcp('https', 443)],
      [tcp('https', 443), tcp('http', 80)],
    ],
    merged: ['http TCP/80', 'https TCP/443'],
    conflict: false,
    portClusters: {},
  },
  {
    name: 'vector 39a: a clean union still raises the conflict',
    ports: [
      [tcp('tcp', 42), udp('udp', 42)],
      [tcp('tcp', 42), sctp('stcp', 142)],
    ],
    merged: ['tcp TCP/42', 'udp UDP/42', 'stcp SCTP/142'],
    conflict: true,
    portClusters: {'UDP/42': ['cluster-0'], 'SCTP/142': ['cluster-1']},
  },
  {
    name: 'vector 39b: a duplicate name loses',
    ports: [[tcp('tcp', 42), udp('udp', 42)], [tcp('tcp', 43)]],
    merged: ['tcp TCP/42', 'udp UDP/42'],
    conflict: true,
    portClusters: {'TCP/42': ['cluster-0'], 'UDP/42': ['cluster-0']},
  },
  {
    name: 'vector 39c: each port goes only to the clusters that expose it',
    ports: [[tcp('tcp', 42), udp('udp', 42)], [tcp('tcp2', 4242)]],
    merged: ['tcp TCP/42', 'udp UDP/42', 'tcp2 TCP/4242'],
    conflict: true,
    portClusters: {'TCP/42': ['cluster-0'], 'UDP/42': ['cluster-0'], 'TCP/4242': ['cluster-1']},
  },
  {
    name: 'a duplicate protocol and port under another name loses its name, and is still served',
    ports: [[tcp('http', 80)], [tcp('web', 80)]],
    merged: ['http TCP/80'],
    conflict: true,
    portClusters: {},
  },
  {
    name: 'no name counts as a name',
    ports: [[{port: 80, protocol: 'TCP'}], [{port: 81, protocol: 'TCP'}]],
    merged: [' TCP/80'],
    conflict: true,
    portClusters: {'TCP/80': ['cluster-0']},
  },
  {
    name: 'an empty name is no name',
    ports: [[{port: 80, protocol: 'TCP'}], [tcp('', 80)], [{name: '', port: 80, protocol: 'TCP', appProtocol: ''}]],
    merged: [' TCP/80'],
    conflict: false,
    portClusters: {},
  },
  {
    name: 'appProtocol: the oldest wins, and it is a conflict',
    ports: [[{...HTTP, appProtocol: 'kubernetes.io/h2c'}], [HTTP]],
    merged: ['http TCP/80 kubernetes.io/h2c'],
    conflict: true,
    portClusters: {},
  },
  {
    name: 'the same number of two protocols is two ports',
    ports: [[tcp('dns-tcp', 53), udp('dns', 53)]],
    merged: ['dns-tcp TCP/53', 'dns UDP/53'],
    conflict: false,
    portClusters: {},
  },
];

describe('ports (KEP-1645: the union, by name, then by protocol and port)', () => {
  test.each(portCases)('$name', ({ports, merged, conflict, portClusters}) => {
    const exports = ports.map((list, at) => anExport(`cluster-${at}`, {createdAtMs: at}, {ports: list}));
    const result = merge(exports).import;
    const shown = (result?.ports ?? []).map(({name = '', protocol, port, appProtocol}) =>
      [`${name} ${protocol}/${port}`, appProtocol].filter(Boolean).join(' '),
    );
    expect(shown).toEqual(merged);
    expect(reasonsOf(exports)).toEqual(conflict ? ['PortConflict'] : []);
    expect(result?.portClusters).toEqual(portClusters);
  });

  test('clusters that serve a port are sorted, whoever is older; an import has no empty names', () => {
    const ports = [HTTP, tcp('', 81)];
    const exports = [
      anExport('c', older, {ports}),
      anExport('a', younger, {ports}),
      anExport('b', younger, {ports: [HTTP]}),
    ];
    expect(merge(exports).import?.portClusters).toEqual({'TCP/81': ['a', 'c']});
    expect(merge(exports).import?.ports[1]).toEqual({protocol: 'TCP', port: 81});
  });

  test('the message says which port of which cluster is left out, why, and how many disagree', () => {
    const exports = [
      anExport('cluster-1', older, {ports: [tcp('http', 80), {port: 81, protocol: 'TCP'}]}),
      anExport('cluster-2', younger, {ports: [tcp('http', 8080), tcp('', 9090), tcp('other', 81)]}),
    ];
    expect(conflictsOf(exports)[0]?.message).toBe(
      'Conflicting ports. Using all ports of all exports, those of the oldest service export in "cluster-1" first.' +
        ' Port "http" TCP/8080 of "cluster-2" is left out: its name is that of TCP/80.' +
        ' Port TCP/9090 of "cluster-2" is left out: its name is that of TCP/81.' +
        ' Port "other" TCP/81 of "cluster-2" is left out: TCP/81 is named "". 1/2 clusters disagree.',
    );
  });

  test('a message never grows beyond what a condition may hold', () => {
    const many = Array.from({length: 2_000}, (_, at) => tcp(`p${at}`, 20_000 + at));
    const exports = [
      anExport('cluster-1', older, {ports: many}),
      anExport('cluster-2', younger, {ports: many.map((port) => ({...port, port: port.port + 5_000}))}),
    ];
    const message = conflictsOf(exports)[0]?.message ?? '';
    expect(message.length).toBeLessThan(32_768);
    expect(message).toContain(' So are 1990 more.');
  });
});

describe('readiness and groups', () => {
  test('ready clusters are those that say so, sorted', () => {
    const exports = [
      anExport('c', {...older, ready: true}),
      anExport('b', {...younger, ready: false}),
      anExport('a', {...younger, ready: true}),
    ];
    expect(merge(exports).import?.readyClusters).toEqual(['a', 'c']);
  });

  test('one exporter whose endpoints are not known makes the readiness of all unknown', () => {
    expect(merge([anExport('a', {ready: true}), anExport('b')]).import?.readyClusters).toBeUndefined();
  });

  test('an export without a Service has no say in it', () => {
    const exports = [anExport('a', {ready: true}), withoutService('b')];
    expect(merge(exports).import?.readyClusters).toEqual(['a']);
  });

  test('groups of all valid exports', () => {
    const exports = [anExport('a', {groups: ['multicluster.x-k8s.io']}), anExport('b', {groups: ['flomesh.io']})];
    expect(merge(exports).import?.groups).toEqual(['flomesh.io', 'multicluster.x-k8s.io']);
  });
});

describe('trace', () => {
  test('exports in order of precedence, then the result, then every conflict', () => {
    const trace = mergeTrace([anExport('cluster-2', younger, {headless: true}), anExport('cluster-1', older)]);
    expect(trace.map(({step, subject, verdict}) => [step, subject, verdict])).toEqual([
      ['export', 'cluster-1', 'Valid'],
      ['export', 'cluster-2', 'Valid'],
      ['merge', 'bar/foo', 'ClusterSetIP'],
      ['merge', 'bar/foo', 'TypeConflict'],
    ]);
    expect(trace[0]?.because).toContain('the oldest valid export');
    expect(trace[2]?.because).toBe(
      "exported by cluster-1, cluster-2; cluster-1 is the oldest and decides what can't be merged; ports TCP/80",
    );
    expect(trace[1]?.because).not.toContain('the oldest valid export');
  });

  test('no valid export: it says that no import comes of it', () => {
    expect(mergeTrace([withoutService('a')]).at(-1)).toMatchObject({subject: 'bar/foo', verdict: 'NoImport'});
    expect(mergeTrace([]).at(-1)).toMatchObject({subject: '', verdict: 'NoImport'});
  });
});

describe('for all exports', () => {
  test('merge does not depend on the order that they come in', () => {
    const shuffled = memberExports.chain((exports) =>
      fc.tuple(fc.constant(exports), fc.shuffledSubarray(exports, {minLength: exports.length})),
    );
    fc.assert(
      fc.property(shuffled, ([exports, other]) => {
        expect(merge(other)).toEqual(merge(exports));
        expect([...merge(other).verdicts.keys()]).toEqual([...merge(exports).verdicts.keys()]);
        expect(mergeTrace(other).slice(0, -1)).toEqual(mergeTrace(exports).slice(0, -1));
      }),
    );
  });

  test('the ports are ones that a Service could have, and each is served by somebody', () => {
    fc.assert(
      fc.property(memberExports, (exports) => {
        const merged = merge(exports).import;
        const ports = merged?.ports ?? [];
        expect(new Set(ports.map(({name}) => name ?? '')).size).toBe(ports.length);
        expect(new Set(ports.map(({protocol, port}) => `${protocol}/${port}`)).size).toBe(ports.length);
        for (const clusters of Object.values(merged?.portClusters ?? {})) {
          expect(clusters.length).toBeGreaterThan(0);
          expect(merged?.clusters).toEqual(expect.arrayContaining([...clusters]));
        }
      }),
    );
  });

  test('there is an import exactly as long as there is a winner, and every cluster has a verdict', () => {
    fc.assert(
      fc.property(memberExports, (exports) => {
        const {import: merged, verdicts} = merge(exports);
        expect([...verdicts.keys()].toSorted()).toEqual(exports.map(({cluster}) => cluster).toSorted());
        const winners = [...verdicts.values()].filter(({winner}) => winner);
        expect(winners.length).toBe(merged === undefined ? 0 : 1);
        const valid = [...verdicts.values()].filter(({valid}) => valid.status === 'True').map(({cluster}) => cluster);
        expect(merged?.clusters ?? []).toEqual(valid.toSorted());
      }),
    );
  });

  test('an export that joins later never changes the type, and one export alone has no conflict', () => {
    fc.assert(
      fc.property(memberExports, (exports) => {
        const late = anExport('z', {createdAtMs: 9_000}, {headless: true});
        const before = merge(exports).import;
        if (before !== undefined) expect(merge([...exports, late]).import?.type).toBe(before.type);
        for (const one of exports) expect(reasonsOf([one])).toEqual([]);
      }),
    );
  });
});
