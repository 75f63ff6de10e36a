import type {IncomingMessage} from 'node:http';
import {failure, tooLarge} from '../api-error.ts';
import type {RequestBody} from '../write/decode-object.ts';

const MAX_BODY_BYTES = 3 * 1024 * 1024;
/** The time that a kube-apiserver has for a whole request; here only the client can be that slow. */
const PATIENCE_MS = 60_000;
/** How long a client that was too slow may take to read that it was. */
const LINGER_MS = 5_000;

/** @throws ApiError 413 above 3 MiB, 504 for a client that does not get to an end */
export async function readBody(request: IncomingMessage, patienceMs = PATIENCE_MS): Promise<RequestBody> {
  const chunks: Buffer[] = [];
  let size = 0;
  const take = (chunk: Buffer): void => {
    size += chunk.length;
    // The rest is read and dropped: a client that is still sending would otherwise see a reset instead of the answer.
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  };
  await whole(request, take, patienceMs);
  if (size > MAX_BODY_BYTES) throw tooLarge(`limit is ${MAX_BODY_BYTES}`);
  const header = request.headers['content-type'] ?? '';
  return {bytes: Buffer.concat(chunks), contentType: (header.split(';')[0] ?? '').trim().toLowerCase()};
}

function whole(request: IncomingMessage, take: (chunk: Buffer) => void, patienceMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      request.off('data', take);
      request.socket.setTimeout(LINGER_MS, () => request.socket.destroy());
      reject(tooSlow());
    }, patienceMs).unref();
    const settle = (done: () => void): void => {
      clearTimeout(timer);
      done();
    };
    request.on('data', take);
    request.on('end', () => settle(resolve));
    request.on('error', (error) => settle(() => reject(error)));
    request.on('close', () => settle(() => reject(new Error('the client went away'))));
  });
}

function tooSlow(): Error {
  const message = 'Timeout: request did not complete within the allotted timeout';
  return failure({code: 504, reason: 'Timeout', message, details: {}});
}
