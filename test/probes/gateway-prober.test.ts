import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {GatewayTransition} from '../../src/clusterset/gateway-suspicion.ts';
import {GatewayProber} from '../../src/probes/gateway-prober.ts';
import type {GatewayProbing} from '../../src/probes/gateway-prober.ts';
import {MAX_ADDRESSES_AT_ONCE, probeTarget} from '../../src/probes/probe-target.ts';
import type {ProbeAddress} from '../../src/probes/probe-target.ts';
import {Slots} from '../../src/probes/slots.ts';
import {probeTcp} from '../../src/probes/tcp-probe.ts';
import {eventually} from '../tools/eventually.ts';
import {fastProbing, PlayedGateway, silentGateway} from './gateways.ts';

let stop: AbortController;
let transitions: GatewayTransition[];
const played: PlayedGateway[] = [];

beforeEach(() => {
  stop = new AbortController();
  transitions = [];
});

afterEach(async () => {
  stop.abort();
  await Promise.all(played.splice(0).map(async (each) => each.down()));
});

async function gatewayUp(): Promise<PlayedGateway> {
  const gateway = await new PlayedGateway().up();
  played.push(gateway);
  return gateway;
}

function startProber(probing: GatewayProbing = {}): GatewayProber {
  const prober = new GatewayProber({
    ...fastProbing(),
    ...probing,
    onChange: (news) => transitions.push(...news),
  });
  prober.start(stop.signal);
  return prober;
}

const openSockets = (): number =>
  process.getActiveResourcesInfo().filter((kind) => kind.startsWith('TCPSocket') || kind === 'TCPWrap').length;
const at = (gateway: PlayedGateway) => ({addresses: [gateway.host], port: gateway.port});
const healthOf = (prober: GatewayProber, id: string) => prober.state.health.get(id);
const reaches = async (prober: GatewayProber, id: string, health: string): Promise<void> => {
  await eventually(`${id} ${health}`, () => healthOf(prober, id) === health);
};

describe('gateways on loopback', () => {
  test('one that answers is alive, one that stops is dead, one that comes back is alive: each told once', async () => {
    const [a, b] = [await gatewayUp(), await gatewayUp()];
    const prober = startProber();
    prober.want(new Map([['a', at(a)], ['b', at(b)]])); // prettier-ignore
    await reaches(prober, 'a', 'Alive');
    await reaches(prober, 'b', 'Alive');
    await b.down();
    await reaches(prober, 'b', 'Dead');
    expect(healthOf(prober, 'a')).toBe('Alive');
    expect(prober.reports().get('b')).toMatchObject({because: 'ECONNREFUSED', transitions: {Alive: 1, Dead: 1}});
    await b.up();
    await reaches(prober, 'b', 'Alive');
    expect(transitions.filter(({cluster}) => cluster === 'b').map(({to, reason}) => `${to} ${reason}`)).toEqual([
      'Alive GatewayAnswers',
      'Dead GatewayDead',
      'Alive GatewayAnswers',
    ]);
  });

  test('none that ever answered: nothing is known, and nothing told', async () => {
    const gone = await gatewayUp();
    await gone.down();
    const prober = startProber();
    prober.want(new Map([['a', at(gone)], ['b', at(gone)]])); // prettier-ignore
    await eventually('failures', () => [...prober.reports().values()].every(({probed}) => probed === 'Dead'));
    expect([...prober.state.health.values()]).toEqual(['Unknown', 'Unknown']);
    expect(transitions).toEqual([]);
    const there = await gatewayUp();
    prober.want(new Map([['a', at(gone)], ['b', at(gone)], ['c', at(there)]])); // prettier-ignore
    await reaches(prober, 'c', 'Alive');
    expect([healthOf(prober, 'a'), healthOf(prober, 'b')]).toEqual(['Dead', 'Dead']);
  });

  test('all at once: what was told stays, until one answers', async () => {
    const [a, b] = [await gatewayUp(), await gatewayUp()];
    // In step: what is on the same moment here is up to 40 ms apart on a busy machine otherwise.
    const prober = startProber({random: () => 0});
    prober.want(new Map([['a', at(a)], ['b', at(b)]])); // prettier-ignore
    await reaches(prober, 'a', 'Alive');
    await reaches(prober, 'b', 'Alive');
    await Promise.all([a.down(), b.down()]);
    await eventually('suspicion', () => prober.state.suspectsItself);
    expect([...prober.state.health.values()]).toEqual(['Alive', 'Alive']);
    expect(prober.reports().get('a')).toMatchObject({health: 'Alive'});
    await eventually('dead by probes', () => prober.reports().get('b')?.probed === 'Dead');
    await a.up();
    await eventually('trust', () => !prober.state.suspectsItself);
    expect([...prober.state.health.values()]).toEqual(['Alive', 'Alive']);
    await reaches(prober, 'b', 'Dead');
    expect(healthOf(prober, 'a')).toBe('Alive');
    expect(transitions.map(({cluster, to}) => `${cluster} ${to}`).toSorted()).toEqual(['a Alive', 'b Alive', 'b Dead']);
  });

  test('a second fall within a minute holds it down for half a minute', async () => {
    const [a, b] = [await gatewayUp(), await gatewayUp()];
    const prober = startProber();
    prober.want(new Map([['a', at(a)], ['b', at(b)]])); // prettier-ignore
    await reaches(prober, 'b', 'Alive');
    for (const reason of ['GatewayDead', 'GatewayFlapping']) {
      await reaches(prober, 'a', 'Alive');
      await a.down();
      await reaches(prober, 'a', 'Dead');
      expect(transitions.at(-1)).toMatchObject({cluster: 'a', to: 'Dead', reason});
      await a.up();
    }
    expect(prober.reports().get('a')?.held).toBe(true);
    const heldAtMs = performance.now();
    await reaches(prober, 'a', 'Alive');
    // 30 s of the fast clock, but for the moments between the fall and our look.
    expect(performance.now() - heldAtMs).toBeGreaterThan(900);
  });

  test('a gateway that moved while it was dead is believed at its first answer, and one that is not wanted is left alone', async () => {
    const [a, b, elsewhere] = [await gatewayUp(), await gatewayUp(), await gatewayUp()];
    const prober = startProber();
    prober.want(new Map([['a', at(a)], ['b', at(b)]])); // prettier-ignore
    await reaches(prober, 'a', 'Alive');
    await reaches(prober, 'b', 'Alive');
    await a.down();
    await reaches(prober, 'a', 'Dead');
    prober.want(new Map([['a', at(elsewhere)]]));
    await reaches(prober, 'a', 'Alive');
    expect(prober.reports().has('b')).toBe(false);
    stop.abort();
    await prober.closed;
    const before = elsewhere.connections;
    await new Promise((resolve) => setImmediate(resolve));
    expect(elsewhere.connections).toBe(before);
  });
});

describe('one probe', () => {
  const signal = AbortSignal.timeout(10_000);

  test('a port where nobody listens is refused, and an aborted probe ends at once', async () => {
    const gateway = await gatewayUp();
    expect(await probeTcp({host: gateway.host, port: gateway.port}, {timeoutMs: 1_000})).toBeUndefined();
    await gateway.down();
    expect(await probeTcp({host: gateway.host, port: gateway.port}, {timeoutMs: 1_000})).toBe('ECONNREFUSED');
    expect(await probeTcp({host: gateway.host, port: 1}, {timeoutMs: 1_000, signal: AbortSignal.abort()})).toBe(
      'aborted',
    );
  });

  test('where nothing answers at all, no connection is left behind', async () => {
    const silent = await silentGateway();
    try {
      const before = openSockets();
      const probes = Array.from({length: 20}, async () => probeTcp(silent, {timeoutMs: 100}));
      expect(openSockets()).toBe(before + 20);
      const outcomes = await Promise.all(probes);
      // Some of them may still have found room in its queue.
      expect(outcomes.filter((outcome) => outcome === 'no answer within 100 ms').length).toBeGreaterThan(10);
      await eventually('closed', () => openSockets() === before);
    } finally {
      silent.end();
    }
  });

  test('an answer that came while this process was busy counts, although its time is over', async () => {
    const gateway = await gatewayUp();
    const asked = probeTcp({host: gateway.host, port: gateway.port}, {timeoutMs: 5});
    const untilMs = performance.now() + 50;
    while (performance.now() < untilMs);
    expect(await asked).toBeUndefined();
  });

  test.each([
    {name: 'the address that answered last is asked alone', preferred: 'b', alive: ['a', 'b'], asked: ['b']},
    {name: 'where it fails, all are', preferred: 'b', alive: ['c'], asked: ['b', 'a', 'b', 'c']},
    {name: 'an address that is gone is not asked', preferred: 'x', alive: ['c'], asked: ['a', 'b', 'c']},
    {
      name: 'none answers: the reason of the first',
      preferred: undefined,
      alive: [] as string[],
      asked: ['a', 'b', 'c'],
    },
  ])('of several addresses: $name', async ({preferred, alive, asked}) => {
    const seen: string[] = [];
    const probe: ProbeAddress = async ({host}) => {
      seen.push(host);
      return alive.includes(host) ? undefined : `no ${host}`;
    };
    const outcome = await probeTarget(
      {port: 1, addresses: ['a', 'b', 'c']},
      {preferred, timeoutMs: 100, signal, probe},
    );
    expect(seen).toEqual(asked);
    const [answers] = alive;
    expect(outcome).toMatchObject(
      answers === undefined
        ? {answered: false, because: 'no a'}
        : {answered: true, address: asked.find((a) => alive.includes(a))},
    );
  });

  test('a name with many addresses makes no more than a few connections', async () => {
    let most = 0;
    const probe: ProbeAddress = async () => {
      most++;
      return 'no';
    };
    const addresses = Array.from({length: 32}, (_, i) => `${i}`);
    await probeTarget({port: 1, addresses}, {preferred: undefined, timeoutMs: 100, signal, probe});
    expect(most).toBe(MAX_ADDRESSES_AT_ONCE);
  });

  test('slots: never more at once, nobody is forgotten, a failure frees its slot', async () => {
    const slots = new Slots(2);
    let [running, most] = [0, 0];
    const work = (fails: boolean) => async (): Promise<void> => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      if (fails) throw new Error('no');
    };
    const ended = await Promise.allSettled(Array.from({length: 9}, (_, i) => slots.run(work(i % 3 === 0))));
    expect(ended.map(({status}) => status).filter((status) => status === 'rejected')).toHaveLength(3);
    expect(most).toBe(2);
  });
});
