import {Agent, request} from 'node:https';
import type {TLSSocket} from 'node:tls';
import {createAuthority, issueServing} from '../../src/pki/authority.ts';
import type {KeyPairPem} from '../../src/pki/authority.ts';

/** One CA and a serving certificate for 127.0.0.1, valid now. */
export async function servingPair(ca?: KeyPairPem): Promise<{ca: KeyPairPem; tls: KeyPairPem}> {
  const nowMs = Date.now();
  const times = {notBeforeMs: nowMs - 60_000, notAfterMs: nowMs + 3_600_000};
  const authority = ca ?? (await createAuthority({commonName: 'webhook-ca', ...times}));
  const tls = await issueServing(authority, {
    commonName: 'isthmus-agent',
    dnsNames: ['isthmus-agent.isthmus-system.svc'],
    ipAddresses: ['127.0.0.1'],
    ...times,
  });
  return {ca: authority, tls};
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** SHA-256 of the server's certificate. */
  readonly fingerprint: string;
}

export interface Post {
  readonly port: number;
  readonly ca: string;
  readonly path?: string;
  readonly body: string;
  readonly contentType?: string | undefined;
  readonly agent?: Agent;
}

/** A POST as an API server makes it: TLS verified against `ca`, keep-alive through the agent. */
export function post(options: Post): Promise<Answer> {
  const {port, ca, path = '/validate/things?timeout=3s', body, agent} = options;
  const contentType = 'contentType' in options ? options.contentType : 'application/json';
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port,
        path,
        ca,
        method: 'POST',
        agent: agent ?? new Agent({keepAlive: false}),
        headers: {
          'content-length': Buffer.byteLength(body),
          ...(contentType !== undefined && {'content-type': contentType}),
        },
      },
      (incoming) => {
        const socket = incoming.socket as TLSSocket;
        const fingerprint = socket.getPeerCertificate().fingerprint256;
        let text = '';
        incoming.setEncoding('utf8');
        incoming.on('data', (chunk: string) => (text += chunk));
        incoming.on('end', () =>
          resolve({status: incoming.statusCode ?? 0, headers: incoming.headers, text, fingerprint}),
        );
        incoming.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
