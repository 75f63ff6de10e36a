import {opt, question} from '../../dns/ask.ts';

/** Numbers that are the same for the same seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, not including, `below`. */
  int(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  }

  of<T>(values: readonly T[]): T {
    return values[this.int(values.length)]!;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({length}, () => this.int(256)));
  }
}

const NAMES = [
  'web.test.svc.clusterset.local',
  'db.test.svc.clusterset.local',
  'thousand.test.svc.clusterset.local',
  '_why.web.test.svc.clusterset.local',
  '_http._tcp.web.test.svc.clusterset.local',
  'dns-version.clusterset.local',
  'clusterset.local',
  'none.none.svc.clusterset.local',
  'test.svc.clusterset.local',
  'www.example.org',
  'a.org',
  '',
];
const TYPES = ['A', 'AAAA', 'SRV', 'TXT', 'SOA', 'NS', 'ANY', 'AXFR', 'OPT', 'TYPE250', 'TYPE0', 'TYPE65535', 'CNAME'];
const EDGES = [0, 1, 11, 12, 41, 63, 64, 127, 128, 191, 192, 255];

/** One packet: mostly nearly right, since what is wholly wrong is refused at the door. */
export function fuzzPacket(random: Random): Buffer {
  switch (random.int(10)) {
    case 0:
      return random.bytes(random.int(600));
    case 1:
      return pointers(random);
    case 2:
      return oddName(random);
    case 3:
    case 4:
      return goodQuery(random);
    default:
      return mutate(random, goodQuery(random));
  }
}

function goodQuery(random: Random): Buffer {
  const query = question(random.of(NAMES), random.of(TYPES), {class: random.int(12) === 0 ? random.int(65_536) : 1});
  if (random.int(3) === 0) return query;
  const options = Array.from({length: random.int(4)}, () => option(random));
  const edns = opt(
    random.of([0, 511, 512, 1232, 4096, 65_535]),
    random.int(8) === 0 ? random.int(256) : 0,
    Buffer.concat(options),
  );
  query[11] = 1;
  return Buffer.concat([query, edns]);
}

function option(random: Random): Buffer {
  const data = random.bytes(random.of([0, 1, 7, 8, 15, 16, 24, 40, 41]));
  const head = Buffer.alloc(4);
  head.writeUInt16BE(random.of([3, 8, 10, 10, 12, 15, 65_001]), 0);
  head.writeUInt16BE(random.int(10) === 0 ? random.int(65_536) : data.length, 2);
  return Buffer.concat([head, data]);
}

/** Exported for answers of upstreams, which are to be as wrong. */
export function mutate(random: Random, message: Buffer): Buffer {
  let changed = Buffer.from(message);
  for (let times = 1 + random.int(4); times > 0; times--) {
    const at = random.int(changed.length || 1);
    switch (random.int(5)) {
      case 0:
        changed = changed.subarray(0, at);
        break;
      case 1:
        changed = Buffer.concat([changed.subarray(0, at), random.bytes(random.int(8)), changed.subarray(at)]);
        break;
      case 2:
        changed = Buffer.concat([changed, changed.subarray(at)]);
        break;
      default:
        if (changed.length > 0) changed[at] = random.int(2) === 0 ? random.of(EDGES) : random.int(256);
    }
  }
  return changed;
}

function pointers(random: Random): Buffer {
  const body = Buffer.alloc(random.int(480));
  for (let at = 0; at + 1 < body.length; at += 2) body.writeUInt16BE(0xc000 | random.int(600), at);
  return Buffer.concat([question('', 'A').subarray(0, 12), body]);
}

/** Labels of any octets: dots and NULs among them. */
function oddName(random: Random): Buffer {
  const labels = Array.from({length: random.int(8)}, () => {
    const label = random.bytes(random.of([1, 2, 30, 62, 63, 64]));
    return Buffer.concat([Buffer.from([label.length]), label]);
  });
  const tail = question(random.of(NAMES), random.of(TYPES));
  return Buffer.concat([tail.subarray(0, 12), ...labels, tail.subarray(12)]);
}
