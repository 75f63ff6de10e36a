import {expect, test} from 'vitest';

import {notGone} from '../../cli/leave/run-leave.ts';

test.each([
  {said: undefined, says: 'no hub said anything about it within 5 s; is one running? The same command goes on looking'},
  {said: '3 imports are left', says: 'not done within 5 s: 3 imports are left. The same command goes on looking'},
  {said: 'it is a sentence.', says: 'not done within 5 s: it is a sentence. The same command goes on looking'},
])('what the hub said of a Cluster that is still there ends with one full stop: $said', ({said, says}) => {
  expect(notGone({name: 'cluster-1', isDeleted: false, said}, 5_000).message).toContain(`is being deleted; ${says}`);
});
