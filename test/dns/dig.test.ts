import {spawnSync} from 'node:child_process';
import {expect, test} from 'vitest';
import {eventually} from '../tools/eventually.ts';
import {fixture} from './fixture-view.ts';
import {startServer} from './live-server.ts';
import {openTls, testAuthority} from './secure-clients.ts';
import {answersOf, questionOf, SOA_LINE, WORKED_QUERIES} from './worked-queries.ts';

/** BIND's own client as a third opinion, where it is installed. It runs while this thread waits: the worker needs nobody. */

/** Each question once, and longer than a machine that stands still. */
const ONCE = ['+tries=1', '+time=15'];
/** Dozens of processes, one after the other. */
const SLOW_MS = 120_000;

const hasDig = spawnSync('dig', ['-v']).status === 0;

/** Zone-file lines have tabs and paddings, and dig writes IPv4-mapped addresses as RFC 5952 section 5 suggests. */
function section(output: string, heading: string): readonly string[] {
  const text = output.split(`;; ${heading} SECTION:\n`)[1]?.split('\n\n')[0] ?? '';
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => line.replace(/\s+/g, ' ').replace('::ffff:1.2.3.4', '::ffff:102:304')).sort();
}

test.runIf(hasDig).each(['+notcp', '+tcp'])(
  'dig %s reads every worked query as we meant it',
  async (transport) => {
    const {port} = (await startServer({view: fixture})).address;
    for (const query of WORKED_QUERIES.filter(({type}) => !type.endsWith('XFR'))) {
      const title = `${query.rule}: ${query.question} ${query.type}`;
      const options = [...ONCE, '+norecurse', '+noidnin', '+noidnout', transport];
      const {stdout} = spawnSync(
        'dig',
        ['@127.0.0.1', '-p', String(port), ...options, '-t', query.type, '-q', questionOf(query)],
        {encoding: 'utf8'},
      );
      expect(stdout, title).toContain(`status: ${query.rcode ?? 'NOERROR'},`);
      expect(section(stdout, 'ANSWER'), title).toEqual(answersOf(query));
      expect(section(stdout, 'AUTHORITY'), title).toEqual(query.soa ? [SOA_LINE] : []);
      expect(stdout, title).not.toMatch(/malformed|extra bytes|bad packet/i);
    }
  },
  SLOW_MS,
);

const anyPort = [{host: '127.0.0.1', port: 0}];

test.runIf(hasDig).each([
  ['+tls', 'tls'],
  ['+https', 'https'],
  ['+https-get', 'https'],
] as const)(
  'dig %s reads worked queries as we meant them',
  async (transport, kind) => {
    const server = await startServer({view: fixture, tlsListen: anyPort, httpsListen: anyPort});
    const authority = await testAuthority();
    server.useCertificate(await authority.issue());
    const [at] = server.addresses[kind];
    await eventually('the certificate to be used', async () => {
      const socket = await openTls({...at!, caPem: authority.caPem}, {alpn: kind === 'tls' ? 'dot' : 'h2'}).catch(
        () => undefined,
      );
      return socket?.destroy();
    });
    for (const query of WORKED_QUERIES.filter(({type}) => ['A', 'SRV', 'TXT'].includes(type)).slice(0, 8)) {
      const options = [...ONCE, '+norecurse', '+noidnin', '+noidnout', transport, '-t', query.type];
      const {stdout} = spawnSync('dig', ['@127.0.0.1', '-p', String(at!.port), ...options, '-q', questionOf(query)], {
        encoding: 'utf8',
      });
      expect(stdout, `${query.question} ${query.type}`).toContain(`status: ${query.rcode ?? 'NOERROR'},`);
      expect(section(stdout, 'ANSWER')).toEqual(answersOf(query));
      expect(stdout).not.toMatch(/malformed|extra bytes|bad packet/i);
    }
  },
  SLOW_MS,
);

test.runIf(hasDig)('dig takes our cookies for good, comes again after BADCOOKIE, and over TCP after TC', async () => {
  const server = await startServer({view: fixture, cookies: {required: true}});
  const dig = (...options: readonly string[]) =>
    spawnSync('dig', ['@127.0.0.1', '-p', String(server.address.port), ...ONCE, '+norecurse', ...options], {
      encoding: 'utf8',
    }).stdout;
  const again = dig('+cookie=0011223344556677', 'web.test.svc.clusterset.local', 'A');
  expect(again).toMatch(/BADCOOKIE, retrying/);
  expect(again).toMatch(/COOKIE: 001122334455667701000000[0-9a-f]{24} \(good\)/);
  expect(again).toContain('10.42.42.42');
  const large = dig('+nocookie', '+bufsize=512', 'thousand.test.svc.clusterset.local', 'A');
  expect(large).toMatch(/Truncated, retrying in TCP mode/);
  expect(large).toContain('ANSWER: 1000');
  expect(dig('+nocookie', '+edns=1', '+noednsneg', 'web.test.svc.clusterset.local', 'A')).toContain('status: BADVERS');
});
