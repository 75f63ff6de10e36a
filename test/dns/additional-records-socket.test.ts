import {decode} from 'dns-packet';
import {expect, test} from 'vitest';
import {lines, question} from './ask.ts';
import {fixture} from './fixture-view.ts';
import {framed, startServer, tcpPeer, udpPeer} from './live-server.ts';

/** What queryDns of the other table over the socket does not look at: AA, and records that nobody asked for (rule D13). */

const view = {
  ...fixture,
  services: new Map([
    ...fixture.services,
    [
      'isthmus-system/isthmus-dns',
      {
        ...{namespace: 'isthmus-system', name: 'isthmus-dns', uid: '', labels: {}, type: 'ClusterIP', headless: false},
        ...{clusterIPs: ['10.96.0.9', 'fd00::9'], selector: {}, ports: []},
      },
    ] as const,
  ]),
};

const questions: readonly (readonly [string, string, string, readonly string[]])[] = [
  [
    '23: NS of the zone, with the addresses of the name server',
    'clusterset.local',
    'NS',
    ['ns.dns.clusterset.local. 5 IN A 10.96.0.9', 'ns.dns.clusterset.local. 5 IN AAAA fd00::9'],
  ],
  [
    'D13: SRV of a ClusterSetIP, with its addresses',
    '_http._tcp.web.test.svc.clusterset.local',
    'SRV',
    ['web.test.svc.clusterset.local. 5 IN A 10.42.42.42', 'web.test.svc.clusterset.local. 5 IN AAAA 2001:db8::1'],
  ],
  [
    'D13: SRV of a Headless port, with the addresses of its hosts',
    '_pg._tcp.db.test.svc.clusterset.local',
    'SRV',
    [
      '10-4-0-7.cluster-b.db.test.svc.clusterset.local. 5 IN A 10.4.0.7',
      'my-pet-1.cluster-a.db.test.svc.clusterset.local. 5 IN A 10.3.0.100',
      'my-pet-1.cluster-b.db.test.svc.clusterset.local. 5 IN A 10.4.0.100',
      'my-pet-1.cluster-b.db.test.svc.clusterset.local. 5 IN AAAA 2001:db8::b1',
    ],
  ],
  ['an answer that needs none', 'web.test.svc.clusterset.local', 'A', []],
  ['NXDOMAIN', 'none.test.svc.clusterset.local', 'A', []],
  ['NODATA', 'web.test.svc.clusterset.local', 'MX', []],
  ['REFUSED', 'example.org', 'A', []],
];

test.each(['udp', 'tcp'] as const)(
  'over %s: the zone is authoritative, and addresses come along',
  async (transport) => {
    const server = await startServer({view, nameServer: 'isthmus-system/isthmus-dns'});
    const [udp, tcp] = [await udpPeer(server), await tcpPeer(server)];
    for (const [id, [title, name, type, additionals]] of questions.entries()) {
      const message = question(name, type, {id, edns: 1232});
      tcp.socket.write(framed(message));
      const reply = decode(transport === 'udp' ? await udp.ask(message) : (await tcp.messages(id + 1))[id]!);
      expect(lines(reply.additionals), title).toEqual(additionals);
      expect(reply, title).toMatchObject({flag_aa: title !== 'REFUSED', flag_tc: false, flag_ra: false});
    }
  },
);
