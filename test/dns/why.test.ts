import {describe, expect, test} from 'vitest';
import type {GlobalTrafficPolicy, ImportPolicy} from '../../src/api/kinds.ts';
import type {ImportView, View} from '../../src/clusterset/view.ts';
import {Explainer} from '../../dns/zone/explainer.ts';
import {
  applyAll,
  ask,
  extendedErrorOf,
  makeCompiler,
  makeResponder,
  makeTable,
  question,
  responderFor,
  texts,
} from './ask.ts';
import {changeOf, endpoint, everything, makeCluster, makeImport, makeSlice, makeView} from './fixture-view.ts';

const NOW = 1_760_000_000_000;
const gateway = {host: 'gateway.example.org', port: 443, addresses: ['192.0.2.1']};

function world(service: Partial<ImportView>, view: Partial<View> = {}): View {
  return makeView({
    namespaces: ['test'],
    clusters: [
      makeCluster('cluster-a', {network: 'n'}),
      makeCluster('cluster-b', {gateway, api: {state: 'Reachable', sinceMs: NOW - 120_000}}),
      makeCluster('cluster-c', {gateway, gatewayHealth: 'Dead', api: {state: 'Unreachable', sinceMs: NOW - 1_000_000}}),
      makeCluster('cluster-d', {network: 'n', api: {state: 'Unknown', sinceMs: undefined}}),
    ],
    imports: [makeImport('web', {ips: ['10.42.0.1'], clusters: ['cluster-b', 'cluster-c'], ...service})],
    view,
  });
}

const why = '_why.web.test.svc.clusterset.local';
const nowMs = () => NOW;

function explain(view: View, o = {}): readonly string[] {
  return texts(ask(responderFor(view, o, {nowMs}), question(why, 'TXT', {edns: 1232})));
}

describe('whether a question comes to an Isthmus server', () => {
  const at = {nowMs: () => NOW};
  const name = '_why.0af3.clusterset.local';
  const asked = (of = name, type = 'TXT', client?: string) => {
    const table = responderFor(world({}), {}, at);
    return ask(table, question(of, type), 'udp', client);
  };

  test('is answered with what was asked, for no time, and to everybody', () => {
    for (const client of ['127.0.0.1', '192.0.2.7']) {
      const reply = asked(name, 'TXT', client);
      expect(texts(reply)).toEqual(['server=Isthmus nonce=0af3']);
      expect(reply.answers).toMatchObject([{ttl: 0}]);
    }
  });

  test('nothing is repeated that could be anything but a word', () => {
    expect(texts(asked('_why.a"b c.clusterset.local'))).toEqual(['server=Isthmus nonce=a?b?c']);
    expect(texts(asked(`_why.${'x'.repeat(63)}.clusterset.local`))).toEqual([`server=Isthmus nonce=${'x'.repeat(63)}`]);
  });

  test.each([
    ['_why.0af3.svc.clusterset.local', 'TXT'],
    ['_why.clusterset.local', 'TXT'],
  ])('no other name: %s %s', (of, type) => {
    expect(asked(of, type)).toMatchObject({rcode: 'NXDOMAIN', answers: []});
  });

  test('no other type', () => {
    expect(asked(name, 'A')).toMatchObject({rcode: 'NOERROR', answers: []});
  });

  test('more than 100 a second are refused what they ask, and take nothing from explanations', () => {
    const responder = responderFor(world({}), {}, at);
    const rcodes = Array.from({length: 101}, () => ask(responder, question(name, 'TXT')).rcode);
    expect(rcodes.slice(-2)).toEqual(['NOERROR', 'SERVFAIL']);
    expect(ask(responder, question(why, 'TXT')).rcode).toBe('NOERROR');
  });
});

const policy = {
  apiVersion: 'flomesh.io/v1alpha1',
  kind: 'GlobalTrafficPolicy',
  metadata: {name: 'canary', namespace: 'test', labels: {team: 'secret-label'}},
  spec: {
    lbType: 'ActiveActive',
    targets: [
      {clusterKey: 'cluster-b', weight: 30},
      {clusterKey: 'cluster-e', weight: 70},
    ],
  },
} as GlobalTrafficPolicy;

const refusing = {
  apiVersion: 'isthmus.dev/v1alpha1',
  kind: 'ImportPolicy',
  metadata: {name: 'no-guests'},
  spec: {enforcement: 'Deny', rules: [{name: 'secret-rule', action: 'Deny', sourceClusters: ['cluster-b']}]},
} as ImportPolicy;

describe('_why says', () => {
  test.each<[string, View, readonly string[]]>([
    [
      'answer, policy, clusters with weight, state and age, and who is left out',
      world({}),
      [
        'answer=Addresses type=ClusterSetIP',
        'policy kind=default type=local-first from=Hub name=local-first',
        'cluster id=cluster-b tier=1 weight=100 reach=Gateway state=Live age=120s',
        'out id=cluster-c reason=GatewayDead state=NotRouted age=1000s',
      ],
    ],
    [
      'the policy that is bound',
      world({}, {trafficPolicies: new Map([['test/web', policy]])}),
      [
        'answer=Addresses type=ClusterSetIP',
        'policy kind=GlobalTrafficPolicy type=ActiveActive from=Member name=canary',
        'cluster id=cluster-b tier=1 weight=30 reach=Gateway state=Live age=120s',
        'out id=cluster-c reason=NotInPolicy state=NotRouted age=1000s',
        'out id=cluster-e reason=UnknownCluster state=Unknown',
      ],
    ],
    [
      'that there is no address yet, and readiness',
      world({ips: [], clusters: ['cluster-a', 'cluster-b'], readyClusters: ['cluster-a']}),
      [
        'answer=NoAddress type=ClusterSetIP',
        'policy kind=default type=local-first from=Hub name=local-first',
        'cluster id=cluster-a tier=1 weight=100 reach=Local state=Local',
        'out id=cluster-b reason=NoReadyEndpoint state=Live age=120s',
      ],
    ],
    [
      'what an ImportPolicy refuses',
      world({clusters: ['cluster-b']}, {importPolicies: new Map([['no-guests', refusing]])}),
      [
        'answer=ImportPolicy type=ClusterSetIP',
        'policy kind=default type=local-first from=Hub name=local-first',
        'out id=cluster-b reason=ImportPolicy state=Live age=120s',
      ],
    ],
    [
      'that the hub is not heard',
      world({clusters: ['cluster-b']}, {hub: {state: 'Expired', observedMs: NOW - 52_000}}),
      [
        'answer=Addresses type=ClusterSetIP',
        'hub state=Expired age=52s',
        'policy kind=default type=local-first from=Hub name=local-first',
        'cluster id=cluster-b tier=1 weight=100 reach=Gateway state=Unknown age=120s',
      ],
    ],
    [
      'that the cluster suspects itself, as all gateways fell silent at once',
      world({clusters: ['cluster-b']}, {suspectsItself: true}),
      [
        'answer=Addresses type=ClusterSetIP',
        'gateways state=SuspectsItself',
        'policy kind=default type=local-first from=Hub name=local-first',
        'cluster id=cluster-b tier=1 weight=100 reach=Gateway state=Live age=120s',
      ],
    ],
    [
      'why a Headless import does not exist',
      world({
        type: 'Headless',
        clusters: ['cluster-b', 'cluster-d'],
        slices: [makeSlice('cluster-b', [endpoint('10.4.0.1', 'pet')])],
      }),
      [
        'answer=NoEndpoint type=Headless',
        'out id=cluster-b reason=NotSameNetwork state=Live age=120s',
        'out id=cluster-d reason=SlicesNotImported state=Live',
      ],
    ],
    [
      'that all addresses of a cluster may not be used here',
      world({
        type: 'Headless',
        clusters: ['cluster-a', 'cluster-d'],
        slices: [makeSlice('cluster-a', [endpoint('10.3.0.1', 'pet')])],
        sliceClusters: ['cluster-a'],
        refusedAddresses: [{cluster: 'cluster-d', reason: 'Loopback', count: 1, some: ['127.0.0.1']}],
      }),
      [
        'answer=Endpoints type=Headless',
        'cluster id=cluster-a state=Local',
        'out id=cluster-d reason=AddressesRefused state=Live',
      ],
    ],
    [
      'whose endpoints are answered',
      world({
        type: 'Headless',
        clusters: ['cluster-a', 'cluster-d'],
        readyClusters: ['cluster-a'],
        slices: [makeSlice('cluster-a', [endpoint('10.3.0.1', 'pet')]), makeSlice('cluster-d', [])],
      }),
      [
        'answer=Endpoints type=Headless',
        'cluster id=cluster-a state=Local',
        'out id=cluster-d reason=NoReadyEndpoint state=Live',
      ],
    ],
  ])('%s', (_title, view, expected) => {
    expect(explain(view)).toEqual(expected);
  });

  test('that no gateway listens on a port of the import', () => {
    expect(explain(world({ports: [{name: 'http', port: 80}]}), {answer: 'gateways'})[0]).toBe(
      'answer=NoGateway type=ClusterSetIP',
    );
  });

  test('no address, label or rule', () => {
    const view = world(
      {labels: {a: 'secret-label'}},
      {
        trafficPolicies: new Map([['test/web', policy]]),
        importPolicies: new Map([['no-guests', refusing]]),
      },
    );
    const all = explain(view).join('\n');
    expect(all).toContain('canary');
    for (const secret of ['10.42', '192.0.2', 'gateway.example', 'secret', 'no-guests'])
      expect(all).not.toContain(secret);
  });
});

describe('the answer', () => {
  const responder = responderFor(world({}), {}, {nowMs});

  test('is one record of TTL 0 that names the question', () => {
    const {answers, flag_aa: authoritative} = ask(responder, question(why, 'TXT'));
    expect(answers).toMatchObject([{name: why, type: 'TXT', ttl: 0}]);
    expect(authoritative).toBe(true);
  });

  test.each([
    ['127.0.0.1', true],
    ['10.1.2.3', true],
    ['172.31.0.1', true],
    ['192.168.1.1', true],
    ['100.64.0.1', true],
    ['169.254.20.10', true],
    ['::1', true],
    ['fd00::1', true],
    ['fe80::1%eth0', true],
    ['::ffff:10.0.0.1', true],
    ['172.32.0.1', false],
    ['203.0.113.1', false],
    ['100.128.0.1', false],
    ['2001:db8::1', false],
    ['::ffff:203.0.113.1', false],
    ['', false],
    ['not an address', false],
  ])('is for loopback and private sources alone: %s %s', (client, told) => {
    for (const name of [why, '_why.nosuch.test.svc.clusterset.local']) {
      const reply = ask(responder, question(name, 'TXT', {edns: 1232}), 'udp', client);
      if (told) expect(reply.rcode).toBe(name === why ? 'NOERROR' : 'NXDOMAIN');
      else
        expect([reply.rcode, reply.answers.length, extendedErrorOf(reply)]).toEqual([
          'REFUSED',
          0,
          {code: 18, text: ''},
        ]);
    }
  });

  test.each([
    ['of another type is NODATA', why, 'A', 'NOERROR'],
    ['of no import is NXDOMAIN', '_why.nosuch.test.svc.clusterset.local', 'TXT', 'NXDOMAIN'],
    ['of a namespace is NXDOMAIN', '_why.test.svc.clusterset.local', 'TXT', 'NXDOMAIN'],
    ['of the zone is NXDOMAIN', '_why.clusterset.local', 'TXT', 'NXDOMAIN'],
    ['of a name below an import is NXDOMAIN', '_why.x.web.test.svc.clusterset.local', 'TXT', 'NXDOMAIN'],
    ['below `_why` is NXDOMAIN', 'x._why.web.test.svc.clusterset.local', 'TXT', 'NXDOMAIN'],
    ['outside the zone is REFUSED', '_why.example.org', 'TXT', 'REFUSED'],
  ])('%s', (_title, name, type, rcode) => {
    expect(ask(responder, question(name, type))).toMatchObject({rcode, answers: []});
  });

  test('the case of the question does not matter', () => {
    expect(texts(ask(responder, question('_WHY.Web.TEST.svc.clusterset.local', 'TXT')))[0]).toContain(
      'answer=Addresses',
    );
  });

  test('a flood of questions costs no more than a hundred explanations a second', () => {
    let second = NOW;
    const flooded = responderFor(world({}), {}, {nowMs: () => second});
    const rcodes = () => Array.from({length: 150}, () => ask(flooded, question(why, 'TXT')).rcode);
    expect(rcodes().filter((rcode) => rcode === 'NOERROR')).toHaveLength(100);
    second += 1000;
    expect(rcodes()[0]).toBe('NOERROR');
  });

  test('what does not fit a datagram comes over TCP, in strings of at most 255 octets', () => {
    const ids = Array.from({length: 300}, (_, i) => `cluster-${i}-${'x'.repeat(220)}`);
    const many = responderFor({...world({clusters: ids}), clusters: new Map()}, {}, {nowMs});
    expect(ask(many, question(why, 'TXT', {edns: 1232}))).toMatchObject({flag_tc: true, answers: []});
    const strings = texts(ask(many, question(why, 'TXT'), 'tcp'));
    expect(strings).toHaveLength(240);
    expect(strings.at(-1)).toBe('more=63');
    expect(Math.max(...strings.map((text) => text.length))).toBe(255);
  });

  test('what other clusters are called can not spoil a terminal', () => {
    const odd = world({clusters: ['cluster-b', 'evil\u001b[2Jü']});
    expect(explain(odd).join('')).toMatch(/evil\?\[2J\?/);
  });
});

describe('a change', () => {
  test('of the clusterset alone is explained without compiling an import', () => {
    const compiler = makeCompiler();
    const table = makeTable();
    const explainer = new Explainer();
    const before = world({});
    const take = (compiled: ReturnType<typeof compiler.compile>) => {
      if (compiled.clusterset) explainer.learn(compiled.clusterset);
      applyAll(table, compiled);
      return compiled.slabs.length;
    };
    take(compiler.compile(before, everything));
    const responder = makeResponder(table, {explainer, nowMs});
    const all = () => texts(ask(responder, question(why, 'TXT')));
    const served = 'cluster id=cluster-b tier=1 weight=100 reach=Gateway state=Live age=120s';
    expect(all()).toContain(served);
    const drained = new Map(before.clusters).set('cluster-b', makeCluster('cluster-b', {gateway, drain: true}));
    expect(take(compiler.compile({...before, clusters: drained}, changeOf({clusterset: true})))).toBe(0);
    expect(all()).toContain('out id=cluster-b reason=Drained state=Live');
    const bound = {...before, trafficPolicies: new Map([['test/web', policy]])};
    take(compiler.compile(bound, changeOf({clusterset: true})));
    expect(all()).toContain(served.replace('100', '30'));
    take(compiler.compile(before, changeOf({clusterset: true})));
    expect(all()).toContain(served);
  });

  test('an import that goes takes its explanation along, a Headless one without a name too', () => {
    const compiler = makeCompiler();
    const table = makeTable();
    const view = world({type: 'Headless', slices: []});
    applyAll(table, compiler.compile(view, everything));
    expect(ask(makeResponder(table), question(why, 'TXT')).rcode).toBe('NOERROR');
    const gone = {...view, imports: new Map()};
    applyAll(table, compiler.compile(gone, changeOf({imports: new Set(['test/web'])})));
    expect(ask(makeResponder(table), question(why, 'TXT')).rcode).toBe('NXDOMAIN');
  });
});
