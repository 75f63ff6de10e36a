import {decode} from 'dns-packet';
import {expect, test} from 'vitest';
import {compileView, makeResponder} from '../dns/ask.ts';
import {fixture} from '../dns/fixture-view.ts';
import {fuzzDns} from './dns.ts';
import {fuzzPacket, Random} from './dns/packets.ts';
import {objection} from './dns/second-opinions.ts';

const SEED = 20_261_121;

test('a short run of the fuzz suite finds nothing and its good clients lose nothing', async () => {
  const lines: string[] = [];
  const {figures, findings} = await fuzzDns({seconds: 3, seed: SEED, log: (line) => lines.push(line)});
  expect(findings).toEqual([]);
  expect(lines).toContain(`seed ${SEED}`);
  expect(Number.parseInt(figures['dns_fuzz_replies']!)).toBeGreaterThan(300);
  expect(Number.parseInt(figures['dns_fuzz_good']!)).toBeGreaterThan(20);
}, 60_000);

test('the parser alone: 30,000 packets, every answer readable by two other decoders', () => {
  const random = new Random(SEED);
  const responder = makeResponder(compileView(fixture));
  const rcodes = new Set<string>();
  for (let i = 0; i < 30_000; i++) {
    const packet = fuzzPacket(random);
    const reply = responder.respond(packet, 'udp', '127.0.0.1');
    if (!reply) continue;
    expect(objection(packet, reply, 'udp'), packet.toString('hex')).toBeUndefined();
    rcodes.add(decode(reply).rcode);
  }
  // A generator that only made rubbish would prove little.
  expect([...rcodes].sort()).toEqual(expect.arrayContaining(['FORMERR', 'NOERROR', 'NOTIMP', 'NXDOMAIN', 'REFUSED']));
});

test('the same seed gives the same packets', () => {
  const made = (seed: number) => {
    const random = new Random(seed);
    return Buffer.concat(Array.from({length: 200}, () => fuzzPacket(random))).toString('hex');
  };
  expect(made(1)).toBe(made(1));
  expect(made(1)).not.toBe(made(2));
});

test('a wrong answer is noticed', () => {
  const query = fuzzPacket(new Random(3));
  const packet = Buffer.from(query);
  packet[2] = 0x80;
  expect(objection(packet, packet.subarray(0, 5), 'udp')).toBe('shorter than a header');
  expect(objection(packet, Buffer.concat([packet, packet, packet]).subarray(0, 14), 'udp')).toBeDefined();
});
