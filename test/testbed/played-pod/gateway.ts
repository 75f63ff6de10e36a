import {createServer as createHttpServer} from 'node:http';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {createServer as createHttp2Server} from 'node:http2';
import type {IncomingHttpHeaders, ServerHttp2Stream} from 'node:http2';
import {createServer} from 'node:net';
import type {Socket} from 'node:net';

/**
 * Plays what is behind a sidecar: `gateway.ts ID ADDRESS PORT` is a gateway, plaintext HTTP/1.1 and h2c on one port, with
 * TCP in CONNECT; `gateway.ts ID ADDRESS PORT tcp` is a TCP server. Every answer says who gave it and what arrived.
 */

const [id = '', address = '', port = '0', mode] = process.argv.slice(2);

const http = createHttpServer((request: IncomingMessage, response: ServerResponse) => {
  response.setHeader('content-type', 'application/json');
  response.end(whatArrived({...request.headers, ':method': request.method, ':path': request.url}, 'HTTP/1.1'));
});
const http2 = createHttp2Server();
http2.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
  stream.on('error', (error) => process.stdout.write(`stream: ${error.message}\n`));
  stream.respond({':status': 200});
  if (headers[':method'] === 'CONNECT')
    speakTcp(stream, `${String(headers['x-isthmus-service'])} ${headers[':authority']}`);
  else stream.end(whatArrived(headers, 'HTTP/2'));
});

const server = createServer((socket: Socket) => {
  socket.on('error', (error) => process.stdout.write(`socket: ${error.message}\n`));
  if (mode === 'tcp') speakTcp(socket, 'plain');
  else {
    socket.once('readable', () => {
      const first = socket.read() as Buffer | null;
      if (first === null) return;
      socket.unshift(first);
      (first.subarray(0, 3).toString('latin1') === 'PRI' ? http2 : http).emit('connection', socket);
    });
  }
});
server.listen(Number(port), address, () => void process.stdout.write('listening\n'));

/** Speaks first, as MySQL and SMTP do; then says everything back. */
function speakTcp(peer: NodeJS.ReadWriteStream, to: string): void {
  peer.write(`${id} ${to}\n`);
  peer.pipe(peer);
}

function whatArrived(headers: IncomingHttpHeaders, version: string): string {
  return JSON.stringify({by: id, version, headers});
}
