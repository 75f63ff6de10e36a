import {about, conflicts, invalid, owner, refused} from '../answers.ts';
import {CM, configMap, GADGETS, gadget, LEASES, lease, NS, PODS, pod, SVC, service} from '../kinds.ts';
import {apply, merge, post, put, strategic} from '../row.ts';
import type {Row} from '../row.ts';

const spec = (fields: object): object => ({'f:spec': fields});
const portOf = (fields: readonly string[], protocol = 'TCP'): object => ({
  [`k:{"port":80,"protocol":"${protocol}"}`]: {
    '.': {},
    ...Object.fromEntries(fields.map((field) => [`f:${field}`, {}])),
  },
});
const item = (name: string, ...fields: readonly string[]): object => ({
  [`k:{"name":"${name}"}`]: {'.': {}, ...Object.fromEntries(fields.map((field) => [`f:${field}`, {}]))},
});

const EVERYTHING = {
  items: [{name: 'a', value: '1'}],
  tags: ['x'],
  atoms: ['p'],
  opts: {k: 'v'},
  whole: {a: '1'},
  ports: [{port: 80}],
  any: {deep: {z: 1}},
  either: 'x',
};
const M1 = owner('m1', 'Apply', {
  'f:metadata': {'f:annotations': {'f:n': {}}, 'f:labels': {'f:l': {}}},
  'f:spec': {
    'f:any': {'f:deep': {'.': {}, 'f:z': {}}},
    'f:atoms': {},
    'f:either': {},
    'f:items': item('a', 'name', 'value'),
    'f:opts': {'f:k': {}},
    // The defaulted protocol belongs to the key and to nobody.
    'f:ports': portOf(['port']),
    'f:tags': {'v:"x"': {}},
    'f:whole': {},
  },
});
const META = {labels: {l: '1'}, annotations: {n: '1'}};
const serviceDefaults = {'f:sessionAffinity': {}, 'f:type': {}};
const lastPort = {'.': {}, ...portOf(['port', 'protocol', 'targetPort'])};

/** Who owns what after a write: apiserver §4.1. */
export const ownership: readonly Row[] = [
  {
    name: 'an apply names a version of what is not there',
    call: apply(`${CM}/ab4`, configMap('ab4', {data: {a: 'b'}}, {resourceVersion: '5'}), 'fieldManager=h'),
    answer: {code: 201, object: {data: {a: 'b'}}},
  },
  {
    name: 'an apply names the uid of what is not there',
    call: apply(`${CM}/ab5`, configMap('ab5', {}, {uid: 'c72a9a9d-14a2-4b16-a11f-8c281bee8789'}), 'fieldManager=h'),
    answer: refused(
      409,
      'Conflict',
      'Operation cannot be fulfilled on configmaps "ab5": uid mismatch: the provided object specified uid <uid>, and no existing object was found',
      about('configmaps', 'ab5'),
    ),
  },
  {
    name: 'an apply as YAML',
    call: apply(
      `${GADGETS}/as-yaml`,
      'apiVersion: t.dev/v1\nkind: Gadget\nmetadata: {name: as-yaml}\nspec: {tags: ["y", x]}',
      'fieldManager=m6',
    ),
    answer: {code: 201, object: {spec: {tags: ['y', 'x']}}},
  },
  {
    name: 'an apply owns exactly what it says, by the schema',
    call: apply(`${GADGETS}/all`, gadget('all', EVERYTHING, META), 'fieldManager=m1'),
    answer: {code: 201, object: {spec: {mode: 'On', ports: [{port: 80, protocol: 'TCP'}]}}, owners: [M1]},
  },
  {
    name: 'a second applier joins lists, sets and maps',
    call: apply(
      `${GADGETS}/all`,
      gadget('all', {
        items: [{name: 'b', weight: 5}],
        tags: ['x', 'w'],
        opts: {k2: 'v'},
        ports: [
          {port: 80, protocol: 'UDP'},
          {port: 80, protocol: 'TCP'},
        ],
      }),
      'fieldManager=m2',
    ),
    answer: {
      code: 200,
      object: {
        spec: {
          items: [{name: 'a'}, {name: 'b', weight: 5}],
          tags: ['x', 'w'],
          ports: [{protocol: 'UDP'}, {protocol: 'TCP'}],
        },
      },
      owners: [
        M1,
        owner(
          'm2',
          'Apply',
          spec({
            'f:items': item('b', 'name', 'weight'),
            'f:opts': {'f:k2': {}},
            'f:ports': {...portOf(['port', 'protocol']), ...portOf(['port', 'protocol'], 'UDP')},
            'f:tags': {'v:"w"': {}, 'v:"x"': {}},
          }),
        ),
      ],
    },
  },
  {
    name: 'many conflicts, manager by manager',
    call: apply(
      `${GADGETS}/all`,
      gadget(
        'all',
        {
          items: [
            {name: 'a', value: '2'},
            {name: 'b', weight: 6},
          ],
          atoms: ['q'],
          opts: {k: 'w'},
          whole: {b: '1'},
          any: {deep: {z: 2}},
          mode: 'Off',
        },
        {labels: {l: '2'}},
      ),
      'fieldManager=m3',
    ),
    answer: conflicts(
      ['"m1"', '.metadata.labels.l'],
      ['"m1"', '.spec.atoms'],
      ['"m1"', '.spec.whole'],
      ['"m1"', '.spec.any.deep.z'],
      ['"m1"', '.spec.items[name="a"].value'],
      ['"m1"', '.spec.opts.k'],
      ['"m2"', '.spec.items[name="b"].weight'],
    ),
  },
  {
    name: 'a default is owned by nobody until somebody applies it',
    before: [apply(`${GADGETS}/mode`, gadget('mode', {min: 1}), 'fieldManager=a')],
    call: apply(`${GADGETS}/mode`, gadget('mode', {mode: 'On'}), 'fieldManager=b'),
    answer: {
      code: 200,
      owners: [owner('b', 'Apply', spec({'f:mode': {}})), owner('a', 'Apply', spec({'f:min': {}}))],
    },
  },
  {
    name: 'a POST owns defaults as well, and containers as such',
    call: post(`${GADGETS}?fieldManager=m1`, gadget('posted', {min: 1})),
    answer: {code: 201, owners: [owner('m1', 'Update', spec({'.': {}, 'f:min': {}, 'f:mode': {}}))]},
  },
  {
    name: 'the same name by POST and by apply are two managers',
    call: apply(`${GADGETS}/posted`, gadget('posted', {min: 2}), 'fieldManager=m1'),
    answer: conflicts(['"m1" using t.dev/v1', '.spec.min']),
  },
  {
    name: 'so an apply drops nothing that a POST set',
    call: apply(`${GADGETS}/posted`, gadget('posted', {max: 9}), 'fieldManager=m1'),
    answer: {
      code: 200,
      object: {spec: {min: 1, max: 9}},
      owners: [
        owner('m1', 'Apply', spec({'f:max': {}})),
        owner('m1', 'Update', spec({'.': {}, 'f:min': {}, 'f:mode': {}})),
      ],
    },
  },
  {
    name: 'without a manager it is the User-Agent up to the slash',
    call: post(GADGETS, gadget('agent', {min: 1}), {headers: {'user-agent': 'isthmus agent/v1.2 (linux)'}}),
    answer: {code: 201, owners: [owner('isthmus agent', 'Update', spec({'.': {}, 'f:min': {}, 'f:mode': {}}))]},
  },
  {
    name: 'without either it is unknown',
    call: post(CM, configMap('nobody', {data: {a: '1'}})),
    answer: {code: 201, owners: [owner('unknown', 'Update', {'f:data': {'.': {}, 'f:a': {}}})]},
  },
  {
    name: 'an object without fields has no owners',
    call: post(CM, configMap('empty')),
    answer: {code: 201, owners: []},
  },
  {
    name: 'one empty entry clears all owners',
    before: [apply(`${GADGETS}/clear`, gadget('clear', {tags: ['x']}), 'fieldManager=m1')],
    call: merge(`${GADGETS}/clear`, {metadata: {managedFields: [{}]}}),
    answer: {code: 200, owners: []},
  },
  {
    name: 'the next apply finds what was there before',
    call: apply(`${GADGETS}/clear`, gadget('clear', {tags: ['x']}), 'fieldManager=m1'),
    answer: {
      code: 200,
      owners: [
        owner('m1', 'Apply', spec({'f:tags': {'v:"x"': {}}})),
        owner('before-first-apply', 'Update', spec({'.': {}, 'f:mode': {}, 'f:tags': {'.': {}, 'v:"x"': {}}})),
      ],
    },
  },
  {
    name: 'a PUT that changes nothing leaves owners as they are',
    before: [apply(`${CM}/same`, configMap('same', {data: {a: '1'}}), 'fieldManager=m1')],
    call: put(`${CM}/same?fieldManager=putter`, configMap('same', {data: {a: '1'}})),
    answer: {code: 200, owners: [owner('m1', 'Apply', {'f:data': {'f:a': {}}})]},
  },
  {
    name: 'a Service: defaults are its writer’s, allocations nobody’s',
    call: post(SVC, service('owned', {ports: [{port: 80}]})),
    answer: {
      code: 201,
      owners: [
        owner('unknown', 'Update', spec({'f:internalTrafficPolicy': {}, 'f:ports': lastPort, ...serviceDefaults})),
      ],
    },
  },
  {
    name: 'a headless Service asked for its address',
    call: post(SVC, service('headless', {clusterIP: 'None', selector: {app: 'a'}})),
    answer: {
      code: 201,
      owners: [
        owner(
          'unknown',
          'Update',
          spec({'f:clusterIP': {}, 'f:internalTrafficPolicy': {}, 'f:selector': {}, ...serviceDefaults}),
        ),
      ],
    },
  },
  {
    name: 'a family policy that was asked for',
    call: post(SVC, service('dual', {ipFamilyPolicy: 'PreferDualStack', ports: [{port: 80}]})),
    answer: {
      code: 201,
      owners: [
        owner(
          'unknown',
          'Update',
          spec({'f:internalTrafficPolicy': {}, 'f:ipFamilyPolicy': {}, 'f:ports': lastPort, ...serviceDefaults}),
        ),
      ],
    },
  },
  {
    name: 'a node port is an allocation',
    call: post(SVC, service('np', {type: 'NodePort', ports: [{port: 80}]})),
    answer: {
      code: 201,
      owners: [
        owner(
          'unknown',
          'Update',
          spec({'f:externalTrafficPolicy': {}, 'f:internalTrafficPolicy': {}, 'f:ports': lastPort, ...serviceDefaults}),
        ),
      ],
    },
  },
  {
    name: 'an applied Service: port and protocol are the key',
    call: apply(
      `${SVC}/keyed`,
      service('keyed', {selector: {app: 's'}, ports: [{port: 80, targetPort: 8080, name: 'http', protocol: 'TCP'}]}),
      'fieldManager=isthmus-hub',
    ),
    answer: {
      code: 201,
      owners: [
        owner(
          'isthmus-hub',
          'Apply',
          spec({'f:ports': portOf(['name', 'port', 'protocol', 'targetPort']), 'f:selector': {}}),
        ),
      ],
    },
  },
  {
    name: 'another name for the same port is a conflict',
    call: apply(`${SVC}/keyed`, service('keyed', {ports: [{port: 80, name: 'other'}]}), 'fieldManager=x2'),
    answer: conflicts(['"isthmus-hub"', '.spec.ports[port=80,protocol="TCP"].name']),
  },
  {
    name: 'a Namespace: its name as a label, not its finalizer',
    call: post(NS, {apiVersion: 'v1', kind: 'Namespace', metadata: {name: 'owned'}}),
    answer: {
      code: 201,
      object: {spec: {finalizers: ['kubernetes']}, status: {phase: 'Active'}},
      owners: [
        owner('unknown', 'Update', {'f:metadata': {'f:labels': {'.': {}, 'f:kubernetes.io/metadata.name': {}}}}),
      ],
    },
  },
  {
    name: 'a Pod: what admission plugins add is nobody’s',
    call: post(PODS, pod('owned')),
    answer: {
      code: 201,
      owners: [
        owner(
          'unknown',
          'Update',
          spec({
            'f:containers': item(
              'c',
              'image',
              'imagePullPolicy',
              'name',
              'resources',
              'terminationMessagePath',
              'terminationMessagePolicy',
            ),
            'f:dnsPolicy': {},
            'f:enableServiceLinks': {},
            'f:restartPolicy': {},
            'f:schedulerName': {},
            'f:securityContext': {},
            'f:terminationGracePeriodSeconds': {},
          }),
        ),
      ],
    },
  },
  {
    name: 'a Lease',
    call: post(LEASES, lease('owned', {holderIdentity: 'a', leaseDurationSeconds: 15})),
    answer: {
      code: 201,
      owners: [owner('unknown', 'Update', spec({'f:holderIdentity': {}, 'f:leaseDurationSeconds': {}}))],
    },
  },
  {
    name: 'a label that kubectl adds',
    before: [apply(`${SVC}/labelled`, service('labelled', {ports: [{port: 80}]}), 'fieldManager=kubectl')],
    call: strategic(`${SVC}/labelled?fieldManager=kubectl-patch`, {metadata: {labels: {x: '1'}}}),
    answer: {
      code: 200,
      owners: [
        owner('kubectl', 'Apply', spec({'f:ports': portOf(['port'])})),
        owner('kubectl-patch', 'Update', {'f:metadata': {'f:labels': {'.': {}, 'f:x': {}}}}),
      ],
    },
  },
  {
    name: 'an apply that empties a map it had filled',
    before: [apply(`${GADGETS}/emptied-1`, gadget('emptied-1', {opts: {k: 'v'}, either: 'x'}))],
    call: apply(`${GADGETS}/emptied-1`, gadget('emptied-1', {opts: {}, either: 'x'})),
    answer: invalid(
      'Gadget.t.dev "emptied-1"',
      ['TypeInvalid', 'spec.opts', 'Invalid value: "null": spec.opts in body must be of type object: "null"'],
      [
        'Invalid',
        '<nil>',
        'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
      ],
    ),
  },
  {
    name: 'an apply that leaves out a map it had filled',
    before: [apply(`${GADGETS}/emptied-2`, gadget('emptied-2', {opts: {k: 'v'}, either: 'x'}))],
    call: apply(`${GADGETS}/emptied-2`, gadget('emptied-2', {either: 'x'})),
    answer: {code: 200, object: {spec: {either: 'x'}}, lacks: ['spec.opts']},
  },
  {
    name: 'an apply that empties a list it had filled',
    before: [apply(`${GADGETS}/emptied-3`, gadget('emptied-3', {tags: ['x'], either: 'x'}))],
    call: apply(`${GADGETS}/emptied-3`, gadget('emptied-3', {tags: [], either: 'x'})),
    answer: {code: 200, object: {spec: {either: 'x'}}, lacks: ['spec.tags']},
  },
  {
    name: 'an apply that empties a map of a ConfigMap it had filled',
    before: [apply(`${CM}/emptied-4`, configMap('emptied-4', {data: {a: '1'}}))],
    call: apply(`${CM}/emptied-4`, configMap('emptied-4', {data: {}})),
    answer: {code: 200, lacks: ['data']},
  },
];
