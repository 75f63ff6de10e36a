import {once} from 'node:events';
import type {IncomingMessage} from 'node:http';
import {createServer} from 'node:http';
import {json} from 'node:stream/consumers';

import {controlSocketPath} from '../../cli/control-socket.ts';
import type {Fault, RequestMatch} from '../../src/dev/faults.ts';
import {describeError} from '../../src/errors.ts';
import type {RealCluster} from './real-cluster.ts';
import type {Testbed} from './testbed.ts';

/**
 * The same socket that `isthmus dev` has, with what can be done to real API servers: POST /clusters/NAME/stop, /start, /faults
 * (body: {match, fault}; while it is stopped, so that the front is there when it starts), /faults/clear; POST /compact.
 */
export async function startTestbedControl(dir: string, testbed: Testbed): Promise<{close(): Promise<void>}> {
  const server = createServer((incoming, outgoing) => {
    const send = (status: number, body: unknown): void => {
      outgoing.writeHead(status, {'content-type': 'application/json'});
      outgoing.end(JSON.stringify(body ?? {}));
    };
    answer(testbed, incoming).then(
      (body) => send(200, body),
      (error: unknown) => send(400, {error: describeError(error)}),
    );
  });
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

/** Those that get a front at their next start. */
const fronted = new WeakSet<RealCluster>();

async function answer(testbed: Testbed, incoming: IncomingMessage): Promise<unknown> {
  const [, collection, name = '', ...verb] = (incoming.url ?? '').split('/');
  if (collection === 'compact') return {revision: await testbed.etcd.compact()};
  const cluster = testbed.get(name);
  switch (verb.join('/')) {
    case 'stop':
      return cluster.stop();
    case 'start':
      return cluster.start({front: fronted.has(cluster)});
    case 'faults': {
      if (!cluster.isStopped && !cluster.hasFront) throw new Error(`stop ${name} first: faults need a front before it`);
      const {match, fault} = (await json(incoming)) as {match: RequestMatch; fault: Fault};
      cluster.faults.add(match, fault);
      fronted.add(cluster);
      return {};
    }
    case 'faults/clear':
      cluster.faults.clear();
      fronted.delete(cluster);
      return {};
    default:
      throw new Error(`${incoming.url} is not known`);
  }
}
