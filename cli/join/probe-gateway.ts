import {connect} from 'node:net';

/**
 * Whether anything accepts TCP connections there, seen from this machine, which is not where the members are.
 *
 * @returns undefined where something does, otherwise what happened instead
 */
export async function probeGateway(
  at: {readonly host: string; readonly port: number},
  timeoutMs = 3_000,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({...at, timeout: timeoutMs});
    const end = (what: string | undefined): void => {
      socket.destroy();
      resolve(what);
    };
    socket.once('connect', () => end(undefined));
    socket.once('timeout', () => end(`no answer within ${timeoutMs} ms`));
    socket.once('error', ({message}) => end(message));
  });
}
