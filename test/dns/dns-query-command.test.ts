import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';
import {dnsCommand} from '../../cli/dns.ts';
import {explainDns} from '../../dns/client.ts';
import {fixture, makeImport, makeView} from './fixture-view.ts';
import {startServer} from './live-server.ts';

let printed = '';

beforeEach(() => {
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});

afterEach(() => void vi.restoreAllMocks());

async function run(port: number, ...words: readonly string[]): Promise<readonly string[]> {
  await dnsCommand().parseAsync(['query', ...words, '--server', `127.0.0.1:${port}`], {from: 'user'});
  return printed.trimEnd().split('\n');
}

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
