import {about, refused} from '../answers.ts';
import {as, role, roleBinding, rule, user} from '../callers.ts';
import {CM, configMap} from '../kinds.ts';
import {apply, post} from '../row.ts';
import type {Call, Row} from '../row.ts';

const applied = (name: string): Call => as('patcher', apply(`${CM}/${name}`, configMap(name, {data: {a: '1'}})));

/** An apply is a patch, and a create where nothing is there: who applies needs both (apiserver §7). */
export const applyRights: readonly Row[] = [
  {
    name: 'who may patch may apply to what is there',
    before: [
      role('patchers', [rule('patch', '', 'configmaps')]),
      roleBinding('patchers', ['Role', 'patchers'], user('patcher')),
      post(CM, configMap('rights-1')),
    ],
    call: applied('rights-1'),
    answer: {code: 200, object: {data: {a: '1'}}},
    eventually: true,
  },
  {
    name: 'but not create by it',
    call: applied('rights-2'),
    answer: refused(
      403,
      'Forbidden',
      'configmaps "rights-2" is forbidden: User "patcher" cannot create resource "configmaps" in API group "" in the namespace "default"',
      about('configmaps', 'rights-2'),
    ),
  },
];
