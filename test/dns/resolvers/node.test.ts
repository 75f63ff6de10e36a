import {promises} from 'node:dns';
import {describe, expect, test} from 'vitest';
import {fixture} from '../fixture-view.ts';
import {startServer} from '../live-server.ts';

/** Node's own resolver (c-ares), which asks the servers that it is given, with EDNS and letters of random case. */
async function resolver(): Promise<promises.Resolver> {
  const server = await startServer({view: fixture});
  const asking = new promises.Resolver({timeout: 4_000, tries: 2});
  asking.setServers([`127.0.0.1:${server.address.port}`]);
  return asking;
}

const ZONE = 'svc.clusterset.local';

describe('dns.Resolver', () => {
  test('A and AAAA, with their TTL', async () => {
    const asking = await resolver();
    expect(await asking.resolve4(`web.test.${ZONE}`, {ttl: true})).toEqual([{address: '10.42.42.42', ttl: 5}]);
    expect(await asking.resolve6(`WEB.test.${ZONE}.`)).toEqual(['2001:db8::1']);
    expect((await asking.resolve4(`db.test.${ZONE}`)).sort()).toEqual(['10.3.0.100', '10.4.0.100', '10.4.0.7']);
  });

  test('SRV, TXT, NS and SOA', async () => {
    const asking = await resolver();
    const service = {name: `web.test.${ZONE}`, priority: 0, weight: 100};
    expect(await asking.resolveSrv(`_http._tcp.web.test.${ZONE}`)).toMatchObject([{...service, port: 80}]);
    expect((await asking.resolveSrv(`web.test.${ZONE}`)).map(({port}) => String(port)).sort()).toEqual(['443', '80']);
    expect(await asking.resolveTxt('dns-version.clusterset.local')).toEqual([['1.0.0']]);
    expect(await asking.resolveNs('clusterset.local')).toEqual(['ns.dns.clusterset.local']);
    expect(await asking.resolveSoa('clusterset.local')).toMatchObject({nsname: 'ns.dns.clusterset.local', minttl: 5});
  });

  test('1,000 addresses, over TCP after a truncated answer', async () => {
    expect(await (await resolver()).resolve4(`thousand.test.${ZONE}`)).toHaveLength(1000);
  });

  test.each([
    ['a name that is not there', `nosuch.test.${ZONE}`, 'ENOTFOUND'],
    ['a name without addresses yet', `pending.test.${ZONE}`, 'ENODATA'],
    ['an empty non-terminal', `_tcp.web.test.${ZONE}`, 'ENODATA'],
    ['a name of another zone', 'example.com', 'EREFUSED'],
  ])('%s', async (_, name, code) => {
    await expect((await resolver()).resolve4(name)).rejects.toMatchObject({code});
  });

  test('the explanation', async () => {
    const [strings] = await (await resolver()).resolveTxt(`_why.web.test.${ZONE}`);
    expect(strings?.[0]).toBe('answer=Addresses type=ClusterSetIP');
  });
});
