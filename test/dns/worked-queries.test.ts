import {decode} from 'dns-packet';
import {Packet} from 'dns2';
import {expect, describe, test} from 'vitest';
import {ask, compileView, lines, makeResponder, question} from './ask.ts';
import {fixture} from './fixture-view.ts';
import {
  answersOf,
  D_RULES_ELSEWHERE,
  QUERIES_ELSEWHERE,
  questionOf,
  SOA_LINE,
  WORKED_QUERIES,
} from './worked-queries.ts';

const table = compileView(fixture);

describe('worked queries, looked up', () => {
  const responder = makeResponder(table);
  test.each(WORKED_QUERIES)('$rule: $question $type', (query) => {
    const reply = ask(responder, question(questionOf(query), query.type));
    const expected = query.rcode ?? 'NOERROR';
    expect(reply.rcode).toBe(expected);
    expect(lines(reply.answers)).toEqual(answersOf(query));
    expect(lines(reply.authorities)).toEqual(query.soa ? [SOA_LINE] : []);
    expect(reply.flag_aa).toBe(expected === 'NOERROR' || expected === 'NXDOMAIN');
    expect(reply).toMatchObject({id: 4711, type: 'response', flag_rd: true, flag_ra: false, flag_tc: false});
    expect(reply.questions).toHaveLength(1);
  });
});

describe('the table is whole', () => {
  const titles = WORKED_QUERIES.map(({rule}) => rule).join('\n');
  test.each(Array.from({length: 29}, (_, i) => i + 1).filter((n) => !QUERIES_ELSEWHERE.includes(n)))(
    'worked query %i is in it',
    (number) => expect(titles).toMatch(new RegExp(`^(\\d+, )*${number}[,:]`, 'm')),
  );
  test.each(Array.from({length: 20}, (_, i) => `D${i + 1}`).filter((rule) => !D_RULES_ELSEWHERE.includes(rule)))(
    'rule %s is in it',
    (rule) => expect(titles).toMatch(new RegExp(`\\b${rule}\\b.*:`)),
  );
});

describe('the header and the question are echoed', () => {
  const responder = makeResponder(table);
  test('the question comes back octet by octet, whatever its case', () => {
    const sent = question('wEb.TeSt.sVc.ClUsTeRsEt.LoCaL', 'A', {id: 0xbeef});
    const reply = responder.respond(sent, 'udp')!;
    expect(reply.readUInt16BE(0)).toBe(0xbeef);
    expect(reply.subarray(12, sent.length)).toEqual(sent.subarray(12));
  });

  test('a negative answer names the zone in the case of the question', () => {
    const reply = ask(responder, question('NoSuch.TeSt.SvC.ClusterSET.Local', 'A'));
    expect(reply.authorities[0]?.name).toBe('ClusterSET.Local');
  });

  test('a dot inside a label is not a dot between labels', () => {
    const sent = question('web_test.svc.clusterset.local', 'A');
    sent[sent.indexOf('_')] = '.'.charCodeAt(0);
    expect(ask(responder, sent).rcode).toBe('NXDOMAIN');
  });

  test("octets of a label that look like the zone don't make a name ours", () => {
    const inside = Buffer.from('\u0011\u000aclusterset\u0005local\u0000', 'latin1');
    const whole = Buffer.concat([question('.', 'A').subarray(0, 12), inside, Buffer.from([0, 1, 0, 1])]);
    expect(ask(responder, whole).rcode).toBe('REFUSED');
  });
});

describe('two other codecs read what we write', () => {
  const responder = makeResponder(table);
  test.each(WORKED_QUERIES)('dns2 and dns-packet agree on $question $type', (query) => {
    // Read twice, not asked twice: the order of addresses turns.
    const reply = responder.respond(question(questionOf(query), query.type, {edns: 4096}), 'udp')!;
    const ours = decode(reply);
    const theirs = Packet.parse(reply);
    expect(theirs.errors).toEqual([]);
    expect(theirs.answers).toHaveLength(ours.answers.length);
    expect(theirs.answers.map((r) => r.address).filter(Boolean)).toEqual(
      ours.answers.filter((r) => r.type === 'A' || r.type === 'AAAA').map((r) => r.data),
    );
    expect(theirs.answers.map((r) => r.target).filter(Boolean)).toEqual(
      ours.answers.filter((r) => r.type === 'SRV').map((r) => (r.data as {target: string}).target),
    );
    expect(theirs.authorities).toHaveLength(ours.authorities.length);
    // AXFR and IXFR are refused before anybody looks for an OPT record.
    expect(theirs.additionals.some((r) => r.type === 41)).toBe(!query.type.endsWith('XFR'));
  });

  test('the addresses of SRV targets come along', () => {
    const reply = ask(responder, question('_http._tcp.web.test.svc.clusterset.local', 'SRV'));
    expect(lines(reply.additionals)).toEqual([
      'web.test.svc.clusterset.local. 5 IN A 10.42.42.42',
      'web.test.svc.clusterset.local. 5 IN AAAA 2001:db8::1',
    ]);
    const headless = ask(responder, question('_pg._tcp.db.test.svc.clusterset.local', 'SRV', {edns: 1232}));
    expect(lines(headless.additionals)).toEqual([
      '10-4-0-7.cluster-b.db.test.svc.clusterset.local. 5 IN A 10.4.0.7',
      'my-pet-1.cluster-a.db.test.svc.clusterset.local. 5 IN A 10.3.0.100',
      'my-pet-1.cluster-b.db.test.svc.clusterset.local. 5 IN A 10.4.0.100',
      'my-pet-1.cluster-b.db.test.svc.clusterset.local. 5 IN AAAA 2001:db8::b1',
    ]);
  });
});
