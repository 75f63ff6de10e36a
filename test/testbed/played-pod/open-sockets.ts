import {readdir, readFile, readlink} from 'node:fs/promises';

/** TCP_LISTEN in /proc/net/tcp (proc(5)). */
const LISTENING = '0A';

export interface OpenSockets {
  /** `address:port` of what a process listens on over TCP, each once, sorted. */
  readonly tcp: readonly string[];
  /** `address:port` of the local end of its UDP sockets that anybody could send to. */
  readonly udp: readonly string[];
  /** Paths of unix sockets that it listens on; `@name` for abstract ones. */
  readonly unix: readonly string[];
}

/** What one process has opened to others, by the kernel's own account. */
export async function openSockets(pid: number): Promise<OpenSockets> {
  const inodes = await socketInodes(pid);
  const table = async (name: string): Promise<string[][]> => {
    const rows = (await readFile(`/proc/${pid}/net/${name}`, 'utf8')).trim().split('\n').slice(1);
    return rows.map((row) => row.trim().split(/\s+/));
  };
  const inet = async (names: readonly string[], counts: (row: readonly string[]) => boolean): Promise<string[]> => {
    const rows = (await Promise.all(names.map(table))).flat();
    const own = rows.filter((row) => inodes.has(row[9] ?? '') && counts(row));
    return [...new Set(own.map((row) => toAddress(row[1] ?? '')))].sort();
  };
  const unix = (await table('unix')).filter(
    (row) => inodes.has(row[6] ?? '') && row[3] === '00010000' && row.length > 7,
  );
  return {
    tcp: await inet(['tcp', 'tcp6'], (row) => row[3] === LISTENING),
    // A connected one takes datagrams from its peer alone.
    udp: await inet(['udp', 'udp6'], (row) => row[2]?.endsWith(':0000') === true),
    unix: unix.map((row) => row[7] ?? ''),
  };
}

async function socketInodes(pid: number): Promise<ReadonlySet<string>> {
  const links = await Promise.all(
    (await readdir(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(closedMeanwhile)),
  );
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
}

function closedMeanwhile(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
  throw error;
}

/** The kernel writes words of addresses in the byte order of the machine, which is little-endian wherever this runs. */
function toAddress(hex: string): string {
  const [address = '', port = ''] = hex.split(':');
  const words = address.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => (word.match(/../g) ?? []).toReversed());
  const text =
    bytes.length === 4
      ? bytes.map((byte) => Number.parseInt(byte, 16)).join('.')
      : `[${(bytes.join('').match(/.{4}/g) ?? []).join(':')}]`;
  return `${text}:${Number.parseInt(port, 16)}`;
}
