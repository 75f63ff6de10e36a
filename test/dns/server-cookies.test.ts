import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {ClientAddress} from '../../dns/wire/client-address.ts';
import {ServerCookies} from '../../dns/wire/server-cookies.ts';
import {SipHash} from '../../dns/wire/sip-hash.ts';

const SECRET = 'e5e973e5a6b2a43f48e7dc849e37bfcf';
const OTHER = '445536bcd2513298075a5d379663c962';

function address(text: string): ClientAddress {
  const client = new ClientAddress();
  client.read(text);
  return client;
}

function cookies(nowS: () => number, ...secrets: readonly string[]): ServerCookies {
  return new ServerCookies(
    secrets.map((secret) => Buffer.from(secret, 'hex')),
    () => nowS() * 1000,
  );
}

function made(maker: ServerCookies, clientCookie: string, from: string): Buffer {
  const cookie = Buffer.alloc(24);
  maker.write(cookie, 0, Buffer.from(clientCookie, 'hex'), 0, address(from));
  return cookie;
}

describe('server cookies are those of RFC 9018', () => {
  test.each([
    ['A.1', SECRET, '2464c4abcf10c957', '198.51.100.100', 1559731985, '010000005cf79f111f8130c3eee29480'],
    ['A.2', SECRET, '2464c4abcf10c957', '198.51.100.100', 1559734385, '010000005cf7a871d4a564a1442aca77'],
    ['A.3', SECRET, 'fc93fc62807ddb86', '203.0.113.203', 1559734700, '010000005cf7a9acf73a7810aca2381e'],
    [
      'A.4',
      OTHER,
      '22681ab97d52c298',
      '2001:db8:220:1:59de:d0f4:8769:82b8',
      1559741961,
      '010000005cf7c609a6bb79d16625507a',
    ],
  ])('appendix %s', (_name, secret, client, from, nowS, expected) => {
    expect(
      made(
        cookies(() => nowS, secret),
        client,
        from,
      ).toString('hex'),
    ).toBe(client + expected);
  });

  test('reserved octets that another server set are part of what is proven (A.3)', () => {
    const cookie = Buffer.from('fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5', 'hex');
    const at = cookies(() => 1559728000, SECRET);
    expect(at.isValid(cookie, 0, 24, address('203.0.113.203'))).toBe(true);
    cookie[9]! ^= 1;
    expect(at.isValid(cookie, 0, 24, address('203.0.113.203'))).toBe(false);
  });

  test('SipHash-2-4 gives the value of its paper, and another one for every length', () => {
    // The paper's one vector: key 00..0f, input 00..0e.
    const hash = new SipHash(Uint8Array.from({length: 16}, (_, i) => i));
    const out = Buffer.alloc(8);
    hash.write(
      Uint8Array.from({length: 15}, (_, i) => i),
      15,
      out,
      0,
    );
    expect(out.readBigUInt64LE()).toBe(0xa129ca6149be45e5n);
    const seen = new Set<string>();
    for (let length = 0; length < 64; length++) {
      hash.write(new Uint8Array(64), length, out, 0);
      seen.add(out.toString('hex'));
    }
    expect(seen.size).toBe(64);
  });
});

describe('a cookie is valid', () => {
  let now = 1_800_000_000;
  const client = '0011223344556677';
  const from = '192.0.2.7';

  test.each([
    ['at once', 0, true, true],
    ['after half an hour, and is given anew', 1800, true, false],
    ['after an hour', 3600, true, false],
    ['not after more', 3601, false, false],
    ['of a replica whose clock is five minutes ahead, and is given anew', -300, true, false],
    ['not from further in the future', -301, false, false],
  ])('%s', (_name, laterS, isValid, isFresh) => {
    const server = cookies(() => now, SECRET);
    const cookie = made(server, client, from);
    now += laterS;
    expect([server.isValid(cookie, 0, 24, address(from)), server.isFresh]).toEqual([isValid, isFresh]);
    now -= laterS;
  });

  test('with the secret before, and is then given anew', () => {
    const cookie = made(
      cookies(() => now, OTHER),
      client,
      from,
    );
    const server = cookies(() => now, SECRET, OTHER);
    expect([server.isValid(cookie, 0, 24, address(from)), server.isFresh]).toEqual([true, false]);
    server.replaceSecrets([Buffer.from(SECRET, 'hex')]);
    expect(server.isValid(cookie, 0, 24, address(from))).toBe(false);
  });

  test('only whole, unchanged, and for the address that it was given to', () => {
    const server = cookies(() => now, SECRET);
    const cookie = made(server, client, from);
    expect(server.isValid(cookie, 0, 24, address('192.0.2.8'))).toBe(false);
    expect(server.isValid(cookie, 0, 24, address('::ffff:192.0.2.7'))).toBe(true);
    expect(server.isValid(cookie, 0, 8, address(from))).toBe(false);
    fc.assert(
      fc.property(fc.nat(23), fc.integer({min: 1, max: 255}), (at, change) => {
        const forged = Buffer.from(cookie);
        forged[at]! ^= change;
        return !server.isValid(forged, 0, 24, address(from));
      }),
    );
  });
});

describe('the address of a client', () => {
  test.each([
    ['192.0.2.1', 'c0000201'],
    ['0.0.0.0', '00000000'],
    ['::ffff:192.0.2.1', 'c0000201'],
    ['2001:db8::1', '20010db8000000000000000000000001'],
    ['fe80::1%eth0', 'fe800000000000000000000000000001'],
    ['256.0.0.1', ''],
    ['1.2.3', ''],
    ['1.2.3.4.5', ''],
    ['', ''],
    ['x', ''],
  ])('%s is read anew each time', (text, hex) => {
    const client = address('203.0.113.9');
    client.read(text);
    expect(Buffer.from(client.bytes.subarray(0, client.length)).toString('hex')).toBe(hex);
  });
});
