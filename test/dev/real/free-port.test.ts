import {once} from 'node:events';
import type {AddressInfo} from 'node:net';
import {createServer} from 'node:net';

import {expect, onTestFinished, test} from 'vitest';

import {reservePort} from '../../../src/dev/real/free-port.ts';

async function takePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('a port that is taken is passed over for another one', async () => {
  const taken = await takePort();
  const chosen = [taken, taken];
  const reserved = await reservePort(() => chosen.pop() ?? 0);
  expect(chosen).toEqual([]);
  await reserved.release();
});

test('where all are taken, that is the error', async () => {
  const taken = await takePort();
  await expect(reservePort(() => taken)).rejects.toThrow(/no free port found/);
});

test('a reserved one is held until it is released', async () => {
  const reserved = await reservePort();
  await expect(reservePort(() => reserved.port)).rejects.toThrow(/no free port found/);
  await reserved.release();
  const again = await reservePort(() => reserved.port);
  expect(again.port).toBe(reserved.port);
  await again.release();
});
