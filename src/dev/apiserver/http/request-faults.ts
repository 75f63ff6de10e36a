import {setTimeout as delay} from 'node:timers/promises';
import type {Fault, Faults, RequestFacts} from '../../faults.ts';
import {expired, failure} from '../api-error.ts';
import {answerText} from './answer.ts';
import type {Exchange} from './answer.ts';
import type {RequestInfo} from './request-info.ts';

/** What the faults of a request left for later, when the answer is made. */
export interface PendingFaults {
  readonly emptyList: boolean;
  readonly gone: boolean;
  readonly silentWatch: boolean;
  readonly dropAfterMs: number | undefined;
}

export function factsOf(exchange: Exchange, info: RequestInfo): RequestFacts {
  return {
    method: info.method,
    resource: info.resource?.plural,
    group: info.resource?.group,
    verb: info.verb === 'deletecollection' ? 'delete' : info.verb,
    namespace: info.resource?.namespace,
    name: info.resource?.name,
    fieldManager: info.query.get('fieldManager') ?? undefined,
    userAgent: exchange.request.headers['user-agent'] ?? '',
  };
}

/**
 * Lets the faults of a request happen, as far as they come before its answer.
 *
 * @returns undefined where there will be no other answer
 * @throws ApiError of a `status` fault, and of `gone` but for watches
 */
export async function sufferFaults(
  exchange: Exchange,
  info: RequestInfo,
  faults: Faults,
): Promise<PendingFaults | undefined> {
  const pending = {emptyList: false, gone: false, silentWatch: false, dropAfterMs: undefined as number | undefined};
  for (const fault of faults.take(factsOf(exchange, info))) {
    switch (fault.kind) {
      case 'latency':
        await delay(fault.ms, undefined, {ref: false});
        break;
      case 'status':
        throw statusOf(fault);
      case 'overload':
        answerText(exchange, 429, 'Too many requests, please try again later.\n', {
          headers: {'Retry-After': String(fault.retryAfterSeconds ?? 1), 'X-Content-Type-Options': 'nosniff'},
        });
        return undefined;
      case 'emptyList':
        pending.emptyList = true;
        break;
      case 'gone':
        if (info.verb !== 'watch') throw expired('The resourceVersion for the provided list is too old.');
        pending.gone = true;
        break;
      case 'dropWatch':
        pending.dropAfterMs = fault.afterMs ?? 0;
        break;
      case 'halfOpenWatch':
        pending.silentWatch = true;
        break;
      case 'reset':
        exchange.request.socket.destroy();
        return undefined;
      case 'hang':
        return undefined;
      case 'rewriteBody':
        exchange.rewrite = fault.rewrite;
        break;
    }
  }
  return pending;
}

function statusOf(fault: Extract<Fault, {kind: 'status'}>): Error {
  return failure({
    code: fault.code,
    message: fault.message ?? 'a fault that was asked for',
    ...(fault.reason === undefined ? {} : {reason: fault.reason}),
    ...(fault.retryAfterSeconds === undefined ? {} : {details: {retryAfterSeconds: fault.retryAfterSeconds}}),
  });
}
