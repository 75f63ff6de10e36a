import {connect} from 'node:net';

export interface TcpProbeOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Whether anything accepts TCP connections there, seen from this process. Nothing is sent. The connection is reset, not
 * closed: with one a second to every gateway, thousands would wait out TIME_WAIT on this side.
 *
 * @param at - an address, or a name for the resolver of the operating system
 * @returns undefined where something does, otherwise what happened instead: a code such as ECONNREFUSED, or a sentence
 */
export async function probeTcp(
  at: {readonly host: string; readonly port: number},
  {timeoutMs, signal}: TcpProbeOptions,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve('aborted');
      return;
    }
    const socket = connect({...at});
    // Not the socket's own timeout: that one begins anew with whatever happens, a name that is looked up slowly included.
    // After a stall of this process the answer may be there, and timers come first: it is looked at before it is given up.
    const timer = setTimeout(() => setImmediate(() => end(`no answer within ${timeoutMs} ms`)), timeoutMs);
    let isOver = false;
    const onAbort = (): void => end('aborted');
    const end = (what: string | undefined): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      // A reset waits for a connection, and where nobody answers that is the kernel's two minutes.
      if (socket.connecting) socket.destroy();
      else socket.resetAndDestroy();
      resolve(what);
    };
    signal?.addEventListener('abort', onAbort, {once: true});
    socket.once('connect', () => end(undefined));
    // Kept: a reset of a connection that is being made may report an error later, which nobody else would take.
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}
