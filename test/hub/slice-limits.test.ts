import {afterEach, beforeEach, describe, expect, test, vi} from 'vitest';

import type {MemberExport} from '../../src/clusterset/member-export.ts';
import {KubeError} from '../../src/kube/kube-error.ts';
import {ApiServerAddresses} from '../../src/hub/api-server-addresses.ts';
import {SliceBudget, type BudgetedMember, type SliceBudgetOptions} from '../../src/hub/slice-budget.ts';
import {SliceReader} from '../../src/hub/slice-reader.ts';
import {keepSlice} from '../../src/hub/kept-slice.ts';
import {WritePace} from '../../src/hub/write-pace.ts';
import {eventually} from '../tools/eventually.ts';
import {quietLogger} from './clusterset.ts';

describe('the pace of writes to one slice', () => {
  test('the first goes at once, the next after a second, others meanwhile', () => {
    let nowMs = 10_000;
    const pace = new WritePace(1_000, () => nowMs);
    expect(pace.waitMs('bar/a')).toBe(0);
    pace.noteWrite('bar/a');
    nowMs += 300;
    expect(pace.waitMs('bar/a')).toBe(700);
    expect(pace.waitMs('bar/b')).toBe(0);
    nowMs += 700;
    expect(pace.waitMs('bar/a')).toBe(0);
  });

  test('a clock that is set back delays by no more than the pace', () => {
    let nowMs = 10_000_000;
    const pace = new WritePace(1_000, () => nowMs);
    pace.noteWrite('bar/a');
    nowMs = 0;
    expect(pace.waitMs('bar/a')).toBe(1_000);
  });
});

describe('how many slices a member imports', () => {
  let members: Map<string, BudgetedMember>;
  let changed: string[];
  let gathered: boolean;
  let budget: SliceBudget | undefined;

  beforeEach(() => {
    vi.useFakeTimers();
    members = new Map();
    changed = [];
    gathered = true;
  });
  afterEach(() => {
    budget?.close();
    vi.useRealTimers();
  });

  function start(options: Partial<SliceBudgetOptions> = {}): SliceBudget {
    budget = new SliceBudget({
      importSlices: 'all',
      limit: 100,
      members,
      isGathered: () => gathered,
      onChange: (ids) => changed.push(...ids),
      ...options,
    });
    return budget;
  }

  /** One export of so many slices. */
  function member(id: string, slices: number, targetClusters: readonly string[] = []): void {
    const exported = {cluster: id, flomesh: {rules: [], targetClusters}} as unknown as MemberExport;
    members.set(id, {
      consumer: {id, key: `default/default/default/${id}`},
      accepted: {
        sliceCount: slices,
        slicesOf: () => Array.from({length: slices}) as never,
        get: () => exported,
        keys: () => ['bar/foo'].values(),
      },
    });
  }

  const consumer = (id: string) => ({id, key: `default/default/default/${id}`});

  test('all up to the limit, then those of headless services only, told once', () => {
    const all = start();
    member('a', 60);
    member('b', 40);
    all.note();
    expect(all.use(consumer('a'), 'ClusterSetIP')).toBe('Imported');
    vi.advanceTimersByTime(1_000);
    member('b', 41);
    all.note();
    expect(all.use(consumer('a'), 'ClusterSetIP')).toBe('NotImported');
    expect(all.use(consumer('a'), 'Headless')).toBe('Imported');
    expect(changed).toEqual(['a', 'b']);
  });

  test('over the limit it stays so until there are clearly fewer', () => {
    const all = start();
    member('a', 101);
    all.note();
    for (const [count, over] of [
      [95, true],
      [91, true],
      [90, false],
      [100, false],
    ] as const) {
      vi.advanceTimersByTime(1_000);
      member('a', count);
      all.note();
      expect(all.isOver('a'), `${count}`).toBe(over);
    }
  });

  test('a member is counted by what is exported to it', () => {
    const all = start();
    member('a', 60);
    member('b', 60, ['a']);
    member('c', 0);
    all.note();
    expect(['a', 'b', 'c'].filter((id) => all.isOver(id))).toEqual(['a', 'b']);
  });

  test('changes within a second are counted together, the last one too', () => {
    const all = start();
    member('a', 10);
    all.note();
    member('a', 200);
    all.note();
    expect(all.isOver('a')).toBe(false);
    vi.advanceTimersByTime(1_000);
    expect(all.isOver('a')).toBe(true);
  });

  test('while the hub starts nothing is decided, but for headless services', () => {
    gathered = false;
    const all = start();
    expect(all.use(consumer('a'), 'ClusterSetIP')).toBe('Undecided');
    expect(all.use(consumer('a'), 'Headless')).toBe('Imported');
  });

  test('--import-slices=headless: never those of ClusterSetIP', () => {
    const headless = start({importSlices: 'headless'});
    expect(headless.use(consumer('a'), 'ClusterSetIP')).toBe('NotImported');
    expect(headless.isOver('a')).toBe(false);
  });
});

describe("the addresses of a member's API server", () => {
  async function addresses(answers: readonly (Error | object | undefined)[]): Promise<readonly (readonly string[])[]> {
    const stop = new AbortController();
    let asked = 0;
    const seen: (readonly string[])[] = [];
    const client = {
      find: async () => {
        const next = answers[Math.min(asked++, answers.length - 1)];
        if (next instanceof Error) throw next;
        return next;
      },
      list: () => {
        throw new Error('a hub lists nothing to know them');
      },
    };
    const found = new ApiServerAddresses({
      client: client as never,
      logger: quietLogger,
      againMs: 1,
      onChange: () => void seen.push(found.cidrs ?? []),
    });
    found.start(stop.signal);
    // It asks for one more only when the last was taken in.
    await eventually('all answers were read', () => asked > answers.length && seen.length > 0);
    stop.abort();
    await found.closed;
    return seen;
  }

  const kubernetes = (...clusterIPs: string[]) => ({spec: {clusterIP: clusterIPs[0], clusterIPs}});
  const broken = new KubeError('ISTHMUS_KUBE_STATUS', 'broken', {status: 500, reason: 'InternalError'});
  test.each([
    {
      name: 'of both families',
      answers: [kubernetes('10.102.0.1', 'fd00::1')],
      seen: [['10.102.0.1/32', 'fd00::1/128']],
    },
    {
      name: 'told again only when they are others',
      answers: [kubernetes('10.102.0.1'), kubernetes('10.102.0.1'), kubernetes('10.9.0.1')],
      seen: [['10.102.0.1/32'], ['10.9.0.1/32']],
    },
    {name: 'none where there is no such Service', answers: [undefined], seen: [[]]},
    {name: 'kept when it stops answering', answers: [kubernetes('10.102.0.1'), broken], seen: [['10.102.0.1/32']]},
  ])('$name', async ({answers, seen}) => {
    expect(await addresses(answers)).toEqual(seen);
  });
});

describe('reading source slices', () => {
  const slice = (name: string, ip: string) =>
    keepSlice({metadata: {name}, addressType: 'IPv4', endpoints: [{addresses: [ip]}]} as never);

  test('the same slices under the same rules are read once, others anew', () => {
    let podCIDRs: readonly string[] | undefined;
    const reader = new SliceReader('a', () => ({podCIDRs, development: false}));
    const kept = [slice('s1', '10.200.0.1'), slice('s0', '10.66.0.1')];
    const first = reader.read(kept);
    expect(first.slices.map(({name}) => name)).toEqual(['s0', 's1']);
    expect(reader.read([...kept])).toBe(first);
    expect(reader.read([kept[0]!])).not.toBe(first);
    podCIDRs = ['10.200.0.0/16'];
    expect(reader.read(kept).slices.flatMap(({endpoints}) => endpoints)).toHaveLength(1);
  });

  test('a slice with more endpoints than is lawful is left out and told, others are not', () => {
    const many = Array.from({length: 1_500}, (_, i) => ({addresses: [`10.200.${i >> 8}.${i & 255}`]}));
    const hostile = keepSlice({metadata: {name: 'h'}, addressType: 'IPv4', endpoints: many} as never);
    const reader = new SliceReader('a', () => ({podCIDRs: undefined, development: false}));
    const {slices, faults} = reader.read([slice('s', '10.200.0.1'), hostile]);
    expect(slices.map(({name}) => name)).toEqual(['s']);
    expect(faults).toMatchObject([{reason: 'InvalidSlice', message: expect.stringContaining('at most 1000')}]);
  });
});
