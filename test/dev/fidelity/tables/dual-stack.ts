import {invalid} from '../answers.ts';
import {SVC, service} from '../kinds.ts';
import {apply, merge, post} from '../row.ts';
import type {Call, Row} from '../row.ts';

type Cause = Parameters<typeof invalid>[1];

const NAME = 'dual-1';
const AT = `${SVC}/${NAME}`;
const FIRST = '10.101.88.9';
const RELEASE = "must be 'SingleStack' to release the secondary";

function release(what: string, policy = 'RequireDualStack'): Cause {
  return ['Invalid', 'spec.ipFamilyPolicy', `Invalid value: "${policy}": ${RELEASE} ${what}`];
}

function otherFamily(at: number, address: string, family: string): Cause {
  const why = `expected an ${family} value as indicated by \`ipFamilies[${at}]\``;
  return ['Invalid', `spec.clusterIPs[${at}]`, `Invalid value: "${address}": ${why}`];
}

const SECOND = 'fd00:0:0:1::99';
const made: Call = post(
  SVC,
  service(NAME, {
    ports: [{port: 80}],
    ipFamilyPolicy: 'RequireDualStack',
    clusterIPs: [FIRST, SECOND],
    clusterIP: FIRST,
  }),
);

/** What a change of a Service with two addresses is refused for. */
const CHANGES: readonly (readonly [name: string, spec: object, ...causes: Cause[]])[] = [
  ['another first address alone', {clusterIP: '10.101.88.2'}, release('cluster IP')],
  ['one other address', {clusterIP: '10.101.88.2', clusterIPs: ['10.101.88.2']}, release('cluster IP')],
  ['the first address of two', {clusterIPs: [FIRST]}, release('cluster IP')],
  ['the first family of two', {ipFamilies: ['IPv4']}, release('IP family')],
  [
    'the first of both',
    {clusterIP: FIRST, clusterIPs: [FIRST], ipFamilies: ['IPv4']},
    release('cluster IP'),
    release('IP family'),
  ],
  [
    'preferring two and naming one family',
    {ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv4']},
    release('IP family', 'PreferDualStack'),
  ],
  [
    'the families the other way round',
    {ipFamilies: ['IPv6', 'IPv4']},
    otherFamily(0, FIRST, 'IPv6'),
    otherFamily(1, SECOND, 'IPv4'),
  ],
  ['the other family alone', {ipFamilies: ['IPv6']}, otherFamily(0, FIRST, 'IPv6')],
];

/** Services of two families (KEP-563), changed by patch and by apply. */
export const dualStack: readonly Row[] = [
  {
    name: 'both addresses are asked for',
    call: made,
    answer: {code: 201, object: {spec: {clusterIPs: [FIRST, SECOND], ipFamilies: ['IPv4', 'IPv6']}}},
  },
  ...CHANGES.flatMap(([name, spec, ...causes]): readonly Row[] => [
    {
      name: `a patch to ${name}`,
      call: merge(`${AT}?dryRun=All`, {spec}),
      answer: invalid(`Service "${NAME}"`, ...causes),
    },
    {
      name: `an apply of ${name}`,
      call: apply(AT, service(NAME, {ports: [{port: 80}], ...spec}), 'fieldManager=other&force=true&dryRun=All'),
      answer: invalid(`Service "${NAME}"`, ...causes),
    },
  ]),
  {
    name: 'SingleStack gives the second address back',
    call: merge(AT, {spec: {ipFamilyPolicy: 'SingleStack'}}),
    answer: {
      code: 200,
      object: {spec: {clusterIP: FIRST, clusterIPs: [FIRST], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack'}},
    },
  },
  {
    name: 'PreferDualStack takes one again',
    call: merge(AT, {spec: {ipFamilyPolicy: 'PreferDualStack'}}),
    answer: {code: 200, object: {spec: {ipFamilies: ['IPv4', 'IPv6']}}},
  },
  {
    name: 'the same address for somebody else',
    call: post(SVC, service('dual-2', {ports: [{port: 80}], clusterIP: FIRST})),
    answer: invalid('Service "dual-2"', [
      'Invalid',
      'spec.clusterIPs',
      `Invalid value: ["${FIRST}"]: failed to allocate IP ${FIRST}: provided IP is already allocated`,
    ]),
  },
  {
    name: 'IPv6 alone',
    call: post(SVC, service('dual-3', {ports: [{port: 80}], ipFamilies: ['IPv6']})),
    answer: {code: 201, object: {spec: {ipFamilies: ['IPv6'], ipFamilyPolicy: 'SingleStack'}}},
  },
  {
    name: 'IPv6 first',
    call: post(SVC, service('dual-4', {ports: [{port: 80}], ipFamilies: ['IPv6'], ipFamilyPolicy: 'PreferDualStack'})),
    answer: {code: 201, object: {spec: {ipFamilies: ['IPv6', 'IPv4']}}},
  },
  {
    name: 'headless of both families',
    call: post(SVC, service('dual-5', {clusterIP: 'None', selector: {a: 'b'}, ipFamilyPolicy: 'RequireDualStack'})),
    answer: {code: 201, object: {spec: {clusterIPs: ['None'], ipFamilies: ['IPv4', 'IPv6']}}},
  },
  {
    name: 'headless without a selector',
    call: post(SVC, service('dual-6', {clusterIP: 'None', ports: [{port: 80}]})),
    answer: {code: 201, object: {spec: {clusterIPs: ['None'], ipFamilyPolicy: 'RequireDualStack'}}},
  },
  {
    name: 'two families under SingleStack',
    call: post(SVC, service('x', {ports: [{port: 80}], ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'SingleStack'})),
    answer: invalid('Service "x"', [
      'Invalid',
      'spec.ipFamilyPolicy',
      `Invalid value: "SingleStack": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified`,
    ]),
  },
  {
    name: 'the same family twice',
    call: post(
      SVC,
      service('x', {ports: [{port: 80}], ipFamilies: ['IPv4', 'IPv4'], ipFamilyPolicy: 'PreferDualStack'}),
    ),
    answer: invalid('Service "x"', ['Duplicate', 'spec.ipFamilies[1]', 'Duplicate value: "IPv4"']),
  },
  {
    name: 'no family at all',
    call: post(SVC, service('x', {ports: [{port: 80}], ipFamilies: ['IPv5']})),
    answer: invalid('Service "x"', [
      'NotSupported',
      'spec.ipFamilies[0]',
      'Unsupported value: "IPv5": supported values: "IPv4", "IPv6"',
    ]),
  },
];
