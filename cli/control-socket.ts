import {once} from 'node:events';
import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import {rm} from 'node:fs/promises';
import {createServer, request} from 'node:http';
import {connect} from 'node:net';
import {join} from 'node:path';
import {text} from 'node:stream/consumers';

import {isDnsLabel} from '../src/api/names.ts';
import type {Fault, RequestMatch} from '../src/dev/faults.ts';
import {ERRORS, IsthmusError, describeError} from '../src/errors.ts';
import type {DevApis} from './dev-apis.ts';

/**
 * How another process breaks things in a running `isthmus dev`: a unix socket in its folder, so that file permissions
 * decide who may. Verbs: POST /clusters/NAME/add (one more), /stop, /start, /faults (body: {match, fault}), /faults/clear;
 * GET /clusters/NAME/writes: what was asked to be written since the start, or since POST /clusters/NAME/writes/reset.
 */
export function controlSocketPath(dir: string): string {
  return join(dir, 'control.sock');
}

/**
 * Listens in a folder that nobody else uses.
 *
 * @param clusters - undefined until they are started: then every verb is refused
 * @throws IsthmusError ISTHMUS_DEV_CLUSTER where another `isthmus dev` runs in that folder
 */
export async function openControlSocket(
  dir: string,
  clusters: () => DevApis | undefined,
): Promise<{close(): Promise<void>}> {
  const path = controlSocketPath(dir);
  if (await isListening(path)) {
    throw new IsthmusError('ISTHMUS_DEV_CLUSTER', `another \`isthmus dev\` runs in ${dir}; choose another --dir`);
  }
  // Left by one that was killed: nobody answers there.
  await rm(path, {force: true});
  const server: Server = createServer((incoming, outgoing) => {
    void answer(clusters(), incoming).then(
      (body) => send(outgoing, 200, body),
      (error: unknown) => send(outgoing, 400, {error: describeError(error)}),
    );
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function isListening(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    // Refused or not there: in both cases nobody listens, and if it is something else, `listen` will say so.
    return false;
  } finally {
    socket.destroy();
  }
}

async function answer(clusters: DevApis | undefined, incoming: IncomingMessage): Promise<unknown> {
  const [, collection, name = '', ...verb] = (incoming.url ?? '').split('/');
  const action = `${incoming.method} ${verb.join('/')}`;
  if (collection !== 'clusters') throw new IsthmusError('ISTHMUS_USAGE', `nothing is at ${incoming.url}`);
  if (clusters === undefined) throw new IsthmusError('ISTHMUS_DEV_CLUSTER', 'the clusters are still being started');
  if (action === 'POST add') {
    await addCluster(clusters, name);
    return {};
  }
  const cluster = clusters.get(name);
  switch (action) {
    case 'POST stop':
      await cluster.stop();
      return {};
    case 'POST start':
      await cluster.start();
      return {};
    case 'POST faults': {
      const {match, fault} = JSON.parse(await text(incoming)) as {match: RequestMatch; fault: Fault};
      cluster.faults.add(match, fault);
      return {};
    }
    case 'POST faults/clear':
      cluster.faults.clear();
      return {};
    case 'GET writes':
      return cluster.writes.requests();
    case 'POST writes/reset':
      cluster.writes.reset();
      return {};
    default:
      throw new IsthmusError('ISTHMUS_USAGE', `${action} is not known`);
  }
}

/** Its name becomes that of files. */
async function addCluster(clusters: DevApis, name: string): Promise<void> {
  if (!isDnsLabel(name)) throw new IsthmusError('ISTHMUS_USAGE', `"${name}" can't be a cluster: use one DNS label`);
  if (clusters.names.includes(name))
    throw new IsthmusError('ISTHMUS_DEV_CLUSTER', `there is a cluster ${name} already`);
  await clusters.add(name);
}

function send(outgoing: ServerResponse, status: number, body: unknown): void {
  outgoing.writeHead(status, {'content-type': 'application/json'});
  outgoing.end(JSON.stringify(body));
}

/**
 * Calls the control socket of a running `isthmus dev`.
 * @throws IsthmusError ISTHMUS_DEV_CLUSTER with what it said, or that nothing listens there
 */
export async function callControl(
  dir: string,
  call: {method: 'GET' | 'POST'; path: string; body?: unknown},
): Promise<unknown> {
  const outgoing = request({socketPath: controlSocketPath(dir), method: call.method, path: call.path});
  outgoing.end(call.body === undefined ? undefined : JSON.stringify(call.body));
  let incoming: IncomingMessage;
  try {
    [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  } catch (error) {
    throw new IsthmusError('ISTHMUS_DEV_CLUSTER', `no running \`isthmus dev\` listens in ${dir}`, {}, {cause: error});
  }
  const body = JSON.parse(await text(incoming)) as {error?: string};
  if (incoming.statusCode !== 200) throw new IsthmusError('ISTHMUS_DEV_CLUSTER', reasonOf(body.error));
  return body;
}

/** What the other side said, without the sentence that our own error begins with as well. */
function reasonOf(text = 'no reason given'): string {
  const sentence = `${ERRORS.ISTHMUS_DEV_CLUSTER.message}: `;
  return text.startsWith(sentence) ? text.slice(sentence.length) : text;
}
