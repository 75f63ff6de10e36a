import type {IncomingMessage} from 'node:http';
import {tooLarge} from '../api-error.ts';
import type {RequestBody} from '../write/decode-object.ts';

const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** @throws ApiError 413 above 3 MiB */
export async function readBody(request: IncomingMessage): Promise<RequestBody> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    // The rest is read and dropped: a client that is still sending would otherwise see a reset instead of the answer.
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (size > MAX_BODY_BYTES) throw tooLarge(`limit is ${MAX_BODY_BYTES}`);
  const header = request.headers['content-type'] ?? '';
  return {bytes: Buffer.concat(chunks), contentType: (header.split(';')[0] ?? '').trim().toLowerCase()};
}
