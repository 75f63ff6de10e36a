/** The questions that the specification answers, and ours: one table, asked of the look-up and of the live server. */

export interface WorkedQuery {
  readonly rule: string;
  readonly question: string;
  readonly type: string;
  readonly rcode?: string;
  /** Zone-file lines in any order: `@` stands for the question's name, `~` for `.svc.clusterset.local.`. */
  readonly answers?: readonly string[];
  /** Whether the authority section holds the SOA, as it does in every negative answer. Default false. */
  readonly soa?: boolean;
}

export const SOA_LINE =
  'clusterset.local. 5 IN SOA ns.dns.clusterset.local. hostmaster.clusterset.local. 1760000000 7200 1800 86400 5';

const nx = {rcode: 'NXDOMAIN', answers: [], soa: true} as const;
const nodata = {answers: [], soa: true} as const;
const refused = {rcode: 'REFUSED', answers: [], soa: false} as const;

/** 26 needs a server without a view, 29 an answer over TCP: responder.test.ts and server.test.ts. */
export const QUERIES_ELSEWHERE: readonly number[] = [26, 29];
/** D13, additional records: worked-queries.test.ts. */
export const D_RULES_ELSEWHERE: readonly string[] = ['D13'];

const tooLong = [63, 63, 63, 30].map((length) => 'x'.repeat(length)).join('.');

export const WORKED_QUERIES: readonly WorkedQuery[] = [
  {
    rule: '1, D1, D4: ClusterSetIP A is the IPv4 VIP',
    question: 'web.test~',
    type: 'A',
    answers: ['@ 5 IN A 10.42.42.42'],
  },
  {
    rule: '2, D4: ClusterSetIP AAAA is the IPv6 VIP',
    question: 'web.test~',
    type: 'AAAA',
    answers: ['@ 5 IN AAAA 2001:db8::1'],
  },
  {rule: '3: AAAA of an IPv4 import is NODATA', question: 'v4.test~', type: 'AAAA', ...nodata},
  {
    rule: '4, D5: a named port has an SRV',
    question: '_http._tcp.web.test~',
    type: 'SRV',
    answers: ['@ 5 IN SRV 0 100 80 web.test~'],
  },
  {
    rule: '5, D5: the bare name has an SRV for each port',
    question: 'web.test~',
    type: 'SRV',
    answers: ['@ 5 IN SRV 0 100 80 web.test~', '@ 5 IN SRV 0 100 443 web.test~'],
  },
  {rule: '6: an unknown port does not exist', question: '_nope._tcp.web.test~', type: 'SRV', ...nx},
  {rule: '6: a port exists under its own protocol only', question: '_http._udp.web.test~', type: 'SRV', ...nx},
  {
    rule: '7, D11: the name of a cluster below a ClusterSetIP does not exist',
    question: 'cluster-a.web.test~',
    type: 'A',
    ...nx,
  },
  {
    rule: '8, D4: no ready endpoint: the VIP still resolves',
    question: 'idle.test~',
    type: 'A',
    answers: ['@ 5 IN A 10.42.42.43'],
  },
  {
    rule: '9, D6: Headless A is the ready endpoints of all clusters',
    question: 'db.test~',
    type: 'A',
    answers: ['@ 5 IN A 10.3.0.100', '@ 5 IN A 10.4.0.100', '@ 5 IN A 10.4.0.7'],
  },
  {rule: '10, D6: Headless AAAA', question: 'db.test~', type: 'AAAA', answers: ['@ 5 IN AAAA 2001:db8::b1']},
  {
    rule: '11, D7: host of cluster-a',
    question: 'my-pet-1.cluster-a.db.test~',
    type: 'A',
    answers: ['@ 5 IN A 10.3.0.100'],
  },
  {
    rule: '12, D7: the same host of cluster-b',
    question: 'my-pet-1.cluster-b.db.test~',
    type: 'A',
    answers: ['@ 5 IN A 10.4.0.100'],
  },
  {
    rule: '12: and its IPv6 address',
    question: 'my-pet-1.cluster-b.db.test~',
    type: 'AAAA',
    answers: ['@ 5 IN AAAA 2001:db8::b1'],
  },
  {
    rule: '13, D16: an endpoint that is not ready does not exist',
    question: 'my-pet-2.cluster-a.db.test~',
    type: 'A',
    ...nx,
  },
  {
    rule: '14, D9: no hostname: the dashed address',
    question: '10-4-0-7.cluster-b.db.test~',
    type: 'A',
    answers: ['@ 5 IN A 10.4.0.7'],
  },
  {
    rule: '15: an endpoint without its cluster does not exist (address)',
    question: '10-4-0-7.db.test~',
    type: 'A',
    ...nx,
  },
  {
    rule: '15: an endpoint without its cluster does not exist (hostname)',
    question: 'my-pet-1.db.test~',
    type: 'A',
    ...nx,
  },
  {
    rule: '16, D8: an SRV for each host of a Headless port',
    question: '_pg._tcp.db.test~',
    type: 'SRV',
    answers: [
      '@ 5 IN SRV 0 100 5432 my-pet-1.cluster-a.db.test~',
      '@ 5 IN SRV 0 100 5432 my-pet-1.cluster-b.db.test~',
      '@ 5 IN SRV 0 100 5432 10-4-0-7.cluster-b.db.test~',
    ],
  },
  {
    rule: '17, D11, RFC 8020: a cluster of a Headless import has no record but names below',
    question: 'cluster-b.db.test~',
    type: 'A',
    ...nodata,
  },
  {rule: '18, D10: Headless without a ready endpoint, A', question: 'empty.test~', type: 'A', ...nx},
  {rule: '18, D10: Headless without a ready endpoint, AAAA', question: 'empty.test~', type: 'AAAA', ...nx},
  {rule: '18, D10: Headless without a ready endpoint, SRV', question: 'empty.test~', type: 'SRV', ...nx},
  ...['TXT', 'MX', 'CNAME', 'SOA'].map((type) => ({
    rule: `19: no ${type} at a service`,
    question: 'web.test~',
    type,
    ...nodata,
  })),
  {
    rule: '20, D2: the version of the specification',
    question: 'dns-version.clusterset.local.',
    type: 'TXT',
    answers: ['@ 28800 IN TXT "1.0.0"'],
  },
  {rule: '21: unknown service', question: 'nosuch.test~', type: 'A', ...nx},
  {rule: '21, D20: unknown namespace', question: 'web.nons~', type: 'A', ...nx},
  {rule: '21: no service form', question: 'foo.clusterset.local.', type: 'A', ...nx},
  {rule: '22: the apex has no address', question: 'clusterset.local.', type: 'A', ...nodata},
  {rule: '22: svc exists', question: 'svc.clusterset.local.', type: 'A', ...nodata},
  {rule: '22: a namespace exists', question: 'test~', type: 'A', ...nodata},
  {rule: '22: a namespace without imports exists', question: 'other~', type: 'A', ...nodata},
  {rule: '22: a namespace that is not here does not', question: 'missing~', type: 'A', ...nx},
  {
    rule: '23: SOA of the apex',
    question: 'clusterset.local.',
    type: 'SOA',
    answers: [SOA_LINE.replace('clusterset.local.', '@')],
  },
  {
    rule: '23: NS of the apex',
    question: 'clusterset.local.',
    type: 'NS',
    answers: ['@ 5 IN NS ns.dns.clusterset.local.'],
  },
  {
    rule: '24, D3: case is echoed',
    question: 'WEB.TEST.SVC.CLUSTERSET.LOCAL.',
    type: 'A',
    answers: ['@ 5 IN A 10.42.42.42'],
  },
  {rule: '25, D12: reverse names are not ours', question: '42.42.42.10.in-addr.arpa.', type: 'PTR', ...refused},
  {rule: '27, D19: no zone transfer', question: 'clusterset.local.', type: 'AXFR', ...refused},
  {
    rule: '28, D15: a search list suffix is not our zone',
    question: 'web.test.svc.clusterset.local.test.svc.cluster.local.',
    type: 'A',
    ...refused,
  },

  {rule: 'D4, §3.3: NODATA while the import has no address yet', question: 'pending.test~', type: 'A', ...nodata},
  {rule: 'D4: nor is there an SRV that points nowhere', question: '_http._tcp.pending.test~', type: 'SRV', ...nodata},
  {
    rule: 'D5: the bare name has unnamed ports too, one SRV per port number',
    question: 'many-ports.test~',
    type: 'SRV',
    answers: ['@ 30 IN SRV 0 100 8080 many-ports.test~', '@ 30 IN SRV 0 100 53 many-ports.test~'],
  },
  {
    rule: 'D5: UDP port',
    question: '_dns._udp.many-ports.test~',
    type: 'SRV',
    answers: ['@ 30 IN SRV 0 100 53 many-ports.test~'],
  },
  {rule: 'D18: TTL of the import', question: 'many-ports.test~', type: 'A', answers: ['@ 30 IN A 10.42.42.45']},
  {
    rule: 'D9: a dashed IPv6 address that ends in a dash gets a zero',
    question: '2001-db8--0.cluster-b.six.test~',
    type: 'AAAA',
    answers: ['@ 5 IN AAAA 2001:db8::'],
  },
  {
    rule: 'D9: and one that begins with a dash',
    question: '0--ffff-102-304.cluster-b.six.test~',
    type: 'AAAA',
    answers: ['@ 5 IN AAAA ::ffff:102:304'],
  },
  {rule: 'an IPv6 address with a zone id can not be said', question: 'six.test~', type: 'A', ...nodata},
  {
    rule: 'D9: a hostname is lower-cased',
    question: 'pet-a.cluster-b.portless.test~',
    type: 'A',
    answers: ['@ 5 IN A 10.4.0.9'],
  },
  {rule: 'a slice without ports has no SRV', question: 'portless.test~', type: 'SRV', ...nodata},
  {rule: 'a cluster id with dots', question: 'pet.eu.west.dotted.test~', type: 'A', answers: ['@ 5 IN A 10.8.0.1']},
  {rule: 'RFC 8020: part of a cluster id with dots', question: 'west.dotted.test~', type: 'A', ...nodata},
  {rule: 'network rule: another network is NXDOMAIN', question: 'far.test~', type: 'A', ...nx},
  {rule: 'network rule: a cluster without network', question: 'unnetworked.test~', type: 'A', ...nx},
  {rule: 'network rule: a cluster that nobody knows', question: 'stranger.test~', type: 'A', ...nx},
  {rule: 'network rule: own endpoints always', question: 'mixed.test~', type: 'A', answers: ['@ 5 IN A 10.3.0.5']},
  {rule: 'network rule: nor has the other cluster a name', question: 'other.cluster-c.mixed.test~', type: 'A', ...nx},
  {
    rule: 'D17: the longest labels that DNS has',
    question: `${'h'.repeat(63)}.cluster-a.long.test~`,
    type: 'A',
    answers: ['@ 5 IN A 10.3.1.1'],
  },
  {
    rule: 'D17: a port name that does not fit with its underscore is skipped',
    question: '_tcp.long.test~',
    type: 'SRV',
    ...nx,
  },
  {rule: 'D17: an import with two labels is skipped', question: 'two.labels.test~', type: 'A', ...nx},
  {rule: 'D17: and so is what would be above it', question: 'labels.test~', type: 'A', ...nx},
  {rule: 'D17: a question near 255 octets', question: `${tooLong}~`, type: 'A', ...nx},
  {rule: 'D20: an import in a namespace that is not here', question: 'ghost.missing~', type: 'A', ...nx},
  {rule: 'RFC 8020: empty non-terminal above a port', question: '_tcp.web.test~', type: 'A', ...nodata},
  {rule: 'an address at a port name is NODATA', question: '_http._tcp.web.test~', type: 'A', ...nodata},
  {rule: 'too many labels', question: 'a._http._tcp.web.test~', type: 'SRV', ...nx},
  {
    rule: "D15: names of the cluster itself are the cluster DNS server's",
    question: 'web.test.svc.cluster.local.',
    type: 'A',
    ...refused,
  },
  {rule: 'D12: no PTR in the zone either', question: '42.42.42.10.clusterset.local.', type: 'PTR', ...nx},
  {rule: 'D12: nor at a service', question: 'web.test~', type: 'PTR', ...nodata},
  {rule: 'D14: no CNAME at a Headless service', question: 'db.test~', type: 'CNAME', ...nodata},
  {rule: 'D19: no pod names', question: '10-3-0-100.test.pod.clusterset.local.', type: 'A', ...nx},
  {
    rule: 'D7: several addresses of one hostname',
    question: 'twin.cluster-b.twins.test~',
    type: 'A',
    answers: ['@ 5 IN A 10.4.2.1', '@ 5 IN A 10.4.2.2'],
  },
  {
    rule: 'D6: an address in two slices is answered once',
    question: 'twins.test~',
    type: 'A',
    answers: ['@ 5 IN A 10.4.2.1', '@ 5 IN A 10.4.2.2'],
  },
  {rule: 'D11: nor does that of a cluster that nobody knows', question: 'cluster-z.db.test~', type: 'A', ...nx},
  {
    rule: 'D11: a host whose name would be that of a cluster with dots is skipped',
    question: 'eu.west.clash.test~',
    type: 'A',
    ...nx,
  },
  {
    rule: 'D11: its address is answered nevertheless',
    question: 'clash.test~',
    type: 'A',
    answers: ['@ 5 IN A 10.8.1.1'],
  },
  {rule: 'D19: no wildcard', question: '*.test~', type: 'A', ...nx},
  {
    rule: '23: without a Service in front of it the name server has no address, but an NS record never leads to NXDOMAIN',
    question: 'ns.dns.clusterset.local.',
    type: 'A',
    ...nodata,
  },
  {rule: 'RFC 8482: ANY is minimal', question: 'web.test~', type: 'ANY', answers: ['@ 5 IN HINFO "RFC8482" ""']},
  {rule: 'ANY of an empty non-terminal', question: '_tcp.web.test~', type: 'ANY', ...nodata},
  {rule: 'ANY of nothing', question: 'nosuch.test~', type: 'ANY', ...nx},
  {rule: 'IXFR', question: 'clusterset.local.', type: 'IXFR', ...refused},
  {
    rule: 'meta types are not implemented',
    question: 'web.test~',
    type: 'TYPE250',
    rcode: 'NOTIMP',
    answers: [],
    soa: false,
  },
  {rule: 'a type that nobody knows is NODATA', question: 'web.test~', type: 'TYPE65280', ...nodata},
  {rule: 'the parent is not ours', question: 'local.', type: 'NS', ...refused},
  {rule: 'the root is not ours', question: '.', type: 'NS', ...refused},
  {rule: 'a name that ends like the zone', question: 'xclusterset.local.', type: 'A', ...refused},
];

/** The question's full name. */
export function questionOf(query: WorkedQuery): string {
  return query.question.replace(/~$/, '.svc.clusterset.local.');
}

/** The answer lines in full, sorted: records of a set have no order. */
export function answersOf(query: WorkedQuery): readonly string[] {
  return (query.answers ?? [])
    .map((line) => line.replace('@', questionOf(query)).replaceAll('~', '.svc.clusterset.local.'))
    .sort();
}
