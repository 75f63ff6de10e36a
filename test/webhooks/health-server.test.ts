import {pino} from 'pino';
import {afterEach, describe, expect, test} from 'vitest';
import {startHealthServer} from '../../webhooks/health-server.ts';
import type {HealthServer, HealthServerOptions} from '../../webhooks/health-server.ts';

const opened: HealthServer[] = [];
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close();
});

async function start(more: Partial<HealthServerOptions> = {}): Promise<{get: (path: string) => Promise<Response>}> {
  const server = await startHealthServer({
    listen: {host: '127.0.0.1', port: 0},
    logger: pino({level: 'silent'}),
    ready: () => ({ready: true, reason: 'view 7'}),
    metrics: async () => 'isthmus_up 1\n',
    ...more,
  });
  opened.push(server);
  return {get: (path) => fetch(`http://127.0.0.1:${server.address.port}${path}`)};
}

describe('the health server', () => {
  test('is alive whether it is ready or not', async () => {
    const {get} = await start({ready: () => ({ready: false, reason: 'no full list yet'})});
    const answer = await get('/healthz');
    expect([answer.status, await answer.text()]).toEqual([200, 'ok\n']);
  });

  test.each([
    {ready: true, status: 200, text: 'ready: view 7\n'},
    {ready: false, status: 503, text: 'not ready: view 7\n'},
  ])('says ready=$ready with its reason', async ({ready, status, text}) => {
    const {get} = await start({ready: () => ({ready, reason: 'view 7'})});
    const answer = await get('/readyz');
    expect([answer.status, await answer.text()]).toEqual([status, text]);
  });

  test('serves metrics as the Prometheus text format', async () => {
    const {get} = await start();
    const answer = await get('/metrics');
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await answer.text()).toBe('isthmus_up 1\n');
  });

  test('turns a failure to collect metrics into a 500 without details', async () => {
    const {get} = await start({metrics: () => Promise.reject(new Error('hunter2'))});
    const answer = await get('/metrics');
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('hunter2');
  });

  test('closes though clients keep their connections open', async () => {
    const {get} = await start();
    await (await get('/healthz')).text();
    const startedMs = performance.now();
    await opened[0]?.close();
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    await expect(get('/healthz')).rejects.toThrow();
  });
});
