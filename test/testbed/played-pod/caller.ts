import {Agent, request} from 'node:http';
import {connect as connectHttp2} from 'node:http2';
import {lookup} from 'node:dns/promises';
import {connect} from 'node:net';
import {performance} from 'node:perf_hooks';

/** Plays the application that calls: `caller.ts [STEP, ...]` does the steps in order and prints what came of each. */

export type Step =
  | {
      readonly http: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly version?: 2;
      /** One after the other over one connection. */
      readonly times?: number;
    }
  | {readonly tcp: string; readonly port: number; readonly say: string}
  | {readonly resolve: string};

export interface Outcome {
  /** Of the last one. */
  readonly status?: number;
  readonly body?: string;
  /** What an error says, such as ECONNREFUSED. */
  readonly failed?: string;
  /** How many answers came from whom; a status where the answer names nobody. */
  readonly tally?: Readonly<Record<string, number>>;
  readonly slowestMs?: number;
}

interface Reply {
  readonly status: number;
  readonly body: string;
}

const TIMEOUT_MS = 5_000;

async function doStep(step: Step): Promise<Outcome> {
  try {
    // As every application does it: the hosts file first, then DNS.
    if ('resolve' in step) return {body: (await lookup(step.resolve)).address};
    return 'tcp' in step ? await callTcp(step) : await callHttp(step);
  } catch (error) {
    return {failed: error instanceof Error && 'code' in error ? String(error.code) : String(error)};
  }
}

async function callHttp(step: Extract<Step, {http: string}>): Promise<Outcome> {
  const url = new URL(step.http);
  const agent = new Agent({keepAlive: true, maxSockets: 1});
  const tally: Record<string, number> = {};
  let slowestMs = 0;
  let last: Reply = {status: 0, body: ''};
  for (let at = 0; at < (step.times ?? 1); at++) {
    const begin = performance.now();
    last =
      step.version === 2 ? await getHttp2(url, step.headers) : await get(url, {agent, headers: step.headers ?? {}});
    slowestMs = Math.max(slowestMs, performance.now() - begin);
    const by =
      last.status === 200 && last.body !== '' ? (JSON.parse(last.body) as {by: string}).by : String(last.status);
    tally[by] = (tally[by] ?? 0) + 1;
  }
  agent.destroy();
  return {...last, tally, slowestMs};
}

function get(url: URL, options: {agent: Agent; headers: Readonly<Record<string, string>>}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(url, {...options, timeout: TIMEOUT_MS}, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({status: response.statusCode ?? 0, body}));
      response.on('error', reject);
    });
    sent.on('timeout', () => sent.destroy(new Error('timeout'))).on('error', reject);
    sent.end();
  });
}

function getHttp2(url: URL, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(url.origin);
    session.on('error', reject);
    const stream = session.request({':path': url.pathname, ...headers});
    let status = 0;
    let body = '';
    stream.on('response', (of) => (status = Number(of[':status'])));
    stream.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    stream.setTimeout(TIMEOUT_MS, () => stream.destroy(new Error('timeout')));
    stream.on('error', reject).on('close', () => {
      session.close();
      resolve({status, body});
    });
  });
}

/** Waits for what the server says first, says its own, and ends when that has come back. */
function callTcp(step: Extract<Step, {tcp: string}>): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let body = '';
    const socket = connect({host: step.tcp, port: step.port, timeout: TIMEOUT_MS});
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      if (body === '') socket.write(step.say);
      body += chunk;
      if (body.endsWith(step.say)) socket.destroy();
    });
    socket.on('timeout', () => socket.destroy(new Error('timeout')));
    socket.on('error', reject).on('close', () => resolve({body}));
  });
}

if (import.meta.main) {
  const outcomes: Outcome[] = [];
  for (const step of JSON.parse(process.argv[2] ?? '[]') as Step[]) outcomes.push(await doStep(step));
  process.stdout.write(JSON.stringify(outcomes));
}
