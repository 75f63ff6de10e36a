import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {missingNamespace, ResolverNamespace} from './namespace.ts';

if (missingNamespace !== undefined) test(`glibc's resolver (${missingNamespace})`, ({skip}) => skip());

/** As the kubelet writes it for a pod of the namespace `test`. */
const POD = ['search test.svc.cluster.local svc.cluster.local cluster.local', 'options ndots:5'];
/** With the clusterset's names beside them, as systemd-resolved and some platforms let people add. */
const CLUSTERSET_SEARCH = ['search test.svc.clusterset.local svc.clusterset.local', 'options ndots:5'];

const WEB = 'web.test.svc.clusterset.local';
const WEB_ADDRESSES = ['10.42.42.42', '2001:db8::1'];

const cases = [
  {title: 'a name with a dot at the end', name: `${WEB}.`, addresses: WEB_ADDRESSES},
  {title: 'a full name of four dots, after the search list', name: WEB, addresses: WEB_ADDRESSES},
  {
    title: 'an IPv4 import: AAAA is NODATA, and A still counts',
    name: 'v4.test.svc.clusterset.local',
    addresses: ['10.42.42.44'],
  },
  {title: 'letters of both cases', name: 'WEB.Test.svc.ClusterSet.local.', addresses: WEB_ADDRESSES},
  {
    title: 'a headless name has all of its endpoints',
    name: 'db.test.svc.clusterset.local.',
    addresses: ['10.3.0.100', '10.4.0.100', '10.4.0.7', '2001:db8::b1'],
  },
  {
    title: 'the name of one endpoint',
    name: 'my-pet-1.cluster-a.db.test.svc.clusterset.local.',
    addresses: ['10.3.0.100'],
  },
  {title: 'an import without addresses', name: 'pending.test.svc.clusterset.local.', addresses: []},
  {title: 'a name that is not there', name: 'nosuch.test.svc.clusterset.local.', addresses: []},
];

describe.runIf(missingNamespace === undefined)('resolvers of the system, with resolv.conf as in a pod', () => {
  let namespace: ResolverNamespace;
  beforeAll(async () => void (namespace = await ResolverNamespace.open('upstream')));
  afterAll(async () => namespace?.close());

  describe.each(['getent', 'lookup'] as const)('%s', (by) => {
    test.each(cases)('$title', async ({name, addresses}) => {
      const looked = await namespace.look({options: POD, by, name});
      expect(looked.addresses).toEqual(addresses);
      // Names of the zone are never the upstream's.
      expect(looked.upstream.filter((asked) => asked.endsWith('clusterset.local'))).toEqual([]);
    });

    test.each(['web', 'web.test'])('a short name, `%s`, by a search list with the zone', async (name) => {
      const looked = await namespace.look({options: CLUSTERSET_SEARCH, by, name});
      expect(looked.addresses).toEqual(WEB_ADDRESSES);
    });
  });

  test('ndots:5 puts the whole search list before the full name, and NXDOMAIN of the upstream leads on', async () => {
    const name = 'idle.test.svc.clusterset.local';
    const looked = await namespace.look({options: POD, by: 'getent', name});
    expect(looked.addresses).toEqual(['10.42.42.43']);
    const list = ['test.svc.cluster.local', 'svc.cluster.local', 'cluster.local'];
    expect([...new Set(looked.upstream)]).toEqual(list.map((suffix) => `${name}.${suffix}`));
  });

  test('1,000 endpoints come over TCP after a truncated answer', async () => {
    const looked = await namespace.look({options: POD, by: 'getent', name: 'thousand.test.svc.clusterset.local.'});
    expect(looked.addresses).toHaveLength(1000);
  });

  test.each(['options ndots:5 single-request', 'options ndots:5 use-vc', 'options ndots:5 edns0 trust-ad'])(
    'with `%s`',
    async (options) => {
      const looked = await namespace.look({options: [POD[0]!, options], by: 'getent', name: WEB});
      expect(looked.addresses).toEqual(WEB_ADDRESSES);
    },
  );
});

describe.runIf(missingNamespace === undefined)('without an upstream', () => {
  let namespace: ResolverNamespace;
  beforeAll(async () => void (namespace = await ResolverNamespace.open('alone')));
  afterAll(async () => namespace?.close());

  test('REFUSED for the search list does not keep glibc from the full name', async () => {
    const looked = await namespace.look({options: POD, by: 'getent', name: WEB});
    expect(looked.addresses).toEqual(WEB_ADDRESSES);
  });
});
