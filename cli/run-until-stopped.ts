import type {Logger} from 'pino';

import {blameFlag} from './blame-flag.ts';
import type {Ports} from './ports-file.ts';
import {writePortsFile} from './ports-file.ts';
import {untilStopped} from './until-stopped.ts';

export interface RunningProcess {
  readonly ports: Ports;
  /** Resolves if a part dies that the process can't do without. */
  readonly failed?: Promise<Error>;
  close(): Promise<void>;
}

export interface RunUntilStopped {
  readonly start: () => Promise<RunningProcess>;
  readonly portsFile: string | undefined;
  readonly logger: Logger;
}

/** Starts a process, tells where it listens, and ends it at a signal, or when a part of it dies (then it throws). */
export async function runUntilStopped({start, portsFile, logger}: RunUntilStopped): Promise<void> {
  const stopped = untilStopped();
  const starting = start();
  const early = await Promise.race([starting.then(() => undefined), stopped]);
  if (early !== undefined) {
    // The start may wait for an API server for ever; nothing was announced yet that would have to be taken back.
    logger.info({why: early}, 'stopped while starting');
    process.exit(0);
  }
  const running = await starting;
  try {
    logger.info(running.ports, 'listening');
    if (portsFile !== undefined) {
      await blameFlag('--ports-file', portsFile, () => writePortsFile(portsFile, running.ports));
    }
    const why = await Promise.race([stopped, ...(running.failed === undefined ? [] : [running.failed])]);
    logger.info({why: String(why)}, 'stopping');
    if (why instanceof Error) throw why;
  } finally {
    await running.close();
  }
}
