import {createSocket} from 'node:dgram';

/**
 * Plays the cluster's DNS in a played pod: `name-server.ts ADDRESS {"name": "address"}` answers A and AAAA with TTL 5, else
 * NXDOMAIN; without a table it is silent. Prints each question.
 */

const [address = '', table] = process.argv.slice(2);
const known = table === undefined ? undefined : (JSON.parse(table) as Record<string, string>);
const socket = createSocket('udp4');

socket.on('message', (message, peer) => {
  const {name, type, end} = readQuestion(message);
  process.stdout.write(`asked ${name} ${type}\n`);
  if (known !== undefined) socket.send(answer(message.subarray(0, end), known[name], type), peer.port, peer.address);
});
socket.bind(53, address, () => void process.stdout.write('listening\n'));

function readQuestion(message: Buffer): {name: string; type: number; end: number} {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return {name: labels.join('.').toLowerCase(), type: message.readUInt16BE(at + 1), end: at + 5};
}

function answer(question: Buffer, found: string | undefined, type: number): Buffer {
  const data = found === undefined ? undefined : octets(found);
  const fits = data !== undefined && type === (data.length === 4 ? 1 : 28);
  const head = Buffer.from(question);
  head.writeUInt16BE(found === undefined ? 0x8183 : 0x8180, 2);
  head.writeUInt16BE(fits ? 1 : 0, 6);
  head.writeUInt32BE(0, 8);
  if (!fits) return head;
  return Buffer.concat([head, Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 5, 0, data.length]), data]);
}

/** IPv6 only as `fd00::N`, which is all that the tests have. */
function octets(found: string): Buffer {
  if (!found.includes(':')) return Buffer.from(found.split('.').map(Number));
  const data = Buffer.alloc(16);
  data.writeUInt16BE(0xfd00, 0);
  data.writeUInt16BE(Number.parseInt(found.split('::')[1] ?? '0', 16), 14);
  return data;
}
