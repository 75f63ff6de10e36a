import {createSocket} from 'node:dgram';

/** The anchor: the least that a DNS answer in Node can be. Copies the question, appends one A record, looks nothing up. */

const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 10, 42, 42, 42]);
const socket = createSocket('udp4');
const onSent = (error: Error | null) => {
  if (error) throw error;
};
socket.on('message', (message, from) => {
  const reply = Buffer.allocUnsafe(message.length + record.length);
  message.copy(reply);
  record.copy(reply, message.length);
  reply[2] = 0x85;
  reply[3] = 0;
  reply[7] = 1;
  socket.send(reply, from.port, from.address, onSent);
});
socket.bind(0, '127.0.0.1', () => process.send?.({port: socket.address().port}));
process.on('disconnect', () => process.exit());
