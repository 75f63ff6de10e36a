import {once} from 'node:events';
import {createServer} from 'node:http';

import {controlSocketPath} from '../../../cli/control-socket.ts';
import {describeError} from '../../../src/errors.ts';
import type {ClusterPool} from './cluster-pool.ts';

/** POST /slots/INDEX/lease?pid=PID, /return, /stop, /start, /compact: how test processes reach the pool of the process that runs them. */
export async function openPoolSocket(dir: string, pool: ClusterPool): Promise<{close(): Promise<void>}> {
  const server = createServer((incoming, outgoing) => {
    const send = (status: number, body: unknown): void => {
      outgoing.writeHead(status, {'content-type': 'application/json'});
      outgoing.end(JSON.stringify(body ?? {}));
    };
    const {pathname, searchParams} = new URL(incoming.url ?? '', 'http://pool');
    const [, , index, verb = ''] = pathname.split('/');
    run(pool, {index: Number(index), verb, pid: Number(searchParams.get('pid'))}).then(
      (body) => send(200, body),
      (error: unknown) => send(400, {error: describeError(error)}),
    );
  });
  // A lease waits for an API server to start, and for others to give theirs back.
  server.requestTimeout = 0;
  server.listen(controlSocketPath(dir));
  await once(server, 'listening');
  return {
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function run(pool: ClusterPool, {index, verb, pid}: {index: number; verb: string; pid: number}): Promise<unknown> {
  switch (verb) {
    case 'lease':
      return pool.lease(index, pid);
    case 'return':
      return pool.giveBack(index);
    case 'stop':
      return pool.stop(index);
    case 'start':
      return pool.start(index);
    case 'compact':
      return pool.compact().then((revision) => ({revision}));
    default:
      return Promise.reject(new Error(`${verb} is not known`));
  }
}
