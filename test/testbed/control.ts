import {once} from 'node:events';
import type {IncomingMessage} from 'node:http';
import {createServer} from 'node:http';
import {json} from 'node:stream/consumers';

import {controlSocketPath} from '../../cli/control-socket.ts';
import {describeError} from '../../src/errors.ts';
import type {GroupVersion} from './broken-group.ts';
import type {Testbed} from './testbed.ts';

/**
 * The same socket that `isthmus dev` has, with what can be done to real API servers: POST /clusters/NAME/stop, /start,
 * /start-broken and /mend (body: the group versions); POST /compact.
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

async function answer(testbed: Testbed, incoming: IncomingMessage): Promise<unknown> {
  const [, collection, name = '', verb] = (incoming.url ?? '').split('/');
  if (collection === 'compact') return {revision: await testbed.etcd.compact()};
  const cluster = testbed.get(name);
  switch (verb) {
    case 'stop':
      return cluster.stop();
    case 'start':
      return cluster.start();
    case 'start-broken':
      return cluster.startBroken((await json(incoming)) as GroupVersion[]);
    case 'mend':
      return cluster.mend((await json(incoming)) as GroupVersion[]);
    default:
      throw new Error(`${incoming.url} is not known`);
  }
}
