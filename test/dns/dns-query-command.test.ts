import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {dnsCommand} from '../../cli/dns.ts';
import {readPortsFile, writePortsFile} from '../../cli/ports-file.ts';
import {explainDns} from '../../dns/client.ts';
import {fixture, makeImport, makeView} from './fixture-view.ts';
import {afterTest, startServer} from './live-server.ts';
import {testAuthority} from './secure-clients.ts';

let printed = '';

beforeEach(() => {
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});

afterEach(() => void vi.restoreAllMocks());

async function runQuery(...words: readonly string[]): Promise<readonly string[]> {
  await dnsCommand().parseAsync(['query', ...words], {from: 'user'});
  return printed.trimEnd().split('\n');
}

async function run(port: number, ...words: readonly string[]): Promise<readonly string[]> {
  return runQuery(...words, '--server', `127.0.0.1:${port}`);
}

async function makeDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'isthmus-query-'));
  afterTest(() => rm(dir, {recursive: true}));
  return dir;
}

const WEB = 'web.test.svc.clusterset.local';
const WEB_LINES = [';; NOERROR; aa', `${WEB}. 5 IN A 10.42.42.42`];

describe('isthmus dns query', () => {
  test('prints the answer, and with --why the reasons', async () => {
    const {address} = await startServer({view: fixture});
    expect(await run(address.port, 'web.test.svc.clusterset.local', '--why')).toEqual([
      ';; NOERROR; aa',
      'web.test.svc.clusterset.local. 5 IN A 10.42.42.42',
      ';; why: answer=Addresses type=ClusterSetIP',
      ';; why: policy kind=default type=local-first from=Hub name=local-first',
      ';; why: cluster id=cluster-a tier=1 weight=100 reach=Local state=Local',
      ';; why: out id=cluster-b reason=NoGateway state=Live',
    ]);
  });

  test('says that there is nothing to explain where there is no import', async () => {
    const {address} = await startServer({view: fixture});
    const lines = await run(address.port, 'nosuch.test.svc.clusterset.local', '--why');
    expect(lines[0]).toBe(';; NXDOMAIN; aa');
    expect(lines.at(-1)).toBe(';; why: not said (there is no import of this name here)');
  });

  test('prints why an answer is marked', async () => {
    const {address} = await startServer();
    expect(await run(address.port, 'web.test.svc.clusterset.local')).toEqual([
      ';; SERVFAIL',
      ';; extended error 14 NOT_READY',
    ]);
  });
});

describe('isthmus dns query in secret', () => {
  async function secure(): Promise<{dir: string; ca: string; ports: Record<'tls' | 'https', number>}> {
    const anyPort = [{host: '127.0.0.1', port: 0}];
    const server = await startServer({view: fixture, tlsListen: anyPort, httpsListen: anyPort});
    const authority = await testAuthority();
    server.useCertificate(await authority.issue());
    const dir = await makeDir();
    const ca = join(dir, 'ca.pem');
    await writeFile(ca, authority.caPem);
    const {tls, https} = server.addresses;
    await writePortsFile(join(dir, 'ports.json'), {dns: server.address, dnsTls: tls[0]!, dnsHttps: https[0]!});
    return {dir, ca, ports: {tls: tls[0]!.port, https: https[0]!.port}};
  }

  test.each(['tls', 'https'] as const)('--%s trusts whom it is told to, by address and by name', async (kind) => {
    const {ca, ports} = await secure();
    expect(await run(ports[kind], WEB, `--${kind}`, '--ca', ca)).toEqual(WEB_LINES);
    printed = '';
    expect(await run(ports[kind], WEB, `--${kind}`, '--ca', ca, '--tls-name', 'dns.test', '--why')).toContain(
      ';; why: answer=Addresses type=ClusterSetIP',
    );
  });

  test.each(['tls', 'https'] as const)('--%s believes nobody else, and nobody with another name', async (kind) => {
    const {ca, ports} = await secure();
    const refused = {code: 'ISTHMUS_DNS_QUERY'};
    await expect(run(ports[kind], WEB, `--${kind}`)).rejects.toMatchObject(refused);
    for (const name of ['other.test', '192.0.2.53']) {
      const asked = run(ports[kind], WEB, `--${kind}`, '--ca', ca, '--tls-name', name);
      await expect(asked, name).rejects.toMatchObject(refused);
    }
    expect(printed).toBe('');
    expect(await run(ports[kind], WEB, `--${kind}`, '--insecure')).toEqual(WEB_LINES);
  });

  test.each([[], ['--tcp'], ['--tls'], ['--https']])('a ports file leads to the port for %j', async (...flags) => {
    const {dir, ca} = await secure();
    const trust = flags.some((flag) => flag === '--tls' || flag === '--https') ? ['--ca', ca] : [];
    expect(await runQuery(WEB, ...flags, ...trust, '--ports-file', join(dir, 'ports.json'))).toEqual(WEB_LINES);
  });

  test('a ports file of a process that does not listen so, one that is none, and none', async () => {
    const file = join(await makeDir(), 'ports.json');
    await writePortsFile(file, {webhooks: {host: '127.0.0.1', port: 1}});
    await expect(runQuery(WEB, '--ports-file', file)).rejects.toMatchObject({
      code: 'ISTHMUS_USAGE',
      message: expect.stringContaining('has no dns'),
    });
    await writeFile(file, '{"dns": 53}');
    await expect(readPortsFile(file)).rejects.toThrow('wrote');
    await expect(runQuery(WEB, '--ports-file', `${file}.gone`)).rejects.toMatchObject({code: 'ISTHMUS_USAGE'});
  });
});

describe('an explanation', () => {
  test.each(['_http._tcp.web', 'my-pet-1.cluster-a.web', 'web'])(
    'is asked for by any name of the service: %s',
    async (at) => {
      const {address} = await startServer({view: fixture});
      const {host, port} = address;
      const why = await explainDns({server: host, port, name: `${at}.test.svc.clusterset.local`});
      expect(why.rcode).toBe('NOERROR');
      expect(why.texts[0]).toBe('answer=Addresses type=ClusterSetIP');
    },
  );

  test('that does not fit a datagram comes over TCP', async () => {
    const clusters = Array.from({length: 100}, (_, i) => `cluster-${i}`);
    const view = makeView({namespaces: ['test'], imports: [makeImport('web', {clusters})]});
    const {address} = await startServer({view});
    const why = await explainDns({server: address.host, port: address.port, name: 'web.test.svc.clusterset.local'});
    expect(why.texts).toHaveLength(2 + 100);
  });
});
