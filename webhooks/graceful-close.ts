import type {Server, Socket} from 'node:net';
import type {FastifyInstance} from 'fastify';

const SWEEP_EVERY_MS = 100;
const DEADLINE_MS = 5_000;

interface Connections extends Server {
  closeIdleConnections(): void;
}

/**
 * Makes a server's `close()` end within 5 s. Left alone, Node waits for a keep-alive connection that went idle after the
 * close began until its keep-alive timeout (fastify#7044), and for one that never finishes its TLS handshake, which no
 * HTTP server knows of: so answers say `connection: close` from then on, idle and silent connections are closed again and
 * again, and at the deadline all of them are.
 */
export function gracefulClose(app: FastifyInstance, server: Connections): () => Promise<void> {
  const sockets = trackSockets(server);
  let closing: Promise<void> | undefined;
  app.addHook('onSend', async (_request, reply) => {
    if (closing !== undefined) reply.header('connection', 'close');
  });
  const close = async (): Promise<void> => {
    const sweep = setInterval(() => {
      server.closeIdleConnections();
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
    }, SWEEP_EVERY_MS);
    const deadline = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, DEADLINE_MS);
    try {
      await app.close();
    } finally {
      clearInterval(sweep);
      clearTimeout(deadline);
    }
  };
  return () => (closing ??= close());
}

/** The TCP connections themselves, whatever runs over them or does not yet. */
function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}
