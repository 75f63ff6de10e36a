import type {FastifyReply, FastifyRequest} from 'fastify';
import type {Logger} from 'pino';
import {describeError, IsthmusError} from '../src/errors.ts';
import {readReview, toReview} from './review.ts';
import type {AdmissionRequest, ReviewAnswer, ReviewHandler} from './review.ts';
import type {ReviewCounters, ReviewOutcome} from './stats.ts';

export interface ReviewContext {
  readonly path: string;
  readonly handler: ReviewHandler;
  readonly ready: () => boolean;
  readonly logger: Logger;
  readonly counters: ReviewCounters;
}

/** The life of one review: ready? readable? judged; counted and logged in each case. */
export function reviewRoute(
  context: ReviewContext,
): (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> {
  return async (request, reply) => answer(context, request, reply);
}

function answer(context: ReviewContext, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const startedMs = performance.now();
  if (!context.ready()) {
    const error = new IsthmusError('ISTHMUS_WEBHOOK_NOT_READY', 'try again in a moment');
    return fail(context, {reply, status: 503, outcome: 'notReady', error, startedMs});
  }
  const review = attempt(() => readReview(typeof request.body === 'string' ? request.body : ''));
  if (review instanceof Error) return fail(context, {reply, status: 400, outcome: 'bad', error: review, startedMs});
  const verdict = attempt(() => context.handler(review));
  if (verdict instanceof Error) {
    return fail(context, {reply, status: 500, outcome: 'failed', error: verdict, startedMs, review});
  }
  record(context, {review, verdict, outcome: outcomeOf(verdict), startedMs});
  return reply.send(toReview(review.uid, verdict, review));
}

function attempt<T>(act: () => T): T | Error {
  try {
    return act();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

interface Failure {
  readonly reply: FastifyReply;
  readonly status: 400 | 500 | 503;
  readonly outcome: ReviewOutcome;
  readonly error: Error;
  readonly startedMs: number;
  readonly review?: AdmissionRequest;
}

/** Not an AdmissionReview on purpose: the API server then follows the entry's `failurePolicy` and shows this text. */
function fail(context: ReviewContext, failure: Failure): FastifyReply {
  const {reply, status, outcome, error, startedMs, review} = failure;
  record(context, {outcome, startedMs, error, ...(review !== undefined && {review})});
  const text = status === 500 ? 'the review failed inside isthmus; its log says why' : error.message;
  return reply.code(status).type('text/plain; charset=utf-8').send(text);
}

/** One line a review; never the object, which may be a kubeconfig. */
function record(
  {logger, counters, path}: ReviewContext,
  of: {review?: AdmissionRequest; verdict?: ReviewAnswer; outcome: ReviewOutcome; startedMs: number; error?: Error},
): void {
  const {review, verdict, outcome, error} = of;
  const tookMs = Math.round((performance.now() - of.startedMs) * 1_000) / 1_000;
  const warnings = verdict?.warnings?.length ?? 0;
  const audits = verdict?.audits ?? [];
  counters.count(path, {outcome, tookMs, warnings, audits: audits.length});
  const fields = {
    path,
    uid: review?.uid,
    kind: review?.kind.kind,
    operation: review?.operation,
    namespace: review?.namespace,
    name: review?.name,
    dryRun: review?.dryRun,
    outcome,
    code: verdict?.denial?.code,
    warnings,
    ...(audits.length > 0 && {audits}),
    tookMs,
    ...(error !== undefined && {err: describeError(error)}),
  };
  if (outcome === 'failed') logger.error(fields, 'review failed');
  else if (outcome === 'bad' || outcome === 'notReady') logger.warn(fields, 'review not answered');
  else logger.info(fields, 'review answered');
}

function outcomeOf(verdict: ReviewAnswer): ReviewOutcome {
  if (!verdict.allowed) return 'denied';
  return (verdict.patch?.length ?? 0) > 0 ? 'patched' : 'allowed';
}
