import {connect as connectHttp2} from 'node:http2';
import type {ClientHttp2Session, IncomingHttpHeaders} from 'node:http2';
import {request as requestHttps} from 'node:https';
import {connect} from 'node:tls';
import type {TLSSocket} from 'node:tls';
import type {Certificate} from '../../dns/transport/certificate.ts';
import {createAuthority, issueServing} from '../../src/pki/authority.ts';

const HOUR_MS = 3600 * 1000;

export interface TestAuthority {
  readonly caPem: string;
  issue(): Promise<Certificate>;
}

export async function testAuthority(): Promise<TestAuthority> {
  const validity = {notBeforeMs: Date.now() - HOUR_MS, notAfterMs: Date.now() + HOUR_MS};
  const ca = await createAuthority({commonName: 'dns test', ...validity});
  const names = {commonName: 'dns', dnsNames: ['dns.test'], ipAddresses: ['127.0.0.1']};
  return {caPem: ca.certPem, issue: () => issueServing(ca, {...names, ...validity})};
}

export interface SecureTarget {
  readonly host: string;
  readonly port: number;
  readonly caPem: string;
}

/** Resolves once the handshake is done. */
export function openTls(
  {host, port, caPem}: SecureTarget,
  {alpn = 'dot', servername = 'dns.test'}: {readonly alpn?: string; readonly servername?: string} = {},
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({host, port, ca: caPem, ALPNProtocols: [alpn], servername}, () => resolve(socket));
    socket.once('error', reject);
  });
}

export interface HttpsReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HttpsQuestion {
  readonly method?: string;
  readonly path?: string;
  readonly type?: string;
  readonly body?: Buffer;
}

export function openHttp2({host, port, caPem}: SecureTarget): Promise<ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(`https://${host}:${port}`, {ca: caPem, servername: 'dns.test'}, () =>
      resolve(session),
    );
    session.once('error', reject);
  });
}

export function askHttp2(session: ClientHttp2Session, o: HttpsQuestion): Promise<HttpsReply> {
  const {method = 'POST', path = '/dns-query', type = 'application/dns-message', body} = o;
  return new Promise((resolve, reject) => {
    const stream = session.request({':method': method, ':path': path, ...(body ? {'content-type': type} : {})});
    const chunks: Buffer[] = [];
    let headers: IncomingHttpHeaders & {':status'?: number | undefined} = {};
    stream.on('response', (received) => (headers = received));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => resolve({status: headers[':status'] ?? 0, headers, body: Buffer.concat(chunks)}));
    stream.on('error', reject);
    stream.end(body);
  });
}

/** Over HTTP/1.1, each on a connection of its own. */
export function askHttp1({host, port, caPem}: SecureTarget, o: HttpsQuestion): Promise<HttpsReply> {
  const {method = 'POST', path = '/dns-query', type = 'application/dns-message', body} = o;
  return new Promise((resolve, reject) => {
    const headers = body ? {'content-type': type, 'content-length': body.length} : {};
    const options = {host, port, ca: caPem, servername: 'dns.test', method, path, headers, agent: false};
    const request = requestHttps(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks)}),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}
