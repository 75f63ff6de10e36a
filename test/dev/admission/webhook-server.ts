import {createServer} from 'node:https';
import type {IncomingMessage, ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {createAuthority, issueServing} from '../../../src/pki/authority.ts';
import type {KeyPairPem} from '../../../src/pki/authority.ts';
import type {JsonObject} from '../../../src/dev/schema/json.ts';

const HOUR_MS = 3_600_000;

export interface ReviewRequest extends JsonObject {
  uid: string;
  name?: string;
  object: JsonObject | null;
}

export interface SeenReview {
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly request: ReviewRequest;
}

/** What a path answers: fields of `response`, the uid is added; or the whole exchange. */
export type Answer =
  ((request: ReviewRequest) => JsonObject) | {raw: (response: ServerResponse, request: ReviewRequest) => void};

export interface TestAuthority {
  readonly pair: KeyPairPem;
  /** As it stands in a configuration. */
  readonly caBundle: string;
}

/** @param commonName - two of one name would be taken for one another, and Go would say so */
export async function testAuthority(commonName = 'test CA'): Promise<TestAuthority> {
  const now = Date.now();
  const pair = await createAuthority({commonName, notBeforeMs: now - HOUR_MS, notAfterMs: now + HOUR_MS});
  return {pair, caBundle: Buffer.from(pair.certPem).toString('base64')};
}

export interface TestWebhookServer {
  readonly base: string;
  readonly port: number;
  readonly seen: SeenReview[];
  connections(): number;
  close(): Promise<void>;
}

export interface TestServerOptions {
  readonly authority: TestAuthority;
  readonly answers: Readonly<Record<string, Answer>>;
  readonly ipAddresses?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly validMs?: readonly [from: number, to: number];
}

/** A webhook server with a certificate of its own, on a port of its own. */
export async function startTestServer(options: TestServerOptions): Promise<TestWebhookServer> {
  const {authority, answers} = options;
  const now = Date.now();
  const [notBeforeMs, notAfterMs] = options.validMs ?? [now - HOUR_MS, now + HOUR_MS];
  const {certPem, keyPem} = await issueServing(authority.pair, {
    commonName: 'webhook',
    dnsNames: options.dnsNames ?? [],
    ipAddresses: options.ipAddresses ?? ['127.0.0.1'],
    notBeforeMs,
    notAfterMs,
  });
  const seen: SeenReview[] = [];
  let connections = 0;
  const server = createServer({cert: certPem, key: keyPem}, (incoming, response) => {
    void serve(incoming, response);
  });
  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readReview(incoming);
    const url = incoming.url ?? '';
    seen.push({url, headers: incoming.headers, request});
    respond(response, request, answers[url.slice(0, url.indexOf('?'))]);
  };
  server.on('secureConnection', () => connections++);
  // A client that does not trust the certificate hangs up; that is its answer, not our error.
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;
  return {
    base: `https://127.0.0.1:${port}`,
    port,
    seen,
    connections: () => connections,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function readReview(incoming: IncomingMessage): Promise<ReviewRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return (JSON.parse(Buffer.concat(chunks).toString()) as {request: ReviewRequest}).request;
}

function respond(response: ServerResponse, request: ReviewRequest, answer: Answer | undefined): void {
  if (answer === undefined) {
    response.writeHead(404).end();
    return;
  }
  if (typeof answer === 'object') {
    answer.raw(response, request);
    return;
  }
  const review = {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {uid: request.uid, ...answer(request)},
  };
  response.setHeader('Content-Type', 'application/json').end(JSON.stringify(review));
}

/** `patchType` and `patch` of an answer. */
export function jsonPatch(...operations: JsonObject[]): JsonObject {
  return {patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(operations)).toString('base64')};
}
