import {randomInt} from 'node:crypto';
import {once} from 'node:events';
import type {Server} from 'node:net';
import {createServer} from 'node:net';

import {IsthmusError} from '../../errors.ts';

/** Under the ranges that systems choose ports of outgoing connections from, so that a stopped server's port stays free. */
const FIRST = 20_000;
const LAST = 32_000;
const ATTEMPTS = 50;

/** How often something is started at most: between the release of a port and its use somebody else may take it. */
export const PORT_TRIES = 3;

export interface ReservedPort {
  readonly port: number;
  /** To be called just before the process that will listen is started. */
  release(): Promise<void>;
}

/**
 * A port of 127.0.0.1 that nobody listens on, held until it is released.
 *
 * @param choose - one that may be taken
 */
export async function reservePort(choose: () => number = () => randomInt(FIRST, LAST)): Promise<ReservedPort> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = choose();
    const server = await tryListen(port);
    if (server === undefined) continue;
    return {
      port,
      release: async () => {
        server.close();
        await once(server, 'close');
      },
    };
  }
  throw new IsthmusError('ISTHMUS_DEV_CLUSTER', `no free port found between ${FIRST} and ${LAST}`);
}

/** Whether this is the failure of somebody who could not listen: our own, or of a process whose log is in the message. */
export function isPortTaken(error: unknown): boolean {
  if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return true;
  return error instanceof Error && error.message.includes('address already in use');
}

async function tryListen(port: number): Promise<Server | undefined> {
  const server = createServer();
  // Not by `once` of 'listening', which rejects with the error that is looked for here.
  const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    server.once('error', resolve);
    server.listen({host: '127.0.0.1', port, exclusive: true}, () => resolve(undefined));
  });
  if (error === undefined) return server;
  if (error.code === 'EADDRINUSE' || error.code === 'EACCES') return undefined;
  throw error;
}
