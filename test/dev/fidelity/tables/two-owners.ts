import {about, conflicts, invalid, owner, refused, STALE} from '../answers.ts';
import {apply, get, merge} from '../row.ts';
import type {Call, Row} from '../row.ts';

const GROUP = 'multicluster.x-k8s.io';
const IMPORTS = `/apis/${GROUP}/v1beta1/namespaces/default/serviceimports`;
const ALPHA = `/apis/${GROUP}/v1alpha1/namespaces/default/serviceimports`;
const SP = `${IMPORTS}/sp`;
const UID = 'c72a9a9d-14a2-4b16-a11f-8c281bee8789';

const ports = (port: number): object => ({type: 'ClusterSetIP', ports: [{name: 'http', port, protocol: 'TCP'}]});
const ips = (ip: string): object => ({ips: [ip]});

function body(fields: object, metadata: object = {}, version = 'v1beta1'): object {
  return {apiVersion: `${GROUP}/${version}`, kind: 'ServiceImport', metadata: {name: 'sp', ...metadata}, ...fields};
}

function as(manager: string, spec?: object, metadata: object = {}): Call {
  const force = manager.endsWith('!') ? '&force=true' : '';
  const query = `fieldManager=${manager.replace('!', '')}${force}`;
  return apply(SP, body(spec === undefined ? {} : {spec}, metadata), query);
}

function status(manager: string, fields: object): Call {
  return apply(`${SP}/status`, body({status: fields}), `fieldManager=${manager}`);
}

const owns = (manager: string, ...fields: readonly string[]): string =>
  owner(manager, 'Apply', {'f:spec': Object.fromEntries(fields.map((field) => [`f:${field}`, {}]))});
const hub = owns('isthmus-hub', 'ports', 'type');
const agent = owns('isthmus-agent', 'ips');
const cluster = (name: string): object => ({
  [`k:{"cluster":"${name}"}`]: {'.': {}, 'f:cluster': {}},
});
const condition = {
  'k:{"type":"Ready"}': {
    '.': {},
    'f:lastTransitionTime': {},
    'f:message': {},
    'f:reason': {},
    'f:status': {},
    'f:type': {},
  },
};
const agentStatus = (fields: object): string => owner('isthmus-agent', 'Apply', {'f:status': fields}, 'status');
const READY = {
  type: 'Ready',
  status: 'True',
  reason: 'Ready',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
};
const required = (field: string): readonly [string, string, string] => ['Required', `spec.${field}`, 'Required value'];
const immutableUid = (uid: string): readonly [string, string, string] => [
  'Invalid',
  'metadata.uid',
  `Invalid value: "${uid}": field is immutable`,
];

/** Two managers of one ServiceImport, step by step; each row goes on from the one before: apiserver §4.3, §4.5. */
export const twoOwners: readonly Row[] = [
  {
    name: 'the agent comes before the hub: nothing is created',
    call: as('isthmus-agent', ips('10.101.0.9')),
    answer: invalid(`ServiceImport.${GROUP} "sp"`, required('ports'), required('type')),
  },
  {
    name: 'the hub creates',
    call: as('isthmus-hub', ports(80)),
    answer: {code: 201, owners: [hub]},
  },
  {
    name: 'the agent adds its part: the merged object is what is checked',
    call: as('isthmus-agent', ips('10.101.0.9')),
    answer: {code: 200, object: {spec: {...ips('10.101.0.9'), ...ports(80)}}, owners: [agent, hub]},
  },
  {
    name: 'the hub again, without the ips',
    call: as('isthmus-hub', ports(80)),
    answer: {code: 200, object: {spec: ips('10.101.0.9')}, owners: [agent, hub]},
  },
  {
    name: 'the hub changes a port',
    call: as('isthmus-hub', ports(81)),
    answer: {code: 200, object: {spec: {...ips('10.101.0.9'), ...ports(81)}}},
  },
  {
    name: 'the hub wants other ips',
    call: as('isthmus-hub', {...ports(80), ...ips('1.1.1.1')}),
    answer: conflicts(['"isthmus-agent"', '.spec.ips']),
  },
  {
    name: 'the hub applies the same ips: shared',
    call: as('isthmus-hub', {...ports(80), ...ips('10.101.0.9')}),
    answer: {code: 200, owners: [agent, owns('isthmus-hub', 'ips', 'ports', 'type')]},
  },
  {
    name: 'the agent drops what is shared: it stays',
    call: as('isthmus-agent'),
    answer: {code: 200, object: {spec: ips('10.101.0.9')}, owners: [owns('isthmus-hub', 'ips', 'ports', 'type')]},
  },
  {
    name: 'an empty spec leaves an entry behind',
    call: as('isthmus-agent', {}),
    answer: {
      code: 200,
      owners: [owner('isthmus-agent', 'Apply', {'f:spec': {}}), owns('isthmus-hub', 'ips', 'ports', 'type')],
    },
  },
  {
    name: 'the last owner drops the ips: they go',
    call: as('isthmus-hub', ports(80)),
    answer: {code: 200, lacks: ['spec.ips'], owners: [owner('isthmus-agent', 'Apply', {'f:spec': {}}), hub]},
  },
  {
    name: 'the agent sets and drops them alone',
    before: [as('isthmus-agent', ips('10.101.0.9'))],
    call: as('isthmus-agent'),
    answer: {code: 200, lacks: ['spec.ips'], owners: [hub]},
  },
  {
    name: 'the hub drops a required field of which it is the only owner',
    before: [as('isthmus-agent', ips('10.101.0.9'))],
    call: as('isthmus-hub', {type: 'ClusterSetIP'}),
    answer: invalid(`ServiceImport.${GROUP} "sp"`, required('ports')),
  },
  {
    name: 'the hub drops everything',
    call: as('isthmus-hub'),
    answer: invalid(`ServiceImport.${GROUP} "sp"`, required('ports'), required('type')),
  },
  {
    name: 'a third one takes the ips by force',
    call: as('admin-x!', ips('8.8.8.8')),
    answer: {code: 200, object: {spec: ips('8.8.8.8')}, owners: [owns('admin-x', 'ips'), hub]},
  },
  {
    name: 'the agent then conflicts',
    call: as('isthmus-agent', ips('10.101.0.9')),
    answer: conflicts(['"admin-x"', '.spec.ips']),
  },
  {
    name: 'and takes them back by force',
    call: as('isthmus-agent!', ips('10.101.0.9')),
    answer: {code: 200, owners: [agent, hub]},
  },
  {
    name: 'a user edits the ips: an Update entry takes over',
    call: merge(`${SP}?fieldManager=kubectl-edit`, {spec: ips('7.7.7.7')}),
    answer: {code: 200, owners: [hub, owner('kubectl-edit', 'Update', {'f:spec': {'f:ips': {}}})]},
  },
  {
    name: 'a conflict with an Update entry names its version',
    call: as('isthmus-agent', ips('10.101.0.9')),
    answer: conflicts([`"kubectl-edit" using ${GROUP}/v1beta1`, '.spec.ips']),
  },
  {
    name: 'force removes the user’s entry',
    call: as('isthmus-agent!', ips('10.101.0.9')),
    answer: {code: 200, owners: [agent, hub]},
  },
  {
    name: 'a user removes the ips: the agent’s entry goes along',
    call: merge(`${SP}?fieldManager=kubectl-edit`, {spec: {ips: null}}),
    answer: {code: 200, lacks: ['spec.ips'], owners: [hub]},
  },
  {
    name: 'and the agent sets them again without a conflict',
    call: as('isthmus-agent', ips('10.101.0.9')),
    answer: {code: 200, owners: [agent, hub]},
  },
  {
    name: 'a status has an entry of its own',
    call: status('isthmus-agent', {clusters: [{cluster: 'cluster-1'}], conditions: [READY]}),
    answer: {
      code: 200,
      owners: [agent, agentStatus({'f:clusters': cluster('cluster-1'), 'f:conditions': condition}), hub],
    },
  },
  {
    name: 'two managers share a list of the status item by item',
    call: status('isthmus-hub', {clusters: [{cluster: 'cluster-2'}]}),
    answer: {
      code: 200,
      object: {status: {clusters: [{cluster: 'cluster-1'}, {cluster: 'cluster-2'}]}},
      owners: [
        agent,
        agentStatus({'f:clusters': cluster('cluster-1'), 'f:conditions': condition}),
        hub,
        owner('isthmus-hub', 'Apply', {'f:status': {'f:clusters': cluster('cluster-2')}}, 'status'),
      ],
    },
  },
  {
    name: 'an empty list gives up what one had in it',
    call: status('isthmus-hub', {clusters: []}),
    answer: {
      code: 200,
      object: {status: {clusters: [{cluster: 'cluster-1'}]}},
      owners: [agent, agentStatus({'f:clusters': cluster('cluster-1'), 'f:conditions': condition}), hub],
    },
  },
  {
    name: 'a status in a main apply is ignored and unowned',
    call: apply(SP, body({spec: ports(80), status: {clusters: [{cluster: 'zz'}]}}), 'fieldManager=isthmus-hub'),
    answer: {code: 200, object: {status: {clusters: [{cluster: 'cluster-1'}]}}},
  },
  {
    name: 'a spec in a status apply is ignored; what the status leaves out goes',
    call: apply(
      `${SP}/status`,
      body({spec: ips('3.3.3.3'), status: {clusters: [{cluster: 'cluster-1'}]}}),
      'fieldManager=isthmus-agent',
    ),
    answer: {
      code: 200,
      object: {spec: ips('10.101.0.9')},
      lacks: ['status.conditions'],
      owners: [agent, agentStatus({'f:clusters': cluster('cluster-1')}), hub],
    },
  },
  {
    name: 'a status apply on nothing',
    call: apply(`${IMPORTS}/nonesuch/status`, body({status: {}}, {name: 'nonesuch'}), 'fieldManager=a'),
    answer: refused(
      404,
      'NotFound',
      `serviceimports.${GROUP} "nonesuch" not found`,
      about('serviceimports', 'nonesuch', GROUP),
    ),
  },
  {
    name: 'a stale version, even by force',
    call: as('isthmus-agent!', ips('10.101.0.10'), {resourceVersion: '1'}),
    answer: refused(
      409,
      'Conflict',
      `Operation cannot be fulfilled on serviceimports.${GROUP} "sp": ${STALE}`,
      about('serviceimports', 'sp', GROUP),
    ),
  },
  {
    name: 'a version on an absent object is no precondition',
    call: apply(`${IMPORTS}/absent`, body({spec: ports(80)}, {name: 'absent', resourceVersion: '5'}), 'fieldManager=h'),
    answer: {code: 201, owners: [owns('h', 'ports', 'type')]},
  },
  {
    name: 'a uid on an absent object is one',
    call: apply(`${IMPORTS}/gone`, body({spec: ports(80)}, {name: 'gone', uid: UID}), 'fieldManager=h'),
    answer: refused(
      409,
      'Conflict',
      `Operation cannot be fulfilled on serviceimports.${GROUP} "gone": uid mismatch: the provided object specified uid <uid>, and no existing object was found`,
      about('serviceimports', 'gone', GROUP),
    ),
  },
  {
    name: 'the uid of another object of that name',
    call: as('isthmus-agent', ips('10.101.0.10'), {uid: 'zz'}),
    answer: invalid(`ServiceImport.${GROUP} "sp"`, immutableUid('zz'), immutableUid('zz')),
  },
  {
    name: 'managedFields in the body',
    call: as('isthmus-agent', ips('10.101.0.10'), {managedFields: [{manager: 'x'}]}),
    answer: refused(400, 'BadRequest', 'metadata.managedFields must be nil'),
  },
  {
    name: 'no name in the body',
    call: apply(`${IMPORTS}/nm`, {...body({spec: ports(80)}), metadata: {}}, 'fieldManager=h'),
    answer: refused(
      400,
      'BadRequest',
      'the name of the object (nm based on URL) was undeterminable: name must be provided',
    ),
  },
  {
    name: 'another name in the body',
    call: apply(`${IMPORTS}/nm`, body({spec: ports(80)}, {name: 'other'}), 'fieldManager=h'),
    answer: refused(400, 'BadRequest', 'the name of the object (other) does not match the name on the URL (nm)'),
  },
  {
    name: 'no type in the body',
    call: apply(`${IMPORTS}/nm`, {spec: {}}, 'fieldManager=h'),
    answer: refused(400, 'BadRequest', 'invalid object type: /, Kind='),
  },
  {
    name: 'another version in the body than in the URL',
    call: apply(SP, body({spec: ports(80)}, {}, 'v1alpha1'), 'fieldManager=isthmus-hub'),
    answer: refused(400, 'BadRequest', `invalid object type: ${GROUP}/v1alpha1, Kind=ServiceImport`),
  },
  {
    name: 'a body that is no YAML',
    call: apply(SP, 'a: [', 'fieldManager=h'),
    answer: {code: 400, object: {reason: 'BadRequest'}},
  },
  {
    name: 'the same manager in another version replaces its own entry',
    before: [apply(`${ALPHA}/sp`, body({spec: ips('10.101.0.11')}, {}, 'v1alpha1'), 'fieldManager=isthmus-agent')],
    call: get(SP),
    answer: {
      code: 200,
      object: {
        spec: ips('10.101.0.11'),
        metadata: {managedFields: [{manager: 'isthmus-agent', apiVersion: `${GROUP}/v1alpha1`}, {}, {}]},
      },
    },
  },
  {
    name: 'and drops across versions',
    call: as('isthmus-agent'),
    answer: {code: 200, lacks: ['spec.ips'], owners: [agentStatus({'f:clusters': cluster('cluster-1')}), hub]},
  },
];
