import {describe, expect, test} from 'vitest';

import {HubFacts, type HubFactsOptions} from '../../src/hub/hub-facts.ts';
import {anExport} from '../clusterset/fixtures.ts';

describe('withdrawn endpoints (design §6)', () => {
  const imported = {clusters: ['c1', 'c2'], readyClusters: ['c1', 'c2']};
  const facts = (withdrawn: readonly string[], more: object = {}): HubFacts =>
    new HubFacts({
      members: new Map(
        ['c1', 'c2'].map((id) => [
          id,
          {cluster: {metadata: {name: id}, spec: {gatewayHost: '192.0.2.1', gatewayPort: 80}}, hasJoined: true},
        ]),
      ),
      exports: {mergedFor: () => ({result: {import: {...imported, ...more}, verdicts: new Map()}, exports: []})},
      gateways: {of: () => ['192.0.2.1'], isKnown: () => true, isRefused: () => false},
      gatewayTakenBy: () => undefined,
      withdrawnOf: () => new Set(withdrawn),
    } as unknown as HubFactsOptions);
  const mergedOf = (of: HubFacts) => of.mergedFor('bar/foo', {id: 'c2', key: 'c2'}, []).result.import;

  test('are not among the ready ones, and their cluster stays an exporter', () => {
    expect(mergedOf(facts(['c1']))).toMatchObject({clusters: ['c1', 'c2'], readyClusters: ['c2']});
    expect(mergedOf(facts([]))).toMatchObject(imported);
  });

  test('say nothing of readiness where that is not known', () => {
    expect(mergedOf(facts(['c1'], {readyClusters: undefined}))?.readyClusters).toBeUndefined();
  });

  test('are no targets of imports of FSM', () => {
    expect([...facts(['c1']).targets(['c1', 'c2']).keys()]).toEqual(['c2']);
  });
});

/** What is not known is remembered by consumers' imports (design §5): a moment too early, and an import disappears. */
describe('whether it is known that a cluster exports a name', () => {
  interface Known {
    readonly gathered: boolean;
    readonly registered?: boolean;
    readonly member?: {isKnown: boolean; shown: boolean; taken: boolean; remembered?: boolean};
  }
  function facts({gathered, registered, member}: Known): HubFacts {
    const members = new Map();
    if (member !== undefined) {
      const taken = new Map(member.taken ? [['bar/foo', anExport('c1')]] : []);
      const accepted = {get: (key: string) => taken.get(key), remembers: () => member.remembered ?? false};
      const exportsOf = () => (member.shown ? [{}] : []);
      members.set('c1', {isKnown: member.isKnown, accepted, session: {watches: {exportsOf}}});
    }
    const isRegistered = (): boolean => registered ?? member !== undefined;
    const all = (): string[] => (isRegistered() ? ['c1'] : []);
    const options = {members, isGathered: () => gathered, isRegistered, registered: all};
    return new HubFacts(options as unknown as HubFactsOptions);
  }

  test.each<Known & {name: string; unknown: boolean}>([
    {name: 'not registered, as far as it was looked at', gathered: false, unknown: true},
    {name: 'not registered', gathered: true, unknown: false},
    {name: 'registered, and could not be taken up', gathered: true, registered: true, unknown: true},
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
    {
      name: 'remembered, and its deletion is not let through yet',
      gathered: true,
      member: {isKnown: true, shown: false, taken: false, remembered: true},
      unknown: true,
    },
    {name: 'taken in', gathered: true, member: {isKnown: true, shown: true, taken: true}, unknown: false},
  ])('$name: unknown $unknown', ({unknown, ...known}) => {
    expect(facts(known).isUnknown('c1', 'bar/foo')).toBe(unknown);
    expect(facts(known).anyUnknown('bar/foo')).toBe(unknown && (known.registered ?? known.member !== undefined));
  });
});
