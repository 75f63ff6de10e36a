import {createServer, request} from 'node:http';
import type {IncomingMessage, ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {ApiError} from '../../../src/dev/apiserver/api-error.ts';
import {readBody} from '../../../src/dev/apiserver/http/read-body.ts';

let outcome: Promise<unknown>;
let server: ReturnType<typeof createServer>;

beforeEach(async () => {
  const {promise, resolve} = Promise.withResolvers<unknown>();
  outcome = promise;
  server = createServer((incoming, response) => void serve(incoming, response));
  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    resolve(await readBody(incoming, 50).catch((error: unknown) => error));
    response.end();
  };
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

function send(): ReturnType<typeof request> {
  const {port} = server.address() as AddressInfo;
  const headers = {'content-type': 'Application/JSON; charset=utf-8', 'content-length': 2};
  const sent = request({port, host: '127.0.0.1', method: 'POST', headers});
  // The server hangs up on those who are too slow.
  sent.on('error', () => undefined);
  return sent;
}

test('a body and its content type, without parameters', async () => {
  send().end('{}');
  expect(await outcome).toEqual({bytes: Buffer.from('{}'), contentType: 'application/json'});
});

test('a client that does not get to an end has a minute, here a moment', async () => {
  const slow = send();
  slow.write('{');
  const error = await outcome;
  expect(error).toBeInstanceOf(ApiError);
  expect((error as ApiError).status).toMatchObject({
    code: 504,
    reason: 'Timeout',
    message: 'Timeout: request did not complete within the allotted timeout',
  });
  slow.destroy();
});

test('a client that goes away half way', async () => {
  const gone = send();
  gone.write('{');
  setImmediate(() => gone.destroy());
  expect(await outcome).toBeInstanceOf(Error);
});
