import {describe, expect, test} from 'vitest';
import {Counters} from '../../dns/counters.ts';
import {Responder} from '../../dns/responder.ts';
import {Explainer} from '../../dns/zone/explainer.ts';
import {ask, compileView, extendedErrorOf, lines, makeResponder, makeTable, opt, question, ZONE} from './ask.ts';
import {endpoint, fixture, makeCluster, makeImport, makeSlice, makeView} from './fixture-view.ts';

const table = compileView(fixture);
const responder = makeResponder(table);
const web = 'web.test.svc.clusterset.local';

/** The query for `web` with some octets changed. */
function spoiled(change: (message: Buffer) => Buffer | void): Buffer {
  const message = question(web, 'A');
  return change(message) ?? message;
}

/** A header with the counts given and the octets behind it. */
function raw(counts: readonly [number, number, number, number], rest: Uint8Array, flags = 0): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(4711, 0);
  header.writeUInt16BE(flags, 2);
  counts.forEach((count, i) => header.writeUInt16BE(count, 4 + 2 * i));
  return Buffer.concat([header, rest]);
}

const aIn = Buffer.from([0, 1, 0, 1]);
const body = question(web, 'A').subarray(12);
const answerRecord = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 1, 2, 3, 4]);

describe('what is not a query is dropped', () => {
  test.each([
    ['nothing', Buffer.alloc(0)],
    ['a header that is cut', question(web, 'A').subarray(0, 11)],
    ['a response', spoiled((m) => void (m[2] = 0x80))],
    ['a response with an odd opcode', spoiled((m) => void (m[2] = 0xf8))],
  ])('%s', (_name, message) => {
    expect(responder.respond(message, 'udp')).toBeUndefined();
  });
});

describe('what is wrong with a query is said by its rcode', () => {
  const cases: readonly (readonly [string, Buffer, string])[] = [
    ['opcode IQUERY', spoiled((m) => void (m[2] = 1 << 3)), 'NOTIMP'],
    ['opcode NOTIFY', spoiled((m) => void (m[2] = 4 << 3)), 'NOTIMP'],
    ['opcode UPDATE', spoiled((m) => void (m[2] = 5 << 3)), 'NOTIMP'],
    ['no question', raw([0, 0, 0, 0], Buffer.alloc(0)), 'FORMERR'],
    ['no question but a record', raw([0, 0, 0, 1], opt(1232)), 'FORMERR'],
    ['two questions (RFC 9619)', raw([2, 0, 0, 0], Buffer.concat([body, body])), 'FORMERR'],
    ['65,535 questions', raw([65_535, 0, 0, 0], body), 'FORMERR'],
    ['an answer in a query', raw([1, 1, 0, 0], Buffer.concat([body, answerRecord])), 'FORMERR'],
    ['an authority in a query', raw([1, 0, 1, 0], Buffer.concat([body, answerRecord])), 'FORMERR'],
    ['another additional record than OPT', raw([1, 0, 0, 1], Buffer.concat([body, answerRecord])), 'FORMERR'],
    ['two OPT records (RFC 6891 6.1.1)', raw([1, 0, 0, 2], Buffer.concat([body, opt(512), opt(512)])), 'FORMERR'],
    ['65,535 additional records', raw([1, 0, 0, 65_535], Buffer.concat([body, opt(512)])), 'FORMERR'],
    ['an OPT record that is cut', raw([1, 0, 0, 1], Buffer.concat([body, opt(512).subarray(0, 10)])), 'FORMERR'],
    ['an OPT record that is missing', raw([1, 0, 0, 1], body), 'FORMERR'],
    ['an OPT record with a name', raw([1, 0, 0, 1], Buffer.concat([body, Buffer.from([1, 97]), opt(512)])), 'FORMERR'],
    [
      'an option longer than its record',
      raw([1, 0, 0, 1], Buffer.concat([body, opt(512, 0, Buffer.from([0, 10, 0, 9, 1]))])),
      'FORMERR',
    ],
    [
      'an option that is cut',
      raw([1, 0, 0, 1], Buffer.concat([body, opt(512, 0, Buffer.from([0, 10, 0]))])),
      'FORMERR',
    ],
    ['octets behind the question', Buffer.concat([question(web, 'A'), Buffer.from([0])]), 'FORMERR'],
    ['octets behind the OPT record', Buffer.concat([question(web, 'A', {edns: 512}), Buffer.from([0])]), 'FORMERR'],
    ['a question that is cut in its name', question(web, 'A').subarray(0, 20), 'FORMERR'],
    ['a question that is cut before its type', question(web, 'A').subarray(0, -4), 'FORMERR'],
    ['a question that is cut in its class', question(web, 'A').subarray(0, -1), 'FORMERR'],
    ['a pointer to itself', raw([1, 0, 0, 0], Buffer.concat([Buffer.from([0xc0, 12]), aIn])), 'FORMERR'],
    [
      'a pointer forward',
      raw([1, 0, 0, 0], Buffer.concat([Buffer.from([0xc0, 18]), aIn, Buffer.from([0])])),
      'FORMERR',
    ],
    ['a pointer after a label', raw([1, 0, 0, 0], Buffer.concat([Buffer.from([1, 97, 0xc0, 12]), aIn])), 'FORMERR'],
    ['label kind 01', raw([1, 0, 0, 0], Buffer.concat([Buffer.from([0x41, 1, 0]), aIn])), 'FORMERR'],
    ['label kind 10', raw([1, 0, 0, 0], Buffer.concat([Buffer.from([0x80, 1, 0]), aIn])), 'FORMERR'],
    ['a name of 256 octets', question(`${`${'x'.repeat(63)}.`.repeat(3)}${'x'.repeat(62)}`, 'A'), 'FORMERR'],
    ['QTYPE OPT', question(web, 'OPT'), 'FORMERR'],
    ['class CHAOS', question('version.bind', 'TXT', {class: 3}), 'REFUSED'],
    ['class CHAOS in the zone', question(web, 'A', {class: 3}), 'REFUSED'],
    ['class ANY', question(web, 'A', {class: 255}), 'REFUSED'],
    ['EDNS version 1', raw([1, 0, 0, 1], Buffer.concat([body, opt(1232, 1)])), 'BADVERS'],
  ];
  test.each(cases)('%s', (_name, message, rcode) => {
    const reply = responder.respond(message, 'udp')!;
    const extended = rcode === 'BADVERS';
    const decoded = ask(responder, message);
    expect(extended ? decoded.additionals[0]?.extendedRcode : decoded.rcode).toBe(extended ? 1 : rcode);
    expect(decoded).toMatchObject({id: 4711, type: 'response', flag_aa: false, answers: [], authorities: []});
    expect(reply.length).toBeLessThanOrEqual(Math.max(12, message.length));
    expect((reply[2]! >> 3) & 15).toBe((message[2]! >> 3) & 15);
  });

  test('a name of 255 octets is one', () => {
    const name = `${`${'x'.repeat(63)}.`.repeat(3)}${'x'.repeat(61)}`;
    expect(ask(responder, question(name, 'A')).rcode).toBe('REFUSED');
  });

  test('labels with dots, NULs and octets above 127 are names like others', () => {
    const name = `${'\u0000.\u00ff'.replace('.', '\u0001')}.test.svc.clusterset.local`;
    expect(ask(responder, question(name, 'A')).rcode).toBe('NXDOMAIN');
  });

  test('flags that mean nothing in a query are not copied', () => {
    const reply = responder.respond(
      spoiled((m) => void ((m[2] = 0x07), (m[3] = 0xff))),
      'udp',
    )!;
    expect([reply[2], reply[3]]).toEqual([0x85, 0]);
  });
});

describe('EDNS (RFC 6891)', () => {
  test('an answer has an OPT record exactly when the query has one', () => {
    expect(ask(responder, question(web, 'A')).additionals).toEqual([]);
    expect(ask(responder, question(web, 'A', {edns: 4096})).additionals).toMatchObject([
      {type: 'OPT', udpPayloadSize: 1232, extendedRcode: 0, options: []},
    ]);
    expect(ask(responder, question('nosuch.test.svc.clusterset.local', 'A', {edns: 0})).additionals).toHaveLength(1);
  });

  test('unknown options are ignored', () => {
    const cookie = Buffer.from([0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0xff, 0xff, 0, 0]);
    const reply = ask(responder, raw([1, 0, 0, 1], Buffer.concat([body, opt(1232, 0, cookie)])));
    expect(lines(reply.answers)).toEqual([`${web}. 5 IN A 10.42.42.42`]);
  });
});

describe('truncation keeps RRsets whole (RFC 2181 section 9)', () => {
  const big = 'thousand.test.svc.clusterset.local';

  test.each([
    ['512 without EDNS', undefined, 512],
    ['512 where the client says less', 100, 512],
    ['what the client takes', 800, 800],
    ['1232 where the client takes more', 65_535, 1232],
  ])('29: over UDP at most %s', (_name, edns, most) => {
    const message = question(big, 'A', edns === undefined ? {} : {edns});
    expect(responder.respond(message, 'udp')!.length).toBeLessThanOrEqual(most);
    const reply = ask(responder, message);
    expect(reply).toMatchObject({flag_tc: true, flag_aa: true, rcode: 'NOERROR', answers: [], authorities: []});
    expect(reply.additionals).toHaveLength(edns === undefined ? 0 : 1);
  });

  test('29: the full set over TCP', () => {
    const reply = ask(responder, question(big, 'A'), 'tcp');
    expect(reply.flag_tc).toBe(false);
    expect(new Set(reply.answers.map((record) => record.data)).size).toBe(1000);
  });

  const sized = (count: number) => {
    const endpoints = Array.from({length: count}, (_, i) => endpoint(`10.1.0.${i}`, `h${i}`));
    const service = makeImport('sized', {type: 'Headless', slices: [makeSlice('cluster-a', endpoints)]});
    return makeResponder(compileView(makeView({namespaces: ['test'], imports: [service]})));
  };

  test('a set that fits to the octet is not truncated, one record more is', () => {
    // 12 + 35 + 4 octets, and 16 a record: 28 records are 499, 29 would be 515.
    const message = question('sized.test.svc.clusterset.local', 'A');
    expect(ask(sized(28), message)).toMatchObject({flag_tc: false});
    expect(ask(sized(28), message).answers).toHaveLength(28);
    expect(ask(sized(29), message)).toMatchObject({flag_tc: true, answers: []});
  });

  test('additional records are left out without TC', () => {
    const message = question('_pg._tcp.sized.test.svc.clusterset.local', 'SRV');
    const reply = ask(sized(6), message);
    expect(reply).toMatchObject({flag_tc: false, additionals: []});
    expect(reply.answers).toHaveLength(6);
    expect(
      ask(sized(6), question('_pg._tcp.sized.test.svc.clusterset.local', 'SRV', {edns: 1232})).additionals,
    ).toHaveLength(7);
  });

  test('a set that is too big even for TCP is cut to what fits', () => {
    const endpoints = Array.from({length: 5000}, (_, i) => endpoint(`10.${i >> 8}.0.${i & 255}`, `h${i}`));
    const service = makeImport('sized', {type: 'Headless', slices: [makeSlice('cluster-a', endpoints)]});
    const huge = makeResponder(compileView(makeView({namespaces: ['test'], imports: [service]})));
    for (const type of ['A', 'SRV']) {
      const reply = huge.respond(question('sized.test.svc.clusterset.local', type, {edns: 1232}), 'tcp')!;
      expect(reply.length).toBeLessThanOrEqual(65_537);
      expect(reply.length).toBeGreaterThan(60_000);
    }
    const host = ask(huge, question('h4999.cluster-a.sized.test.svc.clusterset.local', 'A'));
    expect(host.answers).toHaveLength(1);
  });
});

describe('26: before the first synced view', () => {
  const counters = new Counters(Counters.allocate(1), 0);
  const explainer = new Explainer();
  const unsynced = new Responder({zone: ZONE, table: makeTable(), counters, explainer, ttlSeconds: 5, nowMs: () => 0});

  test.each([web, 'clusterset.local', 'dns-version.clusterset.local'])(
    '%s is SERVFAIL, because nobody knows',
    (name) => {
      expect(ask(unsynced, question(name, 'A'))).toMatchObject({rcode: 'SERVFAIL', flag_aa: false, authorities: []});
    },
  );

  test('and says why (RFC 8914 code 14)', () => {
    const reply = ask(unsynced, question(web, 'A', {edns: 1232}));
    expect(reply.additionals[0]?.options).toMatchObject([{code: 15, data: Buffer.from([0, 14])}]);
  });

  test('outside the zone it is REFUSED all along', () => {
    expect(ask(unsynced, question('example.org', 'A')).rcode).toBe('REFUSED');
  });
});

describe('stale sources (design 6)', () => {
  const minute = 60_000;
  const view = makeView({
    namespaces: ['test'],
    clusters: [
      makeCluster('cluster-a', {network: 'n'}),
      makeCluster('cluster-b', {network: 'n', api: {state: 'Unreachable', sinceMs: 100 * minute}}),
      makeCluster('cluster-c', {network: 'n', api: {state: 'Unreachable', sinceMs: 110 * minute}}),
    ],
    imports: [
      makeImport('both', {ips: ['10.42.0.1'], clusters: ['cluster-b', 'cluster-c']}),
      makeImport('live', {ips: ['10.42.0.2'], clusters: ['cluster-a', 'cluster-b']}),
      makeImport('head', {type: 'Headless', slices: [makeSlice('cluster-b', [endpoint('10.4.0.1', 'x')])]}),
    ],
  });
  const isStale = (from: typeof view, name: string, atMinute: number) => {
    const aged = makeResponder(compileView(from), {nowMs: () => atMinute * minute});
    const reply = ask(aged, question(`${name}.test.svc.clusterset.local`, 'A', {edns: 1232}));
    expect(reply.answers).toHaveLength(1);
    return extendedErrorOf(reply);
  };

  test.each([
    ['a ClusterSetIP whose exporters are all away for long', 'both', 125, 'as of 900 s ago'],
    ['the age grows', 'both', 126.5, 'as of 990 s ago'],
    ['one of them not for long enough', 'both', 124, undefined],
    ['a ClusterSetIP with a live exporter', 'live', 1000, undefined],
    ['a Headless answer with an endpoint of a cluster that is away for long', 'head', 1115, 'as of 60900 s ago'],
    ['not for long enough', 'head', 114, undefined],
  ])('%s', (_name, service, atMinute, text) => {
    expect(isStale(view, service, atMinute)).toEqual(text === undefined ? undefined : {code: 3, text});
  });

  test('a hub that was away itself starts every clock anew', () => {
    const back = {...view, hub: {state: 'Alive', observedMs: 0, sinceMs: 200 * minute} as const};
    expect(isStale(back, 'both', 214)).toBeUndefined();
    expect(isStale(back, 'both', 215)).toEqual({code: 3, text: 'as of 900 s ago'});
  });

  test('no clock runs while the hub is not heard', () => {
    expect(isStale({...view, hub: {state: 'Expired', observedMs: 0}}, 'both', 1000)).toBeUndefined();
  });
});
