import {expect, test} from 'vitest';

import {isPassingRace} from '../../src/hub/member-queue.ts';
import {KubeError} from '../../src/kube/kube-error.ts';

const refused = (status: number, reason: string): KubeError =>
  new KubeError('ISTHMUS_KUBE_STATUS', 'refused', {status, reason});

test.each([
  {name: 'another uid than was seen, at first', error: refused(409, 'Conflict'), attempt: 1, is: true},
  {name: 'the same, again', error: refused(409, 'Conflict'), attempt: 2, is: true},
  {name: 'the same, and again: no race', error: refused(409, 'Conflict'), attempt: 3, is: false},
  {name: 'a refusal', error: refused(403, 'Forbidden'), attempt: 1, is: false},
  {name: 'a defect of ours', error: new TypeError('undefined'), attempt: 1, is: false},
])('what the next attempt settles is no warning and no condition: $name', ({error, attempt, is}) => {
  expect(isPassingRace(error, attempt)).toBe(is);
});
