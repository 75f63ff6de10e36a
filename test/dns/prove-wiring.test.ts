import {afterEach, beforeEach, expect, test} from 'vitest';

import {proveWiring} from '../../dns/cluster-dns/prove-wiring.ts';
import type {Answering, Asked} from './played-upstream.ts';
import {PlayedUpstream, reply} from './played-upstream.ts';

let clusterDns: PlayedUpstream;
const silent: Answering = () => undefined;

beforeEach(async () => {
  clusterDns = new PlayedUpstream(silent);
  await clusterDns.start();
});
afterEach(() => clusterDns.close());

/** As an Isthmus server answers. */
const isthmus: Answering = (asked) => {
  const [, nonce] = /^_why\.([0-9a-f]{16})\.clusterset\.local$/.exec(asked.name) ?? [];
  return nonce === undefined ? reply(asked, {flags: 3}) : says(`server=Isthmus nonce=${nonce}`)(asked);
};

function says(text: string): Answering {
  return (asked) => reply(asked, {answers: [{type: 'TXT', name: asked.name, ttl: 0, data: text}]});
}

function prove(o: {waitMs: number; timeoutMs?: number}): ReturnType<typeof proveWiring> {
  const {host: server, port} = clusterDns.address;
  return proveWiring({server, port, zone: 'clusterset.local', everyMs: 1, timeoutMs: 15_000, ...o});
}

/** Names that were asked for, in their order: where the machine stalls, the client asks for one again. */
const names = (): readonly string[] => [...new Set(clusterDns.asked.map(({name}) => name))];

test('eight answers to questions that nobody has asked before prove it', async () => {
  clusterDns.answer = isthmus;
  const proof = await prove({waitMs: 0});
  expect(names()).toHaveLength(8);
  const nonce = names().at(-1)?.split('.')[1];
  const answer = `_why.${nonce}.clusterset.local TXT "server=Isthmus nonce=${nonce}"`;
  expect(proof).toEqual({kind: 'Proven', answer});
});

test.each([
  {name: 'what a server of the DNS specification says', answer: says('1.0.0'), because: 'NOERROR "1.0.0"'},
  {
    name: 'what was asked before, out of a cache',
    answer: says('server=Isthmus nonce=00'),
    because: 'NOERROR "server=Isthmus nonce=00"',
  },
  {name: 'that there is no such name', answer: (asked: Asked) => reply(asked, {flags: 3}), because: 'NXDOMAIN'},
])('$name does not prove it', async ({answer, because}) => {
  clusterDns.answer = answer;
  const name = /^_why\.[0-9a-f]{16}\.clusterset\.local TXT is answered with (.*)$/;
  const proof = await prove({waitMs: 0});
  expect(proof.kind).toBe('Disproven');
  expect(name.exec('because' in proof ? proof.because : '')?.[1]).toBe(because);
  expect(names()).toHaveLength(1);
});

test('one replica of two that has not read its configuration yet: not proven', async () => {
  clusterDns.answer = (asked) => (names().length === 6 ? says('old') : isthmus)(asked);
  expect(await prove({waitMs: 0})).toMatchObject({kind: 'Disproven'});
});

test('it waits for the configuration to be taken over', async () => {
  clusterDns.answer = (asked) => (names().length < 4 ? says('old') : isthmus)(asked);
  expect(await prove({waitMs: 60_000})).toMatchObject({kind: 'Proven'});
  expect(names()).toHaveLength(3 + 8);
});

test('one lost question is no verdict', async () => {
  clusterDns.answer = (asked) => (names().length === 1 ? undefined : isthmus(asked));
  expect(await prove({waitMs: 60_000, timeoutMs: 4_000})).toMatchObject({kind: 'Proven'});
});

test('a server that never answers is not asked on and on', async () => {
  expect(await prove({waitMs: 60_000, timeoutMs: 100})).toMatchObject({kind: 'Unreachable'});
  expect(names()).toHaveLength(2);
});
