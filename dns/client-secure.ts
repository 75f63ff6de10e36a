import {request} from 'node:https';
import type {IncomingMessage} from 'node:http';
import {isIP} from 'node:net';
import {checkServerIdentity, connect} from 'node:tls';
import type {ConnectionOptions} from 'node:tls';
import type {Exchange} from './client-exchange.ts';
import {exchangeOver, failure, isAnswerTo} from './client-exchange.ts';

const PATH = '/dns-query';
const MEDIA_TYPE = 'application/dns-message';
/** The most that a DNS message has, over whatever transport. */
const MAX_BYTES = 65_535;

/** How a client knows that it speaks to the server that it means. */
export interface Secured {
  /** Authorities, PEM. Default: those of the system. */
  readonly caPem?: string;
  /** The name that the certificate has to be for. Default: the address that is connected to. */
  readonly name?: string;
  /** The certificate is not looked at: anybody may answer. */
  readonly trustsAnybody?: boolean;
}

/**
 * DNS over TLS (RFC 7858): as over TCP, in a connection that is encrypted.
 *
 * @throws {IsthmusError} ISTHMUS_DNS_QUERY: no answer in time, or not the server that is meant
 */
export async function exchangeTls(o: Exchange, secured: Secured): Promise<Buffer> {
  const socket = connect({host: o.server, port: o.port, ALPNProtocols: ['dot'], ...checks(o, secured)});
  return exchangeOver(socket, o, 'tls');
}

/** DNS over HTTPS (RFC 8484), by POST. The path is `/dns-query`. Throws as {@link exchangeTls}. */
export async function exchangeHttps(o: Exchange, secured: Secured): Promise<Buffer> {
  try {
    const message = await post(o, secured);
    if (!isAnswerTo(o, message)) throw new Error('it answered another query');
    return message;
  } catch (error) {
    throw failure(o, 'https', error);
  }
}

function post(o: Exchange, secured: Secured): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const asking = request({
      ...{host: o.server, port: o.port, path: PATH, method: 'POST', agent: false},
      ...checks(o, secured),
      headers: {'content-type': MEDIA_TYPE, 'accept': MEDIA_TYPE, 'content-length': o.query.length},
      signal: AbortSignal.timeout(o.timeoutMs),
    });
    asking.on('error', (error) => {
      reject(error.name === 'AbortError' ? new Error(`no answer within ${o.timeoutMs} ms`) : error);
    });
    asking.on('response', (response) => void readBody(response).then(resolve, reject));
    asking.end(o.query);
  });
}

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const {statusCode = 0, headers} = response;
  const type = headers['content-type'] ?? 'none';
  if (statusCode !== 200 || type !== MEDIA_TYPE) {
    response.destroy();
    throw new Error(`status ${statusCode}, content type ${type}`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`over ${MAX_BYTES} octets`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function checks(o: Exchange, {caPem, name, trustsAnybody = false}: Secured): ConnectionOptions {
  const servername = name ?? o.server;
  return {
    minVersion: 'TLSv1.2',
    rejectUnauthorized: !trustsAnybody,
    // By the name that was asked for, which Node does by the host that is connected to where it is an address.
    checkServerIdentity: (_host, certificate) => checkServerIdentity(servername, certificate),
    ...(caPem === undefined ? {} : {ca: caPem}),
    // SNI has no addresses (RFC 6066 section 3).
    ...(isIP(servername) === 0 ? {servername} : {}),
  };
}
