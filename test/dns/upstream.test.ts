import {decode} from 'dns-packet';
import {afterEach, describe, expect, test} from 'vitest';
import {Counters} from '../../dns/counters.ts';
import {Forwarder} from '../../dns/forward/forwarder.ts';
import type {ForwardLimits} from '../../dns/forward/forwarder.ts';
import {LoopProbe} from '../../dns/forward/loop-probe.ts';
import {UpstreamSet} from '../../dns/forward/upstream-set.ts';
import {Upstream} from '../../dns/forward/upstream.ts';
import type {UpstreamQuestion} from '../../dns/forward/upstream-query.ts';
import {nameFromText} from '../../dns/wire/name.ts';
import {eventually} from '../tools/eventually.ts';
import {extendedErrorOf, question} from './ask.ts';
import {addressReply, PlayedUpstream, reply} from './played-upstream.ts';
import type {Answering, Asked} from './played-upstream.ts';

/** What the forwarder asks upstreams and makes of what they say, without our own sockets and with a clock that the test sets. */

const played: PlayedUpstream[] = [];
afterEach(async () => {
  for (const upstream of played.splice(0)) await upstream.close();
});

async function play(answer: Answering): Promise<PlayedUpstream> {
  const upstream = new PlayedUpstream(answer);
  played.push(upstream);
  await upstream.start();
  return upstream;
}

/** No machine stands still for so long. */
const PATIENT = {udpMs: 30_000, tcpMs: 30_000};
const FORMERR = 1;
const NOTIMP = 4;
const REFUSED = 5;

const good: Answering = (asked) => addressReply(asked, '192.0.2.1');
const knowsEdns = (asked: Asked) =>
  reply(asked, {
    answers: [{type: 'A', name: asked.name, ttl: 60, data: '192.0.2.1'}],
    additionals: [{type: 'OPT', name: '.', udpPayloadSize: 1232, options: []}],
  });
const hasOpt = ({query}: Asked) => query[11] === 1;
const isTcp = ({transport}: Asked) => transport === 'tcp';
const toOpt = (rcode: number) => (asked: Asked) =>
  hasOpt(asked) ? reply(asked, {flags: 0x180 | rcode}) : addressReply(asked, '192.0.2.1');
/** The header of an answer and nothing else, as from who could not read the question. */
const withoutQuestion = (asked: Asked, rcode: number) => {
  const header = Buffer.alloc(12);
  asked.query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180 | rcode, 2);
  return header;
};

/** Whether each question about a name had EDNS. What was sent may be read later than its sender gives up. */
async function questionsFor(upstream: PlayedUpstream, name: string, count: number): Promise<readonly boolean[]> {
  const seen = () => upstream.questions.filter((asked) => asked.name.toLowerCase() === name);
  await eventually(`${count} questions for ${name}`, () => seen().length >= count);
  return seen().map(hasOpt);
}

function aboutA(name = 'www.example.org'): UpstreamQuestion {
  return {name: Buffer.from(nameFromText(name)!, 'latin1'), type: 1, dnssecOk: false, checkingDisabled: false};
}

describe('an upstream that does not know EDNS (RFC 6891 section 7)', () => {
  const cases: readonly (readonly [string, Answering])[] = [
    ['FORMERR', toOpt(FORMERR)],
    ['NOTIMP', toOpt(NOTIMP)],
    ['FORMERR without a question', (asked) => (hasOpt(asked) ? withoutQuestion(asked, FORMERR) : good(asked))],
    ['NOTIMP without a question', (asked) => (hasOpt(asked) ? withoutQuestion(asked, NOTIMP) : good(asked))],
    ['FORMERR over TCP', (asked) => (isTcp(asked) ? toOpt(FORMERR)(asked) : reply(asked, {flags: 0x380}))],
  ];
  test.each(cases)('%s: it is asked without, at once, and for ten minutes from then on', async (_name, answer) => {
    let now = 0;
    const upstream = await play(answer);
    const asking = new Upstream(upstream.address, {...PATIENT, nowMs: () => now});
    expect((await asking.ask(aboutA())).facts.answers).toBe(1);
    const before = upstream.questions.length;
    expect(upstream.questions[0]).toSatisfy(hasOpt);
    now = 599_999;
    await asking.ask(aboutA('again.example.org'));
    expect(upstream.questions.slice(before).filter(hasOpt)).toEqual([]);
    now = 600_000;
    await asking.ask(aboutA('later.example.org'));
    expect(upstream.questions.at(-1)).not.toSatisfy(hasOpt);
    expect(upstream.questions.filter(({name}) => /^later/i.test(name)).some(hasOpt)).toBe(true);
  });

  test('silence: it is asked without, and for a while from then on', async () => {
    let now = 0;
    const upstream = await play((asked) => (hasOpt(asked) ? undefined : addressReply(asked, '192.0.2.1')));
    const asking = new Upstream(upstream.address, {udpMs: 300, tcpMs: 300, nowMs: () => now});
    await eventually('an answer without EDNS', async () => {
      // Where the answer came too late, silence is looked into again after half a minute.
      now += 30_000;
      return asking.ask(aboutA()).catch(() => undefined);
    });
    expect(upstream.questions.filter(hasOpt).length).toBeGreaterThan(0);
    await asking.ask(aboutA('again.org')).catch(() => undefined);
    expect(await questionsFor(upstream, 'again.org', 1)).toEqual([false]);
  });

  test('silence of who has shown to know EDNS, and of who has just been asked without, is silence', async () => {
    let now = 0;
    const silent = await play(() => undefined);
    const asking = new Upstream(silent.address, {udpMs: 100, tcpMs: 100, nowMs: () => now});
    const asked = async (name: string, expected: readonly boolean[]) => {
      await expect(asking.ask(aboutA(name))).rejects.toMatchObject({code: 'ISTHMUS_DNS_QUERY'});
      expect(await questionsFor(silent, name, expected.length)).toEqual(expected);
    };
    await asked('first.org', [true, false]);
    await asked('second.org', [true]);
    now = 30_000;
    await asked('third.org', [true, false]);
    silent.answer = knowsEdns;
    await eventually('an answer with EDNS', () => asking.ask(aboutA()).catch(() => undefined));
    silent.answer = () => undefined;
    now = 90_000;
    await asked('fourth.org', [true]);
    now = 120_000;
    await asked('fifth.org', [true]);
  });

  test('what is refused with an OPT record, or without EDNS too, is about the question and changes nothing', async () => {
    const upstream = await play((asked) =>
      reply(asked, {flags: 0x181, additionals: [{type: 'OPT', name: '.', udpPayloadSize: 1232, options: []}]}),
    );
    const asking = new Upstream(upstream.address, {...PATIENT, nowMs: () => 0});
    expect((await asking.ask(aboutA())).facts.rcode).toBe(FORMERR);
    expect(upstream.questions.map(hasOpt)).toEqual([true]);
    upstream.answer = (asked) => reply(asked, {flags: 0x181});
    expect((await asking.ask(aboutA())).facts.rcode).toBe(FORMERR);
    await asking.ask(aboutA());
    expect(upstream.questions.map(hasOpt)).toEqual([true, true, false, true, false]);
  });

  test('an answer without a question says FORMERR or NOTIMP, with the right id: anything else is nobody’s', async () => {
    const upstream = await play((asked) => {
      const forged = withoutQuestion(asked, FORMERR);
      forged[0]! ^= 1;
      return [forged, withoutQuestion(asked, REFUSED), withoutQuestion(asked, 0), addressReply(asked, '192.0.2.1')];
    });
    const asking = new Upstream(upstream.address, {...PATIENT, nowMs: () => 0});
    expect((await asking.ask(aboutA())).facts).toMatchObject({rcode: 0, answers: 1});
    expect(upstream.questions.map(hasOpt)).toEqual([true]);
  });
});

describe('several upstreams', () => {
  function setOf(...upstreams: readonly Upstream[]): UpstreamSet {
    const probe = new LoopProbe('t', LoopProbe.allocate(upstreams.length));
    return new UpstreamSet({upstreams, probe, nowMs: () => 0, wallMs: () => 0});
  }

  test('a dead one costs its time only until it is known to be dead', async () => {
    const [dead, alive] = [await play(() => undefined), await play(good)];
    const set = setOf(
      new Upstream(dead.address, {udpMs: 50, tcpMs: 50, nowMs: () => 0}),
      new Upstream(alive.address, {...PATIENT, nowMs: () => 0}),
    );
    for (let i = 0; i < 6; i++) expect((await set.ask(aboutA(`n${i}.example.org`))).facts.answers).toBe(1);
    await questionsFor(dead, 'n1.example.org', 1);
    const names = new Set(dead.questions.map(({name}) => name.toLowerCase()));
    expect([...names]).toEqual(['n0.example.org', 'n1.example.org']);
  });

  test('an answer that is truncated over TCP too is none: the next is asked (RFC 2181 section 9)', async () => {
    const cut = await play((asked) => withFlag(addressReply(asked, '192.0.2.66'), 0x02));
    const whole = await play(good);
    const set = setOf(...[cut, whole].map(({address}) => new Upstream(address, {...PATIENT, nowMs: () => 0})));
    const answer = await set.ask(aboutA());
    expect(decode(answer.message).answers).toMatchObject([{data: '192.0.2.1'}]);
    expect(cut.questions.map(({transport}) => transport)).toEqual(['udp', 'tcp']);
  });
});

describe('what is passed on', () => {
  interface Forwarding {
    readonly upstream: PlayedUpstream;
    readonly clock: {ms: number};
    readonly ask: (name: string, type?: string) => Promise<ReturnType<typeof decode>>;
  }

  async function forwarding(answer: Answering, limits: Partial<ForwardLimits> = {}): Promise<Forwarding> {
    const upstream = await play(answer);
    const clock = {ms: 0};
    const forwarder = new Forwarder({
      upstreams: [upstream.address],
      probe: new LoopProbe('t', LoopProbe.allocate(1)),
      counters: new Counters(Counters.allocate(1), 0),
      cookies: undefined,
      limits: {...PATIENT, failureMs: 0, ...limits},
      nowMs: () => clock.ms,
      wallMs: () => clock.ms,
      onLoop: () => undefined,
    });
    const ask = (name: string, type = 'A') =>
      new Promise<ReturnType<typeof decode>>((resolve) => {
        const send = (message: Buffer) => resolve(decode(message));
        forwarder.forward({message: question(name, type, {edns: 1232}), transport: 'udp', client: '127.0.0.1', send});
      });
    return {upstream, clock, ask};
  }

  const cut: Answering = (asked) => withFlag(addressReply(asked, '192.0.2.66'), 0x02);

  test('is never truncated over TCP: SERVFAIL, and nothing of it is kept', async () => {
    const {upstream, ask} = await forwarding(cut);
    expect(await ask('www.example.org')).toMatchObject({rcode: 'SERVFAIL', answers: []});
    upstream.answer = good;
    expect((await ask('www.example.org')).answers).toMatchObject([{data: '192.0.2.1'}]);
  });

  test('is never truncated over TCP: an expired answer is better', async () => {
    const {upstream, clock, ask} = await forwarding(good);
    await ask('www.example.org');
    clock.ms = 301_000;
    upstream.answer = cut;
    const stale = await ask('www.example.org');
    expect(stale).toMatchObject({rcode: 'NOERROR', answers: [{data: '192.0.2.1', ttl: 30}]});
    expect(extendedErrorOf(stale)).toMatchObject({code: 3});
  });

  test('who comes while an upstream is slow gets the expired answer at once, as those before did (RFC 8767 section 5)', async () => {
    const {upstream, clock, ask} = await forwarding(good, {staleAfterMs: 20});
    await ask('www.example.org');
    clock.ms = 301_000;
    upstream.answer = () => undefined;
    expect(extendedErrorOf(await ask('www.example.org'))).toMatchObject({code: 3});
    // The upstream has half a minute to answer, and the one before has been sent away.
    expect(extendedErrorOf(await ask('www.example.org'))).toMatchObject({code: 3});
    expect(upstream.questions).toHaveLength(2);
  });

  const soa = (ttl: number, minimum: number) => ({
    type: 'SOA',
    name: 'example.org',
    ttl,
    data: {mname: 'ns.example.org', rname: 'h.example.org', serial: 1, refresh: 1, retry: 1, expire: 1, minimum},
  });
  const alias = {type: 'CNAME', name: 'www.example.org', ttl: 7200, data: 'x.example.org'};

  test.each([
    ['NXDOMAIN', {flags: 0x183, authorities: [soa(7200, 7200)]}],
    ['NODATA', {authorities: [soa(7200, 7200)]}],
    ['NXDOMAIN behind an alias', {flags: 0x183, answers: [alias], authorities: [soa(7200, 7200)]}],
    ['NODATA behind an alias', {answers: [alias], authorities: [soa(7200, 7200)]}],
  ])('is kept for five minutes at most where it is negative: %s', async (_name, packet) => {
    const {upstream, clock, ask} = await forwarding((asked) => reply(asked, packet));
    await ask('www.example.org');
    clock.ms = 299_999;
    await ask('www.example.org');
    expect(upstream.questions).toHaveLength(1);
    clock.ms = 300_000;
    await ask('www.example.org');
    expect(upstream.questions).toHaveLength(2);
  });

  test('is kept for an hour where the alias leads to what was asked for, or is what was asked for', async () => {
    const address = {type: 'A', name: 'x.example.org', ttl: 7200, data: '192.0.2.1'};
    const {upstream, clock, ask} = await forwarding((asked) => reply(asked, {answers: [alias, address]}));
    await ask('www.example.org');
    upstream.answer = (asked) => reply(asked, {answers: [alias]});
    await ask('www.example.org', 'CNAME');
    clock.ms = 3_599_999;
    await ask('www.example.org');
    await ask('www.example.org', 'CNAME');
    expect(upstream.questions).toHaveLength(2);
  });

  test.each([
    ['its MINIMUM where that is less', soa(7200, 60), 60],
    ['its own where that is less', soa(60, 7200), 60],
  ])(
    'has the TTL of a SOA that says how long a name is not there: %s (RFC 2308 section 5)',
    async (_n, record, ttl) => {
      const packet = {flags: 0x183, authorities: [record]};
      const {clock, ask} = await forwarding((asked) => reply(asked, packet));
      expect((await ask('www.example.org')).authorities).toMatchObject([{type: 'SOA', ttl}]);
      clock.ms = 20_000;
      expect((await ask('www.example.org')).authorities).toMatchObject([{type: 'SOA', ttl: ttl - 20}]);
    },
  );
});

function withFlag(message: Buffer, flag: number): Buffer {
  message[2]! |= flag;
  return message;
}
