import {afterEach, beforeEach, expect, test} from 'vitest';

import {proveWiring} from '../../dns/cluster-dns/prove-wiring.ts';
import type {Answering} from './played-upstream.ts';
import {PlayedUpstream, reply} from './played-upstream.ts';

let clusterDns: PlayedUpstream;
const silent: Answering = () => undefined;

beforeEach(async () => {
  clusterDns = new PlayedUpstream(silent);
  await clusterDns.start();
});
afterEach(() => clusterDns.close());

function says(text: string): Answering {
  return (asked) => reply(asked, {answers: [{type: 'TXT', name: asked.name, ttl: 5, data: text}]});
}

function prove(waitMs: number): ReturnType<typeof proveWiring> {
  const {host: server, port} = clusterDns.address;
  return proveWiring({server, port, zone: 'clusterset.local', waitMs, everyMs: 1, timeoutMs: 100});
}

test("Isthmus' own version proves it", async () => {
  clusterDns.answer = says('1.0.0');
  expect(await prove(0)).toEqual({kind: 'Proven', answer: 'dns-version.clusterset.local TXT "1.0.0"'});
  // Where the machine stalls, the client asks again.
  expect(new Set(clusterDns.asked.map(({name, type}) => `${name} ${type}`))).toEqual(
    new Set(['dns-version.clusterset.local TXT']),
  );
});

test("the version of CoreDNS' own clusterset zone does not", async () => {
  clusterDns.answer = says('1.1.0');
  const because = 'dns-version.clusterset.local TXT is answered with NOERROR "1.1.0"';
  expect(await prove(0)).toEqual({kind: 'Disproven', because});
});

test('it waits for the configuration to be taken over', async () => {
  let asked = 0;
  clusterDns.answer = (question) => says(++asked < 4 ? 'old' : '1.0.0')(question);
  expect(await prove(10_000)).toMatchObject({kind: 'Proven'});
  expect(asked).toBe(4);
});

test('one lost datagram is no verdict; a server that never answers is not asked on and on', async () => {
  let asked = 0;
  clusterDns.answer = (question) => (++asked === 1 ? undefined : says('1.0.0')(question));
  expect(await prove(10_000)).toMatchObject({kind: 'Proven'});
  clusterDns.answer = silent;
  expect(await prove(60_000)).toMatchObject({kind: 'Unreachable'});
});
