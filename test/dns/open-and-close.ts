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
process.stdout.write('closed\n');
