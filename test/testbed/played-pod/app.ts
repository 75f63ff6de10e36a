import {createServer} from 'node:http';
import type {ListenOptions} from 'node:net';

/** Plays the application that serves: `app.ts LISTEN-OPTIONS` answers `{"by": "app"}`, or says why it can't and ends with 3. */

const server = createServer((_request, response) => void response.end('{"by":"app"}'));
server.on('error', (error: NodeJS.ErrnoException) => {
  process.stdout.write(`could not listen: ${error.code}\n`);
  process.exit(3);
});
server.listen(JSON.parse(process.argv[2] ?? '{}') as ListenOptions, () => void process.stdout.write('listening\n'));
