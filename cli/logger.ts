import type {Logger} from 'pino';
import {destination, pino} from 'pino';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LEVELS)[number];
export const logLevels: readonly string[] = LEVELS;

/** Keys that never reach a log, wherever one slips into a field (one level is what pino's wildcards cover). */
const REDACTED = ['kubeconfig', 'token', 'key', 'keyPem', 'authorization'].flatMap((name) => [name, `*.${name}`]);

/** JSON lines on standard error, written synchronously: the last line before an exit is the one that matters. */
export function createLogger(level: LogLevel, name: string): Logger {
  return pino({name, level, redact: REDACTED, base: {pid: process.pid}}, destination({fd: 2, sync: true}));
}
