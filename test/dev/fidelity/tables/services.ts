import {expect} from 'vitest';
import {invalid} from '../answers.ts';
import {SLICES, SVC, service} from '../kinds.ts';
import {apply, get, merge, post} from '../row.ts';
import type {Row} from '../row.ts';

const IPV4 = expect.stringMatching(/^10\.101\.\d+\.\d+$/);
const IPV6 = expect.stringMatching(/^fd00:0?:?/);
const PORT = {ports: [{port: 80}]};
const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric " +
  "character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

/** Services: apiserver §6. The recorded server had one family; what two do is in the unit tests. */
export const services: readonly Row[] = [
  {
    name: 'without a selector: addresses, defaults, no slice',
    call: post(SVC, service('s1', PORT)),
    answer: {
      code: 201,
      object: {
        spec: {
          type: 'ClusterIP',
          clusterIP: IPV4,
          clusterIPs: [IPV4],
          ipFamilies: ['IPv4'],
          ipFamilyPolicy: 'SingleStack',
          internalTrafficPolicy: 'Cluster',
          sessionAffinity: 'None',
          ports: [{port: 80, protocol: 'TCP', targetPort: 80}],
        },
        status: {loadBalancer: {}},
      },
      lacks: ['metadata.generation'],
    },
  },
  {
    name: 'both families where they are preferred',
    call: post(SVC, service('s2', {...PORT, ipFamilyPolicy: 'PreferDualStack'})),
    answer: {code: 201, object: {spec: {ipFamilies: ['IPv4', 'IPv6'], clusterIPs: [IPV4, IPV6]}}},
  },
  {
    name: 'headless needs no ports',
    call: post(SVC, service('s3', {clusterIP: 'None', selector: {app: 'a'}})),
    answer: {code: 201, object: {spec: {clusterIP: 'None', clusterIPs: ['None'], ipFamilyPolicy: 'SingleStack'}}},
  },
  {
    name: 'without ports',
    call: post(SVC, service('x')),
    answer: invalid('Service "x"', ['Required', 'spec.ports', 'Required value']),
  },
  {
    name: 'many errors at once',
    call: post(
      SVC,
      service('x', {
        type: 'Foo',
        sessionAffinity: 'X',
        internalTrafficPolicy: 'Z',
        ports: [{port: 0}, {port: 80, name: 'A_'}],
      }),
    ),
    answer: invalid(
      'Service "x"',
      ['Required', 'spec.ports[0].name', 'Required value'],
      ['Invalid', 'spec.ports[0].port', 'Invalid value: 0: must be between 1 and 65535, inclusive'],
      ['Invalid', 'spec.ports[0].targetPort', 'Invalid value: 0: must be between 1 and 65535, inclusive'],
      ['Invalid', 'spec.ports[1].name', `Invalid value: "A_": ${LABEL}`],
      ['NotSupported', 'spec.sessionAffinity', 'Unsupported value: "X": supported values: "ClientIP", "None"'],
      [
        'NotSupported',
        'spec.type',
        'Unsupported value: "Foo": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
      ],
      ['NotSupported', 'spec.internalTrafficPolicy', 'Unsupported value: "Z": supported values: "Cluster", "Local"'],
    ),
  },
  {
    name: 'addresses without the first one',
    call: post(SVC, service('x', {...PORT, clusterIPs: ['10.101.3.3', 'fd00::1']})),
    answer: invalid('Service "x"', [
      'Invalid',
      'spec.clusterIPs',
      'Invalid value: ["10.101.3.3","fd00::1"]: must be empty when `clusterIP` is not specified',
    ]),
  },
  {
    name: 'an address out of range',
    call: post(SVC, service('x', {...PORT, clusterIP: '10.5.0.1'})),
    answer: invalid('Service "x"', [
      'Invalid',
      'spec.clusterIPs',
      'Invalid value: ["10.5.0.1"]: failed to allocate IP 10.5.0.1: the provided network does not match the current range',
    ]),
  },
  {
    name: 'an address that is taken',
    before: [post(SVC, service('s4', {...PORT, clusterIP: '10.101.77.7'}))],
    call: post(SVC, service('x', {...PORT, clusterIP: '10.101.77.7'})),
    answer: invalid('Service "x"', [
      'Invalid',
      'spec.clusterIPs',
      'Invalid value: ["10.101.77.7"]: failed to allocate IP 10.101.77.7: provided IP is already allocated',
    ]),
  },
  {
    name: 'an address does not change',
    call: merge(`${SVC}/s4`, {spec: {clusterIP: '10.101.9.9', clusterIPs: ['10.101.9.9']}}),
    answer: invalid('Service "s4"', [
      'Invalid',
      'spec.clusterIPs[0]',
      'Invalid value: ["10.101.9.9"]: may not change once set',
    ]),
  },
  {
    name: 'nor to None',
    call: merge(`${SVC}/s4`, {spec: {clusterIP: 'None'}}),
    answer: invalid('Service "s4"', [
      'Invalid',
      'spec.clusterIPs[0]',
      'Invalid value: ["None"]: may not change once set',
    ]),
  },
  {
    name: 'an address that is cleared comes back',
    call: merge(`${SVC}/s4`, {spec: {clusterIP: '', clusterIPs: null}}),
    answer: {code: 200, object: {spec: {clusterIP: '10.101.77.7', clusterIPs: ['10.101.77.7']}}},
  },
  {
    name: 'to ExternalName: the address goes, the ports stay',
    before: [post(SVC, service('s5', PORT))],
    call: merge(`${SVC}/s5`, {spec: {type: 'ExternalName', externalName: 'a.b'}}),
    answer: {code: 200, object: {spec: {ports: [{port: 80}]}}, lacks: ['spec.clusterIP', 'spec.ipFamilies']},
  },
  {
    name: 'and back: a new address',
    call: merge(`${SVC}/s5`, {spec: {type: 'ClusterIP', externalName: null}}),
    answer: {code: 200, object: {spec: {clusterIP: IPV4, ports: [{port: 80}]}}},
  },
  {
    name: 'an unknown traffic distribution',
    call: merge(`${SVC}/s4`, {spec: {trafficDistribution: 'Foo'}}),
    answer: invalid('Service "s4"', [
      'NotSupported',
      'spec.trafficDistribution',
      'Unsupported value: "Foo": supported values: "PreferClose", "PreferSameZone", "PreferSameNode"',
    ]),
  },
  {
    name: 'sticky sessions last three hours where nobody says',
    call: merge(`${SVC}/s4`, {spec: {sessionAffinity: 'ClientIP'}}),
    answer: {code: 200, object: {spec: {sessionAffinityConfig: {clientIP: {timeoutSeconds: 10_800}}}}},
  },
  {
    name: 'a load balancer’s address only with that type',
    call: apply(
      `${SVC}/s4/status`,
      {...service('s4'), status: {loadBalancer: {ingress: [{ip: '1.2.3.4'}]}}},
      'fieldManager=isthmus-hub',
    ),
    answer: invalid('Service "s4"', [
      'Forbidden',
      'status.loadBalancer.ingress',
      "Forbidden: may only be used when `spec.type` is 'LoadBalancer'",
    ]),
  },
  {
    name: 'traffic that stays local',
    before: [post(SVC, service('s6', PORT))],
    call: merge(`${SVC}/s6`, {spec: {internalTrafficPolicy: 'Local', trafficDistribution: 'PreferSameZone'}}),
    answer: {code: 200, object: {spec: {internalTrafficPolicy: 'Local', trafficDistribution: 'PreferSameZone'}}},
  },
  {
    name: 'a node port',
    call: post(SVC, service('s7', {...PORT, type: 'NodePort'})),
    answer: {code: 201, object: {spec: {externalTrafficPolicy: 'Cluster', ports: [{nodePort: expect.any(Number)}]}}},
  },
  {
    name: 'a load balancer',
    call: post(SVC, service('s8', {...PORT, type: 'LoadBalancer'})),
    answer: {
      code: 201,
      object: {
        spec: {allocateLoadBalancerNodePorts: true, externalTrafficPolicy: 'Cluster'},
        status: {loadBalancer: {}},
      },
    },
  },
  {
    name: 'the ranges, listed',
    call: get('/apis/networking.k8s.io/v1/servicecidrs'),
    answer: {code: 200, object: {kind: 'ServiceCIDRList', items: [{metadata: {name: 'kubernetes'}}]}},
  },
  {
    name: 'the range of the cluster',
    call: get('/apis/networking.k8s.io/v1/servicecidrs/kubernetes'),
    answer: {
      code: 200,
      object: {
        spec: {cidrs: ['10.101.0.0/16', expect.any(String)]},
        status: {conditions: [{type: 'Ready', status: 'True'}]},
      },
    },
  },
];

type Slice = readonly [addressType: string, address: string, why?: string, field?: string];

const LOOPBACK = 'may not be in the loopback range (127.0.0.0/8, ::1/128)';
const LINK_LOCAL = 'may not be in the link-local range (169.254.0.0/16, fe80::/10)';
const MULTICAST = 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)';
const MAPPED = 'must not be an IPv4-mapped IPv6 address';
const LIST = 'endpoints[0].addresses';

const ADDRESSES: readonly Slice[] = [
  ['IPv4', '127.0.0.1', LOOPBACK],
  ['IPv4', '127.1.2.3', LOOPBACK],
  ['IPv4', '0.0.0.0', 'may not be unspecified (0.0.0.0)'],
  ['IPv4', '169.254.1.1', LINK_LOCAL],
  ['IPv4', '224.0.0.1', MULTICAST],
  ['IPv4', '010.1.1.1', 'must not have leading 0s'],
  ['IPv4', 'abc', 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
  ['IPv4', '::ffff:1.2.3.4', MAPPED],
  ['IPv4', 'fd00::1', 'must be an IPv4 address', LIST],
  ['IPv6', '::1', LOOPBACK],
  ['IPv6', '::', 'may not be unspecified (::)'],
  ['IPv6', 'fe80::1', LINK_LOCAL],
  ['IPv6', 'ff02::1', MULTICAST],
  ['IPv6', 'FD00:0::1', 'must be in canonical form ("fd00::1")'],
  ['IPv6', '::ffff:1.2.3.4', MAPPED],
  ['IPv6', '::ffff:127.0.0.1', MAPPED],
  ['IPv6', '1.2.3.4', 'must be an IPv6 address', LIST],
  ['IPv4', '224.0.1.5'],
  ['IPv4', '239.1.1.1'],
  ['IPv4', '255.255.255.255'],
  ['IPv4', '240.0.0.1'],
  ['IPv4', '10.101.0.1'],
  ['IPv4', '8.8.8.8'],
  ['IPv6', 'ff05::1'],
  ['IPv6', 'fd00::1'],
  ['FQDN', 'example.com'],
];

function slice(addressType: string, addresses: readonly string[], fields: object = {}): object {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {name: 't', labels: {'kubernetes.io/service-name': 's'}},
    addressType,
    ports: [{name: 'http', port: 80}],
    endpoints: [{addresses}],
    ...fields,
  };
}

const SUBJECT = 'EndpointSlice.discovery.k8s.io "t"';
const NUMBERS = Array.from({length: 101}, (_, i) => i + 1);

/** EndpointSlices: which addresses a server takes (apiserver §6). It takes more than Isthmus does. */
export const slices: readonly Row[] = [
  ...ADDRESSES.map(([type, address, why, field = `${LIST}[0]`]): Row => ({
    name: `${type} ${address} is ${why === undefined ? 'taken' : 'refused'}`,
    call: post(`${SLICES}?dryRun=All`, slice(type, [address])),
    answer:
      why === undefined
        ? {code: 201, warnings: type === 'FQDN' ? ['spec.addressType: FQDN endpoints are deprecated'] : []}
        : invalid(SUBJECT, ['Invalid', field, `Invalid value: "${address}": ${why}`]),
  })),
  {
    name: 'an endpoint has at most 100 addresses',
    call: post(
      `${SLICES}?dryRun=All`,
      slice(
        'IPv4',
        NUMBERS.map((n) => `10.0.0.${n}`),
      ),
    ),
    answer: invalid(SUBJECT, ['TooMany', LIST, 'Too many: 101: must have at most 100 items']),
  },
  {
    name: 'a slice has at most 1,000 endpoints',
    call: post(
      `${SLICES}?dryRun=All`,
      slice('IPv4', [], {endpoints: Array.from({length: 1001}, () => ({addresses: ['10.0.0.1']}))}),
    ),
    answer: invalid(SUBJECT, ['TooMany', 'endpoints', 'Too many: 1001: must have at most 1000 items']),
  },
  {
    name: '101 ports are taken',
    call: post(
      `${SLICES}?dryRun=All`,
      slice('IPv4', ['10.0.0.1'], {ports: NUMBERS.map((port) => ({name: `p${port}`, port}))}),
    ),
    answer: {code: 201},
  },
  {
    name: 'two ports without a name',
    call: post(`${SLICES}?dryRun=All`, slice('IPv4', ['10.0.0.1'], {ports: [{port: 1}, {port: 2}]})),
    answer: invalid(SUBJECT, ['Duplicate', 'ports[1].name', 'Duplicate value: ""']),
  },
  {
    name: 'no ports at all',
    call: post(`${SLICES}?dryRun=All`, slice('IPv4', ['10.0.0.1'], {ports: null})),
    answer: {code: 201, object: {ports: null}},
  },
  {
    name: 'the address type does not change',
    before: [post(SLICES, slice('IPv4', ['10.0.0.1']))],
    call: merge(`${SLICES}/t`, {addressType: 'IPv6'}),
    answer: {
      code: 422,
      object: {message: expect.stringContaining('addressType: Invalid value: "IPv6": field is immutable')},
    },
  },
];
