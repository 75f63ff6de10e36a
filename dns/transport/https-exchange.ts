import type {Http2ServerRequest, Http2ServerResponse} from 'node:http2';
import {Counter} from '../counters.ts';
import {readAnswer} from '../wire/answer-reader.ts';
import {Rcode} from '../wire/codes.ts';
import {QueryReader} from '../wire/query-reader.ts';
import {isTruncated} from './answering.ts';
import type {StreamAnswering} from './answering.ts';
import {MAX_QUERY_BYTES} from './tcp-connection.ts';

const PATH = '/dns-query';
const MEDIA_TYPE = 'application/dns-message';
const LENGTH_BYTES = 2;
const BASE64URL = /^[A-Za-z0-9_-]+$/;

export interface HttpsRequest {
  readonly request: Http2ServerRequest;
  readonly response: Http2ServerResponse;
  readonly client: string | undefined;
  /** A whole request came. */
  readonly done: () => void;
}

/** One request of DNS over HTTPS (RFC 8484 §4): a query in the body of a POST, or base64url in the parameter `dns` of a GET. */
export class HttpsExchange {
  readonly #http: HttpsRequest;
  readonly #answering: StreamAnswering;

  constructor(http: HttpsRequest, answering: StreamAnswering) {
    this.#http = http;
    this.#answering = answering;
  }

  start(): void {
    const {request, response} = this.#http;
    // A stream that was reset is nobody's loss.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    const url = URL.parse(request.url, 'https://dns.invalid');
    if (url?.pathname !== PATH) this.#fail(404, `the path is ${PATH}`);
    else if (request.method === 'GET') this.#readParameter(url.searchParams.getAll('dns'));
    else if (request.method === 'POST') this.#readBody();
    else this.#fail(405, 'use GET or POST', {allow: 'GET, POST'});
  }

  #readParameter(values: readonly string[]): void {
    const [value] = values;
    if (value === undefined || values.length > 1 || !BASE64URL.test(value)) {
      return this.#fail(400, 'the parameter dns holds one query in base64url without padding');
    }
    if (value.length > (MAX_QUERY_BYTES * 4) / 3) return this.#fail(414, 'no query is that long');
    this.#answer(Buffer.from(value, 'base64url'));
  }

  #readBody(): void {
    const {request} = this.#http;
    if (request.headers['content-type'] !== MEDIA_TYPE) return this.#fail(415, `the content type is ${MEDIA_TYPE}`);
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_QUERY_BYTES) chunks.push(chunk);
      else if (bytes - chunk.length <= MAX_QUERY_BYTES) this.#fail(413, 'no query is that long');
    });
    request.on('end', () => {
      if (bytes <= MAX_QUERY_BYTES) this.#answer(Buffer.concat(chunks));
    });
  }

  #answer(message: Buffer): void {
    const {responder, counters, forwarder} = this.#answering;
    const {client} = this.#http;
    counters.add(Counter.httpsQueries);
    const reply = responder.respond(message, 'tls', client);
    const send = (framed: Buffer, rcode: number) => this.#send(message, framed, rcode);
    if (reply) send(reply, responder.rcode);
    else if (!responder.isForUpstream) this.#fail(400, 'this is not a DNS query');
    else forwarder?.forward({message, transport: 'tls', client, send});
  }

  #send(message: Buffer, framed: Buffer, rcode: number): void {
    const reply = framed.subarray(LENGTH_BYTES);
    if (!this.#isOver) this.#answering.counters.answered(rcode, isTruncated(reply, 0));
    this.#end(200, reply, {'content-type': MEDIA_TYPE, 'cache-control': cacheControl(message, reply)});
  }

  /** The client has gone, or has its answer. */
  get #isOver(): boolean {
    const {response} = this.#http;
    return response.destroyed || response.headersSent;
  }

  #fail(status: number, reason: string, headers: Readonly<Record<string, string>> = {}): void {
    const body = Buffer.from(`${reason}\n`);
    this.#end(status, body, {'content-type': 'text/plain', 'cache-control': 'no-store', ...headers});
  }

  #end(status: number, body: Buffer, headers: Readonly<Record<string, string>>): void {
    const {response, done} = this.#http;
    done();
    if (this.#isOver) return;
    response.writeHead(status, {...headers, 'content-length': body.length});
    response.end(body);
  }
}

const reader = new QueryReader();

/** RFC 8484 §5.1: no longer than the records live, and failures not at all. */
function cacheControl(message: Buffer, reply: Buffer): string {
  const rcode = reader.read(message);
  const seconds = rcode === Rcode.NOERROR && readAnswer(reply, reader.questionEnd, reader.type)?.lifetimeSeconds;
  return seconds ? `max-age=${seconds}` : 'no-store';
}
