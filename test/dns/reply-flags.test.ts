import {decode} from 'dns-packet';
import {describe, expect, test} from 'vitest';
import {RelayWriter} from '../../dns/forward/relay-writer.ts';
import type {Transport} from '../../dns/wire/query-reader.ts';
import {compileView, makeResponder, makeTable, opt, question} from './ask.ts';
import {fixture} from './fixture-view.ts';

const web = 'web.test.svc.clusterset.local';
const table = compileView(fixture);
const [alone, forwarding] = [makeResponder(table), makeResponder(table, {forwards: true})];

/** A query with an OPT record of these flags and options. */
function withOpt(name: string, flags: number, options: Uint8Array = Buffer.alloc(0), type = 'A'): Buffer {
  const record = opt(1232, 0, options);
  record.writeUInt16BE(flags, 7);
  const message = Buffer.concat([question(name, type), record]);
  message[11] = 1;
  return message;
}

const optFlags = (reply: Buffer) => decode(reply).additionals.find(({type}) => type === 'OPT')?.flags;
const names: readonly (readonly [string, string])[] = [
  ['an answer', web],
  ['NXDOMAIN', 'none.test.svc.clusterset.local'],
  ['REFUSED', 'example.org'],
  ['a truncated answer', 'thousand.test.svc.clusterset.local'],
];

describe('DO is in the answer as it is in the query (RFC 3225 section 3), and no other flag', () => {
  test.each(names)('%s', (_kind, name) => {
    expect(optFlags(alone.respond(withOpt(name, 0x8000), 'udp')!)).toBe(0x8000);
    expect(optFlags(alone.respond(withOpt(name, 0xffff), 'udp')!)).toBe(0x8000);
    expect(optFlags(alone.respond(withOpt(name, 0x7fff), 'udp')!)).toBe(0);
  });

  test('an answer for another zone', () => {
    const write = (flags: number) =>
      new RelayWriter(undefined).write(
        {message: withOpt('example.org', flags), transport: 'udp', client: '127.0.0.1', send: () => undefined},
        {rcode: 2},
        0,
      );
    expect([optFlags(write(0x8000)), optFlags(write(0))]).toEqual([0x8000, 0]);
  });
});

describe('RA says whether names of other zones are looked up for this client (RFC 1035 section 4.1.1)', () => {
  const isOffered = (responder: typeof alone, message: Buffer, client: string | undefined) =>
    decode(responder.respond(message, 'udp', client)!).flag_ra;

  test.each(names.filter(([kind]) => kind !== 'REFUSED'))('%s', (_kind, name) => {
    const message = question(name, 'A');
    expect(isOffered(forwarding, message, '10.0.0.1')).toBe(true);
    expect(isOffered(forwarding, message, '192.0.2.1')).toBe(false);
    expect(isOffered(forwarding, message, undefined)).toBe(false);
    expect(isOffered(forwarding, message, 'fd00::1')).toBe(true);
    expect(isOffered(alone, message, '10.0.0.1')).toBe(false);
  });

  test('also where nothing is looked up, and before there is a view', () => {
    const withoutRd = question('example.org', 'A');
    withoutRd[2] = 0;
    expect(isOffered(forwarding, withoutRd, '10.0.0.1')).toBe(true);
    expect(isOffered(forwarding, question('example.org', 'A'), '192.0.2.1')).toBe(false);
    const unsynced = makeResponder(makeTable(), {forwards: true, synced: false});
    expect(isOffered(unsynced, question(web, 'A'), '127.0.0.1')).toBe(true);
  });

  test('the truncated answer of the rate limit says the same as the one it stands for', () => {
    const message = question(web, 'A');
    forwarding.respond(message, 'udp', '10.0.0.1');
    expect(decode(forwarding.truncated(message))).toMatchObject({flag_ra: true, flag_tc: true});
  });
});

describe('padding (RFC 7830, RFC 8467)', () => {
  const padded = (octets: number) =>
    Buffer.concat([Buffer.from([0, 12, octets >> 8, octets & 255]), Buffer.alloc(octets)]);
  const cookie = Buffer.from([0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]);
  /** Without the length before it. */
  const reply = (message: Buffer, transport: Transport) => {
    const framed = alone.respond(message, transport, '127.0.0.1')!;
    return transport === 'udp' ? framed : framed.subarray(2);
  };
  const paddingOf = (message: Buffer) =>
    decode(message)
      .additionals.flatMap(({options = []}) => options)
      .filter(({code}) => code === 12);

  test.each([
    ['an answer', web, 'A', 468],
    ['NXDOMAIN', 'none.test.svc.clusterset.local', 'A', 468],
    ['an SRV with its addresses', '_pg._tcp.db.test.svc.clusterset.local', 'SRV', 468],
    ['a large answer', 'thousand.test.svc.clusterset.local', 'A', 468 * 35],
  ])(
    '%s has a multiple of 468 octets where the query is padded and nobody else can read it',
    (_n, name, type, octets) => {
      const sent = withOpt(name, 0, padded(20), type);
      const answer = reply(sent, 'tls');
      expect(answer.length).toBe(octets);
      expect(paddingOf(answer)).toHaveLength(1);
      expect(paddingOf(answer)[0]!.data!.every((octet) => octet === 0)).toBe(true);
      // Padding changes nothing else.
      const plain = decode(reply(withOpt(name, 0, Buffer.alloc(0), type), 'tls'));
      const {rcode, answers} = decode(answer);
      expect([rcode, answers.length]).toEqual([plain.rcode, plain.answers.length]);
    },
  );

  test('never over UDP or TCP, and never where the query has none', () => {
    for (const transport of ['udp', 'tcp'] as const) {
      expect(paddingOf(reply(withOpt(web, 0, padded(20)), transport)), transport).toEqual([]);
    }
    expect(paddingOf(reply(withOpt(web, 0, cookie), 'tls'))).toEqual([]);
    expect(reply(question(web, 'A'), 'tls').length).toBeLessThan(468);
    // The query before it is no excuse.
    reply(withOpt(web, 0, padded(0)), 'tls');
    expect(paddingOf(reply(withOpt(web, 0), 'tls'))).toEqual([]);
  });

  test('beside other options, and empty where only the option itself fits into the multiple', () => {
    expect(reply(withOpt(web, 0, Buffer.concat([cookie, padded(3)])), 'tls').length).toBe(468);
    for (let labels = 1; labels < 25; labels++) {
      const name = `${Array.from({length: labels}, () => 'xxxx').join('.')}.svc.clusterset.local`;
      expect(reply(withOpt(name, 0, padded(0)), 'tls').length % 468, name).toBe(0);
    }
  });

  test('an answer of an upstream is padded like any other', () => {
    const write = (transport: Transport) =>
      new RelayWriter(undefined).write(
        {message: withOpt('example.org', 0, padded(9)), transport, client: '127.0.0.1', send: () => undefined},
        {rcode: 2, extendedError: 22},
        0,
      );
    expect(write('tls').length - 2).toBe(468);
    expect([write('tcp').length - 2, write('udp').length].every((octets) => octets < 100)).toBe(true);
  });
});
