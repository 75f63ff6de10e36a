import {describe, expect, test} from 'vitest';

import {HubFacts, type HubFactsOptions} from '../../src/hub/hub-facts.ts';
import {anExport} from '../clusterset/fixtures.ts';

/** What is not known is remembered by consumers' imports (design §5): a moment too early, and an import disappears. */
describe('whether it is known that a cluster exports a name', () => {
  function facts(gathered: boolean, member?: {isKnown: boolean; shown: boolean; taken: boolean}): HubFacts {
    const members = new Map();
    if (member !== undefined) {
      const accepted = new Map(member.taken ? [['bar/foo', anExport('c1')]] : []);
      const exportsOf = () => (member.shown ? [{}] : []);
      members.set('c1', {isKnown: member.isKnown, accepted, session: {watches: {exportsOf}}});
    }
    return new HubFacts({members, isGathered: () => gathered} as unknown as HubFactsOptions);
  }

  test.each([
    {name: 'not registered, as far as it was looked at', gathered: false, unknown: true},
    {name: 'not registered', gathered: true, unknown: false},
    {name: 'not read yet', gathered: true, member: {isKnown: false, shown: false, taken: false}, unknown: true},
    {
      name: 'read, and it shows none',
      gathered: true,
      member: {isKnown: true, shown: false, taken: false},
      unknown: false,
    },
    {
      name: 'shown, not taken in yet',
      gathered: true,
      member: {isKnown: true, shown: true, taken: false},
      unknown: true,
    },
    {name: 'taken in', gathered: true, member: {isKnown: true, shown: true, taken: true}, unknown: false},
  ])('$name: unknown $unknown', ({gathered, member, unknown}) => {
    expect(facts(gathered, member).isUnknown('c1', 'bar/foo')).toBe(unknown);
  });
});
