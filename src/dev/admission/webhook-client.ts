import {Agent, request} from 'node:https';
import type {ClientRequest, IncomingMessage} from 'node:http';
import {parseBoundedJson} from '../schema/bounded-json.ts';
import {checkNames, goErrorText, statusText} from './go-errors.ts';
import type {WebhookAddress} from './webhook-address.ts';
import {WebhookFailure} from './webhook-failure.ts';

const MAX_ANSWER_BYTES = 3 * 1024 * 1024;

export interface WebhookCall {
  readonly address: WebhookAddress;
  /** Base64 of PEM; empty for the system's roots. */
  readonly caBundle: string;
  readonly body: string;
  readonly timeoutMs: number;
}

/**
 * Calls webhooks over TLS and keeps their connections open, one pool for each CA, address and name. A pool that no configuration
 * needs any more is closed as soon as its last call is answered.
 */
export class WebhookClient {
  readonly #agents = new Map<string, Agent>();

  /**
   * @returns the parsed body of a 2xx answer
   * @throws WebhookFailure with Go's words for what went wrong
   */
  async call(call: WebhookCall): Promise<unknown> {
    const signal = AbortSignal.timeout(call.timeoutMs);
    for (let attempt = 0; ; attempt++) {
      const sent = this.#send(call, signal);
      try {
        return parseAnswer(await sent.answer);
      } catch (error) {
        if (error instanceof WebhookFailure) throw error;
        // The server closed an idle connection at the moment it was used again: nobody has seen the request.
        const isStale =
          sent.request.reusedSocket && 'code' in (error as Error) && (error as {code?: string}).code === 'ECONNRESET';
        if (attempt === 0 && isStale && !signal.aborted) continue;
        throw toFailure(error as Error, call);
      }
    }
  }

  /** Keeps the pools of these configurations and lets the others go. */
  retain(used: ReadonlySet<string>): void {
    for (const [key, agent] of this.#agents) {
      if (used.has(key.slice(0, key.indexOf('\n')))) continue;
      this.#agents.delete(key);
      agent.maxFreeSockets = 0;
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
    }
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }

  #send(call: WebhookCall, signal: AbortSignal): {request: ClientRequest; answer: Promise<Answer>} {
    const {address} = call;
    const sent = request({
      agent: this.#agentFor(call),
      method: 'POST',
      host: address.host,
      port: address.port,
      path: address.path,
      signal,
      servername: isName(address.name) ? address.name : '',
      headers: {
        'Host': hostHeader(address),
        'Accept': 'application/json, */*',
        'Content-Type': 'application/json',
        'User-Agent': 'kube-apiserver-admission',
        'Content-Length': Buffer.byteLength(call.body),
      },
    });
    const answer = new Promise<Answer>((resolve, reject) => {
      sent.on('error', reject);
      sent.on('response', (response) => void readAnswer(response).then(resolve, reject));
      sent.end(call.body);
    });
    return {request: sent, answer};
  }

  #agentFor({address, caBundle}: WebhookCall): Agent {
    const key = `${caBundle}\n${address.host}\n${address.port}\n${address.name}`;
    let agent = this.#agents.get(key);
    if (agent === undefined) {
      agent = new Agent({
        keepAlive: true,
        maxFreeSockets: 16,
        ...(caBundle === '' ? {} : {ca: decodeBundle(caBundle)}),
        checkServerIdentity: (_host, certificate) => checkNames(address.name, certificate),
      });
      this.#agents.set(key, agent);
    }
    return agent;
  }
}

interface Answer {
  readonly code: number;
  readonly contentType: string;
  readonly text: string;
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) {
      throw new WebhookFailure(`failed to call webhook: response body is larger than ${MAX_ANSWER_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return {
    code: response.statusCode ?? 0,
    contentType: response.headers['content-type'] ?? '',
    text: Buffer.concat(chunks).toString(),
  };
}

function parseAnswer({code, contentType, text}: Answer): unknown {
  const fail = (why: string, cause?: unknown): WebhookFailure =>
    new WebhookFailure(`failed to call webhook: ${why}`, cause === undefined ? {} : {cause});
  if (code < 200 || code > 299) {
    const isText = contentType === '' || contentType.startsWith('text/');
    throw fail(statusText(code, isText ? text : ''));
  }
  if (text === '') throw fail(`0-length response with status code: ${code} and content type: application/json`);
  try {
    return parseBoundedJson(text);
  } catch (error) {
    throw fail(`couldn't get version/kind; json parse error: ${(error as Error).message}`, error);
  }
}

function toFailure(error: Error, call: WebhookCall): WebhookFailure {
  const {host, port, url} = call.address;
  const why = goErrorText(error, {host, port, nowMs: Date.now()});
  return new WebhookFailure(`failed to call webhook: Post "${url}": ${why}`, {cause: error});
}

/** A garbage caBundle is accepted when it is written and fails here (apiserver.md §5.3). */
function decodeBundle(caBundle: string): string {
  const pem = Buffer.from(caBundle, 'base64').toString();
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  throw new WebhookFailure(
    'could not get REST client: unable to load root certificates: unable to parse bytes as PEM block',
  );
}

/** An address is not sent as a server name (RFC 6066 §3). */
function isName(name: string): boolean {
  return !/^[\d.]+$/.test(name) && !name.includes(':');
}

/** As Go writes it: the URL's host and port, whatever address they were resolved to. */
function hostHeader({url}: WebhookAddress): string {
  return /^https:\/\/([^/?]*)/.exec(url)?.[1] ?? '';
}
