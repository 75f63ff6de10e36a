import {decode} from 'dns-packet';
import {Packet} from 'dns2';

/**
 * What two decoders that are not ours think of an answer of ours.
 *
 * @param query - what was sent
 * @returns what is wrong with it; undefined: nothing
 */
export function objection(query: Buffer, reply: Buffer, transport: 'udp' | 'tcp'): string | undefined {
  if (reply.length < 12) return 'shorter than a header';
  if ((reply[2]! & 0x80) === 0) return 'not a response';
  if (!reply.subarray(0, 2).equals(query.subarray(0, 2))) return 'another id';
  if (((reply[2]! ^ query[2]!) & 0x78) !== 0) return 'another opcode';
  if (transport === 'udp' && reply.length > 1232) return `${reply.length} octets over UDP`;
  return decoders(reply);
}

function decoders(reply: Buffer): string | undefined {
  try {
    const theirs = decode(reply);
    const others = Packet.parse(reply);
    if (others.errors.length > 0) return `dns2: ${others.errors[0]!.message}`;
    const upperBits = theirs.additionals.find(({type}) => type === 'OPT')?.extendedRcode ?? 0;
    if (others.header.rcode !== ((reply[3]! & 0xf) | (upperBits << 4))) return 'the decoders differ about the rcode';
    const shown = (records: readonly {type: unknown; ttl?: number}[]) => records.map(({ttl}) => ttl).join(' ');
    for (const section of ['answers', 'authorities'] as const) {
      if (shown(theirs[section]) !== shown(others[section])) return `the decoders differ about the ${section}`;
    }
    return theirs.additionals.length === others.additionals.length
      ? undefined
      : 'the decoders differ about additionals';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
