import type {Logger} from 'pino';
import {destination, pino, stdSerializers} from 'pino';

import {IsthmusError, describeError} from '../src/errors.ts';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LEVELS)[number];
export const logLevels: readonly string[] = LEVELS;

/** Keys that never reach a log, wherever one slips into a field (one level is what pino's wildcards cover). */
const REDACTED = ['kubeconfig', 'token', 'keyPem', 'clientKey', 'authorization'].flatMap((name) => [name, `*.${name}`]);

/** JSON lines on standard error, written synchronously: the last line before an exit is the one that matters. */
export function createLogger(level: LogLevel, name: string): Logger {
  const serializers = {err: level === 'debug' || level === 'trace' ? stdSerializers.err : toShortError};
  const timestamp = level === 'trace' ? preciseTime : true;
  const base = {pid: process.pid};
  return pino({name, level, redact: REDACTED, serializers, base, timestamp}, destination({fd: 2, sync: true}));
}

/** Milliseconds since the epoch with fractions: traces say where milliseconds go, over several processes of one machine. */
function preciseTime(): string {
  return `,"time":${(performance.timeOrigin + performance.now()).toFixed(3)}`;
}

/** A sentence and a code; stacks are for debugging. */
function toShortError(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  return value instanceof IsthmusError ? {code: value.code, message: describeError(value)} : describeError(value);
}
