import fc from 'fast-check';
import {describe, expect, test} from 'vitest';

import {noteProbe, probeTransition, unprobed, vouchedFor} from '../../src/clusterset/gateway-probe.ts';
import type {ProbeState} from '../../src/clusterset/gateway-probe.ts';
import {gatewayTransitions, judgeGateways, noGateways, toVouchFor} from '../../src/clusterset/gateway-suspicion.ts';

/** One probe a second: `+` answers, `-` doesn't. The health after each, as A, D or U. */
function healthAfter(outcomes: string, from: ProbeState = unprobed): string {
  let state = from;
  return outcomes
    .split('')
    .map((outcome, at) => {
      state = noteProbe(state, outcome === '+', at * 1_000);
      return state.health.charAt(0);
    })
    .join('');
}

function after(outcomes: string): ProbeState {
  return outcomes.split('').reduce((state, outcome, at) => noteProbe(state, outcome === '+', at * 1_000), unprobed);
}

describe('one gateway (design §6: every 1 s, down after 3 failures, up after 2 successes and 5 s)', () => {
  test.each([
    {name: 'nothing was known: the first answer is believed', outcomes: '+', health: 'A'},
    {name: 'nothing was known: 3 failures make it dead, fewer leave it unknown', outcomes: '---', health: 'UUD'},
    {name: 'two failures are none', outcomes: '+--+--+', health: 'AAAAAAA'},
    {name: 'the third in a row is', outcomes: '+---', health: 'AAAD'},
    {name: 'up again after 5 s of answers', outcomes: '+---++++++', health: 'AAADDDDDDA'},
    {name: 'an interruption starts the 5 s anew', outcomes: '+---+++-++++++', health: 'AAADDDDDDDDDDA'},
    {name: 'failures while it is dead change nothing', outcomes: '------', health: 'UUDDDD'},
  ])('$name', ({outcomes, health}) => {
    expect(healthAfter(outcomes)).toBe(health);
  });

  test('the 5 s alone are not enough: one late answer is one answer', () => {
    const dead = after('+---');
    const once = noteProbe(dead, true, 60_000);
    expect(once.health).toBe('Dead');
    expect(noteProbe(once, true, 65_000).health).toBe('Alive');
  });

  test('a second flap within 60 s holds it down for 30 s, a later one does not', () => {
    const twice = `+---${'+'.repeat(6)}---`;
    const down = after(twice);
    expect(down.health).toBe('Dead');
    const downAtMs = (twice.length - 1) * 1_000;
    expect(down.heldUntilMs).toBe(downAtMs + 30_000);
    const shown = healthAfter(twice + '+'.repeat(31)).slice(twice.length);
    expect(shown).toBe(`${'D'.repeat(29)}AA`);

    const rare = after(`+---${'+'.repeat(61)}---`);
    expect(rare).toMatchObject({health: 'Dead', heldUntilMs: undefined, downsMs: [(4 + 61 + 2) * 1_000]});
  });

  test('whatever happens, it never changes faster than the rule', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), {maxLength: 200}), (outcomes) => {
        let state = unprobed;
        let changedAt: {health: string; atMs: number} | undefined;
        for (const [at, answered] of outcomes.entries()) {
          const next = noteProbe(state, answered, at * 1_000);
          if (next.health !== state.health && state.health !== 'Unknown') {
            const sinceMs = at * 1_000 - (changedAt?.atMs ?? Number.NEGATIVE_INFINITY);
            expect(sinceMs).toBeGreaterThanOrEqual(next.health === 'Dead' ? 3_000 : 5_000);
          }
          if (next.health !== state.health) changedAt = {health: next.health, atMs: at * 1_000};
          expect(next.downsMs.length).toBeLessThanOrEqual(60);
          state = next;
        }
      }),
    );
  });

  test('each transition has a reason, no transition has none', () => {
    const alive = after('+');
    const dead = after('+---');
    expect(probeTransition(alive, dead)).toEqual({
      to: 'Dead',
      reason: 'GatewayDead',
      message: 'the gateway did not answer 3 times in a row',
    });
    expect(probeTransition(dead, after(`+---${'+'.repeat(6)}`))).toMatchObject({to: 'Alive', reason: 'GatewayAnswers'});
    expect(probeTransition(dead, after(`+---${'+'.repeat(6)}---`))).toBeUndefined();
    expect(probeTransition(alive, after(`+---${'+'.repeat(6)}---`))?.reason).toBe('GatewayFlapping');
    expect(probeTransition(alive, alive)).toBeUndefined();
  });
});

describe('all gateways at once (design §6: it suspects itself and keeps the last routes)', () => {
  /** Probes of several gateways, one string each, the same second in the same column. */
  function judged(rows: Readonly<Record<string, string>>, offsetMs: Readonly<Record<string, number>> = {}): string[] {
    const probes = new Map<string, ProbeState>();
    let state = noGateways;
    const seconds = Math.max(...Object.values(rows).map(({length}) => length));
    return Array.from({length: seconds}, (_, at) => {
      for (const [id, outcomes] of Object.entries(rows)) {
        const outcome = outcomes[at];
        if (outcome === undefined || outcome === ' ') continue;
        const nowMs = at * 1_000 + (offsetMs[id] ?? 0);
        probes.set(id, noteProbe(probes.get(id) ?? unprobed, outcome === '+', nowMs));
      }
      for (const id of toVouchFor(state, probes)) probes.set(id, vouchedFor(probes.get(id) ?? unprobed));
      state = judgeGateways(state, probes);
      const health = [...state.health].map(([id, each]) => `${id}${each.charAt(0)}`).join(' ');
      return state.suspectsItself ? `${health} ?` : health;
    });
  }

  test('all die within one period: the last routes stay, until one answers', () => {
    expect(judged({a: '+-----', b: '+-----'}, {b: 900}).at(-1)).toBe('aA bA ?');
    expect(judged({a: '+-----+', b: '+------'}).slice(-2)).toEqual(['aA bA ?', 'aA bA']);
  });

  test('one answers again: the silence was ours, and who stays silent needs three failures more', () => {
    expect(judged({a: '+-----+++', b: '+-----   '}).at(-1)).toBe('aA bA');
    expect(judged({a: '+-----++++', b: '+-----+---'}).at(-1)).toBe('aA bD');
    expect(judged({a: '+-----+++', b: '+-----+--'}).at(-1)).toBe('aA bA');
  });

  test('twice isolated within a minute is no flap of theirs', () => {
    const twice = '+----++----+';
    expect(judged({a: twice, b: twice}).at(-1)).toBe('aA bA');
    expect(judged({a: `${twice}++++++`, b: `${twice}---+++`}).at(-1)).toBe('aA bD');
    expect(judged({a: `${twice}+++++++++`, b: `${twice}---++++++`}).at(-1)).toBe('aA bA');
  });

  test('dying at one moment is found out up to a period apart, and late at that', () => {
    expect(judged({a: '+-----', b: '+-----'}, {b: 1_400}).at(-1)).toBe('aA bA ?');
    expect(judged({a: '+-----', b: '+-----'}, {b: 1_600}).at(-1)).toBe('aD bD');
  });

  test('none has answered since the start: nothing is known of any, and the first answer changes that', () => {
    expect(judged({a: '----', b: '----'}).at(-1)).toBe('aU bU');
    expect(judged({a: '-----', b: '----+'}).at(-1)).toBe('aD bU');
    expect(judged({a: '----------', b: '----++++++'}).at(-1)).toBe('aD bA');
    expect(judged({a: '-----', b: '----+-'})).toEqual(['aU bU', 'aU bU', 'aU bU', 'aU bU', 'aD bU', 'aD bD']);
    expect(judged({a: '----'}).at(-1)).toBe('aU');
  });

  test('one answers: no suspicion, the others are dead', () => {
    expect(judged({a: '+---', b: '+---', c: '++++'}).at(-1)).toBe('aD bD cA');
  });

  test('one after the other is no fault of ours', () => {
    expect(judged({a: '+-----', b: '+++---'})).toEqual(['aA bA', 'aA bA', 'aA bA', 'aD bA', 'aD bA', 'aD bD']);
  });

  test('a single gateway that dies is dead: failover must work with two clusters', () => {
    expect(judged({a: '+---'}).at(-1)).toBe('aD');
  });

  test('one that was dead before is not part of it, and stays dead', () => {
    expect(judged({a: '---------', b: '+++++----', c: '+++++----'}).at(-1)).toBe('aD bA cA ?');
    expect(judged({a: '---------', b: '+++++----'}).at(-1)).toBe('aD bD');
  });

  test('a cluster that leaves or comes while it is suspected', () => {
    expect(judged({a: '+-----', b: '+-----', c: '    --'}).at(-1)).toBe('aA bA cU ?');
  });

  test('a transition is told when routing is told, not when a probe fails', () => {
    const alive = new Map([
      ['a', after('+')],
      ['b', after('+')],
    ]);
    const first = judgeGateways(noGateways, alive);
    expect(gatewayTransitions(noGateways, first, alive).map(({cluster, to}) => `${cluster} ${to}`)).toEqual([
      'a Alive',
      'b Alive',
    ]);
    const silent = new Map([
      ['a', after('+---')],
      ['b', after('+---')],
    ]);
    const suspected = judgeGateways(first, silent);
    expect(gatewayTransitions(first, suspected, silent)).toEqual([]);
    const answers = new Map([...silent, ['b', after('+---+')] as const]);
    expect(toVouchFor(suspected, answers)).toEqual(['a', 'b']);
    const anew = new Map([...answers].map(([id, state]) => [id, vouchedFor(state)]));
    const told = judgeGateways(suspected, anew);
    expect(gatewayTransitions(suspected, told, anew)).toEqual([]);
    expect(toVouchFor(told, answers)).toEqual([]);
  });
});
