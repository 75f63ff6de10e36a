import {pino} from 'pino';
import {startDnsServer} from '../../dns/server.ts';
import {everything, fixture} from './fixture-view.ts';

/** A process of its own: it must end by itself once the server is closed, although it was used. */

const server = await startDnsServer({
  listen: {host: '127.0.0.1', port: 0},
  logger: pino({level: 'silent'}),
  workers: 2,
});
server.publish(fixture, everything);
await server.served(fixture.revision);
await server.close();
await server.close();
// What holds a process open; its own pipes to the test are there by themselves.
const held = process.getActiveResourcesInfo().filter((what) => !/^(Pipe|TTY|File)/.test(what));
process.stdout.write(`${JSON.stringify(held)}\n`);
