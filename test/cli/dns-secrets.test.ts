import {mkdir, mkdtemp, rename, rm, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Command} from 'commander';
import {pino} from 'pino';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';

import {dnsTransportOptions, toTransportOptions} from '../../cli/dns-transport.ts';
import type {DnsTransportFlags} from '../../cli/dns-transport.ts';
import {keepDnsSecrets} from '../../cli/dns-secrets.ts';
import {watchFiles} from '../../cli/watched-files.ts';
import type {Secret} from '../../src/api/kinds.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {afterTest, startServer} from '../dns/live-server.ts';
import {openTls, testAuthority} from '../dns/secure-clients.ts';
import type {SecureTarget, TestAuthority} from '../dns/secure-clients.ts';
import {eventually} from '../tools/eventually.ts';

const logger = pino({level: 'silent'});
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dns-secrets-'));
});
afterEach(() => rm(folder, {recursive: true}));

async function mount(version: string, text: string): Promise<void> {
  await mkdir(join(folder, version));
  await writeFile(join(folder, version, 'tls.crt'), text);
  await symlink(version, join(folder, 'new'));
  await rename(join(folder, 'new'), join(folder, '..data'));
}

test('files that a kubelet changes by moving a link are read again, and only then', async () => {
  const stop = new AbortController();
  const seen: string[] = [];
  await mount('v1', 'one');
  await symlink(join('..data', 'tls.crt'), join(folder, 'tls.crt'));
  const watching = watchFiles({
    paths: [join(folder, 'tls.crt')],
    onChange: ([text = '']) => {
      seen.push(text);
      if (text === 'broken') throw new Error('it is broken');
    },
    logger,
    signal: stop.signal,
    everyMs: 5,
  });
  await eventually('the first', () => seen.length === 1);
  await mount('v2', 'broken');
  await eventually('the broken one', () => seen.length === 2);
  await rm(join(folder, '..data'));
  await mount('v3', 'three');
  await eventually('the third', () => seen.length === 3);
  stop.abort();
  await watching;
  expect(seen).toEqual(['one', 'broken', 'three']);
});

test('that files stay in use is said only of files that were', async () => {
  const stop = new AbortController();
  const said: string[] = [];
  let reads = 0;
  const path = join(folder, 'secret');
  const watching = watchFiles({
    paths: [path],
    onChange: () => void reads++,
    logger: pino({}, {write: (line: string) => void said.push(line)}),
    signal: stop.signal,
    everyMs: 5,
  });
  await eventually('the first look', () => said.length > 0);
  expect(said.join('')).not.toContain('stays in use');
  await writeFile(path, 'text');
  await eventually('a look that goes well', () => reads === 1);
  await rm(path);
  await eventually('the loss', () => said.some((line) => line.includes('what was read before stays in use')));
  stop.abort();
  await watching;
});

describe('the certificate of TLS', () => {
  const anyPort = [{host: '127.0.0.1', port: 0}];

  async function served(o: {tlsSecret?: string; client?: KubeClient}): Promise<{target: {host: string; port: number}}> {
    const server = await startServer({listen: anyPort, tlsListen: anyPort});
    const stop = new AbortController();
    afterTest(() => stop.abort());
    keepDnsSecrets({
      client: noClient,
      ...o,
      dns: server,
      clusterId: 'a',
      namespace: 'isthmus-system',
      logger,
      signal: stop.signal,
      everyMs: 5,
    });
    return {target: server.addresses.tls[0]!};
  }

  const noClient = {} as KubeClient;

  test('out of a mounted Secret, and the next one when it changes', async () => {
    const write = async (authority: TestAuthority): Promise<void> => {
      const {certPem, keyPem} = await authority.issue();
      await writeFile(join(folder, 'tls.key'), keyPem);
      await writeFile(join(folder, 'tls.crt'), certPem);
    };
    const [first, second] = await Promise.all([testAuthority(), testAuthority()]);
    await write(first);
    const {target} = await served({tlsSecret: folder});
    for (const authority of [first, second]) {
      await write(authority);
      await eventually('the certificate', () => isTrusted({...target, caPem: authority.caPem}));
    }
    await expect(openTls({...target, caPem: first.caPem})).rejects.toThrow();
  });

  test("without one, the cluster's own CA issues it", async () => {
    let stored: Secret | undefined;
    const client = {
      find: () => Promise.resolve(stored),
      create: (_resource: unknown, secret: Secret) => Promise.resolve((stored = secret)),
    } as unknown as KubeClient;
    const {target} = await served({client});
    await eventually('the certificate', async () => {
      const ca = stored?.data?.['tls.crt'];
      return ca !== undefined && isTrusted({...target, caPem: Buffer.from(ca, 'base64').toString()}, OWN_NAME);
    });
  });
});

const OWN_NAME = 'isthmus-dns.isthmus-system.svc';

async function isTrusted(target: SecureTarget, servername?: string): Promise<boolean> {
  try {
    (await openTls(target, {...(servername === undefined ? {} : {servername})})).destroy();
    return true;
  } catch {
    // Not yet.
    return false;
  }
}

describe('flags', () => {
  const parse = (...args: readonly string[]): DnsTransportFlags => {
    const command = new Command().exitOverride().configureOutput({writeErr: () => undefined});
    for (const option of dnsTransportOptions()) command.addOption(option);
    return command.parse(args, {from: 'user'}).opts<DnsTransportFlags>();
  };

  test('several addresses with commas between them; upstreams have port 53 unless they say otherwise', () => {
    const flags = parse(
      '--dns-listen',
      '0.0.0.0:53,[::]:53',
      '--dns-upstream',
      '192.0.2.1,[2001:db8::1]:1053,2001:db8::2',
    );
    expect(flags.dnsListen).toEqual([
      {host: '0.0.0.0', port: 53},
      {host: '::', port: 53},
    ]);
    expect(toTransportOptions(flags)).toEqual({
      upstreams: [
        {host: '192.0.2.1', port: 53},
        {host: '2001:db8::1', port: 1053},
        {host: '2001:db8::2', port: 53},
      ],
    });
  });

  test('without any, plain DNS on one port and nothing else', () => {
    expect(parse().dnsListen).toEqual([{host: '0.0.0.0', port: 1053}]);
    expect(toTransportOptions(parse())).toEqual({});
  });

  test.each([
    [['--dns-upstream', 'dns.example.org:53']],
    [['--dns-upstream', '192.0.2.1:0']],
    [['--dns-upstream', '']],
    [['--dns-listen', '0.0.0.0:53,']],
    [['--dns-rate-limit', '0']],
  ])('%j is refused', (args) => {
    expect(() => parse(...args)).toThrow();
  });
});
