import type {IncomingMessage, ServerResponse} from 'node:http';
import {setTimeout as delay} from 'node:timers/promises';

import type {RequestInfo} from '../apiserver/http/request-info.ts';
import type {Fault, RequestFacts} from '../faults.ts';

/** A request on its way through a front. */
export interface FrontRequest {
  readonly info: RequestInfo;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

/** What the faults of a request leave for its answer. */
export interface Passing {
  readonly silent: boolean;
  readonly dropAfterMs: number | undefined;
  /** One after the other, of the whole body. */
  readonly rewrites: readonly ((body: unknown) => unknown)[];
}

const UNTOUCHED: Passing = {silent: false, dropAfterMs: undefined, rewrites: []};

/** Lets the faults of a request happen, as far as they come before its answer. Undefined: it has had one, or will never have one. */
export async function sufferFaults(at: FrontRequest, faults: readonly Fault[]): Promise<Passing | undefined> {
  let passing: Passing = UNTOUCHED;
  for (const fault of faults) {
    const next = await suffer(fault, at, passing);
    if (next === undefined) return undefined;
    passing = next;
  }
  return passing;
}

async function suffer(
  fault: Fault,
  {info, incoming, outgoing}: FrontRequest,
  passing: Passing,
): Promise<Passing | undefined> {
  switch (fault.kind) {
    case 'latency':
      await delay(fault.ms, undefined, {ref: false});
      return passing;
    case 'status':
      return refuseFor(fault, outgoing);
    case 'overload':
      return overload(fault, outgoing);
    case 'gone':
      return sayGone(info, outgoing);
    case 'dropWatch':
      return {...passing, dropAfterMs: fault.afterMs ?? 0};
    case 'halfOpenWatch':
      return {...passing, silent: true};
    case 'reset':
      incoming.socket.destroy();
      return undefined;
    case 'hang':
      return undefined;
    case 'emptyList':
      return info.verb === 'list' ? {...passing, rewrites: [...passing.rewrites, withoutItems]} : passing;
    case 'rewriteBody':
      return {...passing, rewrites: [...passing.rewrites, fault.rewrite]};
  }
}

function refuseFor(fault: Extract<Fault, {kind: 'status'}>, outgoing: ServerResponse): undefined {
  const {code, reason = '', message = 'a fault that was asked for', retryAfterSeconds} = fault;
  const status = toStatus(code, reason, message);
  if (retryAfterSeconds === undefined) return refuse(outgoing, status);
  outgoing.setHeader('Retry-After', String(retryAfterSeconds));
  return refuse(outgoing, {...status, ...{details: {retryAfterSeconds}}});
}

function overload({retryAfterSeconds = 1}: Extract<Fault, {kind: 'overload'}>, outgoing: ServerResponse): undefined {
  outgoing.writeHead(429, {'content-type': 'text/plain; charset=utf-8', 'Retry-After': String(retryAfterSeconds)});
  outgoing.end('Too many requests, please try again later.\n');
  return undefined;
}

/** 410, as a real server says it: HTTP for a list, an ERROR event for a watch. */
export function sayGone(info: RequestInfo, outgoing: ServerResponse): undefined {
  const gone = toStatus(410, 'Expired', 'too old resource version: 1 (2)');
  if (info.verb !== 'watch') return refuse(outgoing, gone);
  outgoing.writeHead(200, {'content-type': 'application/json'});
  outgoing.end(`${JSON.stringify({type: 'ERROR', object: gone})}\n`);
  return undefined;
}

function withoutItems(body: unknown): unknown {
  const {metadata, ...list} = body as {metadata?: {resourceVersion?: string}};
  return {...list, metadata: {resourceVersion: metadata?.resourceVersion ?? ''}, items: []};
}

function refuse(outgoing: ServerResponse, status: {readonly code: number}): undefined {
  outgoing.writeHead(status.code, {'content-type': 'application/json'});
  outgoing.end(JSON.stringify(status));
}

function toStatus(code: number, reason: string, message: string): {readonly code: number} {
  return {...{kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason}, code};
}

/** What faults are looked up by. */
export function factsOf(info: RequestInfo, incoming: IncomingMessage): RequestFacts {
  return {
    method: info.method,
    resource: info.resource?.plural,
    group: info.resource?.group,
    verb: info.verb === 'deletecollection' ? 'delete' : info.verb,
    namespace: info.resource?.namespace,
    name: info.resource?.name,
    fieldManager: info.query.get('fieldManager') ?? undefined,
    userAgent: incoming.headers['user-agent'] ?? '',
  };
}
