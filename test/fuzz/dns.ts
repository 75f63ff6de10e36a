import {connect} from 'node:net';
import type {Socket} from 'node:net';
import {decode} from 'dns-packet';
import {pino} from 'pino';
import {startDnsServer} from '../../dns/server.ts';
import type {DnsServer} from '../../dns/server.ts';
import {everything, fixture} from '../dns/fixture-view.ts';
import {question} from '../dns/ask.ts';
import {askHttp2, openHttp2, openTls, testAuthority} from '../dns/secure-clients.ts';
import type {SecureTarget} from '../dns/secure-clients.ts';
import {startHostileUpstream} from './dns/hostile-upstream.ts';
import {streamExchange, UdpClient} from './dns/clients.ts';
import {fuzzPacket, Random} from './dns/packets.ts';
import {objection} from './dns/second-opinions.ts';
import {collectGarbage} from '../tools/collect-garbage.ts';

const BATCH = 64;
const MARKER_ID = 0xffff;
const MAX_FINDINGS = 10;
/** Between the first quarter and the end: buffers of sockets and what is not collected yet come and go. */
const MAX_GROWTH_MB = 150;
/** A run ends when its time is over and it has proven something, which takes a machine that stands still a little longer. */
const LEAST_REPLIES = 500;
const LEAST_ASKED = 50;
const MOST_EXTRA_MS = 30_000;
/** Connections at a time of which the server waits for the rest of a message that does not come. */
const MAX_HALVES = 6;
const HANDSHAKE_TRIES = 3;
const WEB = 'web.test.svc.clusterset.local';

export interface FuzzReport {
  readonly figures: Readonly<Record<string, string>>;
  readonly findings: readonly string[];
}

/** Throws what it can think of at a live server, beside clients that ask good questions steadily and must lose nothing. */
export async function fuzzDns(o: {seconds: number; seed: number; log: (line: string) => void}): Promise<FuzzReport> {
  o.log(`seed ${o.seed}`);
  const random = new Random(o.seed);
  const upstream = await startHostileUpstream(new Random(o.seed + 1));
  const authority = await testAuthority();
  const anyPort = [{host: '127.0.0.1', port: 0}];
  const server = await startDnsServer({
    listen: anyPort,
    tlsListen: anyPort,
    httpsListen: anyPort,
    upstreams: [upstream.address],
    forward: {limits: {maxQuestions: 50, failureMs: 50}},
    // Handshakes of good clients have to fit into both, also where the machine stands still for a while.
    tcp: {idleMs: 10_000, messageMs: 3_000},
    logger: pino({level: 'silent'}),
  });
  try {
    server.useCertificate(await authority.issue());
    server.publish(fixture, everything);
    await server.served(fixture.revision);
    return await new Fuzz(server, authority.caPem, random).run(o.seconds * 1000);
  } finally {
    await server.close();
    await upstream.close();
  }
}

class Fuzz {
  readonly #server: DnsServer;
  readonly #random: Random;
  readonly #tls: SecureTarget;
  readonly #https: SecureTarget;
  readonly #findings: string[] = [];
  readonly #sent = {udp: 0, tcp: 0, tls: 0, https: 0};
  #replies = 0;
  #asked = 0;
  #lost = 0;
  #slowestMs = 0;
  #failedHandshakes = 0;
  #endMs = 0;
  /** Connections that are left to wait for their deadlines while others go on. */
  readonly #halves = new Map<Socket, Promise<void>>();

  constructor(server: DnsServer, caPem: string, random: Random) {
    this.#server = server;
    this.#random = random;
    this.#tls = {...server.addresses.tls[0]!, caPem};
    this.#https = {...server.addresses.https[0]!, caPem};
  }

  async run(ms: number): Promise<FuzzReport> {
    const begun = performance.now();
    this.#endMs = begun + ms;
    let firstBytes = 0;
    const measure = setTimeout(() => (firstBytes = heldBytes()), ms / 4);
    await Promise.all([this.#udp(), this.#tcp(), this.#overTls(), this.#overHttps(), this.#good()]);
    clearTimeout(measure);
    for (const socket of this.#halves.keys()) socket.destroy();
    await Promise.all(this.#halves.values());
    const grownMb = firstBytes === 0 ? 0 : (heldBytes() - firstBytes) / 2 ** 20;
    if (grownMb > MAX_GROWTH_MB) this.#found(`memory grew by ${grownMb.toFixed(0)} MB`);
    if (this.#failedHandshakes > 10) this.#found(`${this.#failedHandshakes} handshakes failed`);
    if (this.#lost > 0) this.#found(`the good clients lost ${this.#lost} of ${this.#asked} answers`);
    this.#checkCounters();
    const {udp, tcp, tls, https} = this.#sent;
    const figures = {
      dns_fuzz_udp: `${udp} packets`,
      dns_fuzz_tcp: `${tcp} messages`,
      dns_fuzz_tls: `${tls} messages`,
      dns_fuzz_https: `${https} requests`,
      dns_fuzz_replies: `${this.#replies} checked`,
      dns_fuzz_good: `${this.#asked} asked`,
      dns_fuzz_good_lost: `${this.#lost} answers`,
      dns_fuzz_good_slowest: `${this.#slowestMs.toFixed(1)} ms`,
      dns_fuzz_memory_growth: `${grownMb.toFixed(1)} MB`,
      dns_fuzz_findings: `${this.#findings.length} findings`,
    };
    return {figures, findings: this.#findings};
  }

  get #isOver(): boolean {
    if (this.#findings.length >= MAX_FINDINGS) return true;
    const late = performance.now() - this.#endMs;
    const isProven = this.#replies >= LEAST_REPLIES && this.#asked >= LEAST_ASKED;
    return late >= (isProven ? 0 : MOST_EXTRA_MS);
  }

  /** In batches: behind each one a marker is answered, so that the server is never sent more than its buffer holds. */
  async #udp(): Promise<void> {
    const sent = new Map<number, Buffer>();
    const client = new UdpClient((reply) => this.#check(sent.get(reply.readUInt16BE(0)), reply, 'udp'));
    await client.open(this.#server.address.port);
    while (!this.#isOver) {
      for (let i = 0; i < BATCH; i++) {
        // In turn, so that a late answer of the upstream is compared with its own question.
        const id = this.#sent.udp % MARKER_ID;
        const packet = fuzzPacket(this.#random);
        if (packet.length >= 2) packet.writeUInt16BE(id, 0);
        sent.set(id, packet);
        client.send(packet);
        this.#sent.udp++;
      }
      if (this.#random.int(20) === 0) client.send(this.#random.bytes(60_000));
      if (!(await client.ask(question(WEB, 'A', {id: MARKER_ID})))) this.#found('a marker was not answered');
    }
    client.close();
  }

  async #tcp(): Promise<void> {
    const {port, host} = this.#server.address;
    while (!this.#isOver) await this.#stream(connect(port, host), 'tcp');
  }

  async #overTls(): Promise<void> {
    while (!this.#isOver) {
      if (this.#random.int(4) === 0) await this.#noise(this.#tls.port);
      else await this.#stream(await this.#shakeHands(() => openTls(this.#tls)), 'tls');
    }
  }

  /** A handshake has a deadline, which a machine that stands still may miss: a client comes again, and few have to. */
  async #shakeHands<T>(open: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await open();
      } catch (error) {
        this.#failedHandshakes++;
        if (attempt === HANDSHAKE_TRIES) throw error;
      }
    }
  }

  /** Good frames around bad messages, cut anywhere; sometimes a frame that lies. */
  async #stream(socket: Socket, kind: 'tcp' | 'tls'): Promise<void> {
    const packets = Array.from({length: 1 + this.#random.int(20)}, () => fuzzPacket(this.#random));
    packets.forEach((packet, id) => packet.length >= 2 && packet.writeUInt16BE(id, 0));
    this.#sent[kind] += packets.length;
    let lies = false;
    const frames = packets.map((packet) => {
      const length = Buffer.alloc(2);
      const lie = this.#random.int(65_536);
      const isLie = this.#random.int(40) === 0 && this.#halves.size < MAX_HALVES;
      lies ||= isLie;
      length.writeUInt16BE(isLie ? lie : packet.length, 0);
      return Buffer.concat([length, packet]);
    });
    const marker = framedQuery(question(WEB, 'A', {id: MARKER_ID}));
    const pieces = this.#pieces(Buffer.concat([...frames, marker]));
    const exchange = async (): Promise<void> => {
      const replies = await streamExchange(socket, pieces, (reply) => reply.readUInt16BE(0) === MARKER_ID);
      for (const reply of replies) {
        const id = reply.readUInt16BE(0);
        if (id !== MARKER_ID) this.#check(packets[id], reply, 'tcp');
      }
    };
    if (lies) this.#leave(socket, exchange());
    else await exchange();
  }

  #leave(socket: Socket, exchange: Promise<void>): void {
    this.#halves.set(socket, exchange);
    void exchange.finally(() => this.#halves.delete(socket));
  }

  #pieces(octets: Buffer): Buffer[] {
    const pieces: Buffer[] = [];
    for (let at = 0; at < octets.length;) {
      const length = 1 + this.#random.int(this.#random.int(3) === 0 ? 7 : 2_000);
      pieces.push(octets.subarray(at, at + length));
      at += length;
    }
    return pieces;
  }

  async #noise(port: number): Promise<void> {
    const record = Buffer.concat([Buffer.from([22, 3, 1, 1, 0, 1, 0]), this.#random.bytes(200)]);
    const octets = this.#random.int(2) === 0 ? this.#random.bytes(300) : record;
    if (this.#halves.size >= MAX_HALVES) return;
    const socket = connect(port, '127.0.0.1');
    // Half a handshake waits for its deadline.
    const exchange = streamExchange(socket, [octets], () => false).then(() => undefined);
    this.#leave(socket, exchange);
    await new Promise((resolve) => void socket.once('connect', resolve).once('close', resolve));
  }

  async #overHttps(): Promise<void> {
    while (!this.#isOver) {
      if (this.#random.int(10) === 0) await this.#noise(this.#https.port);
      const session = await this.#shakeHands(() => openHttp2(this.#https));
      for (let i = 0; i < 5 && !this.#isOver; i++) {
        await Promise.all(Array.from({length: 20}, () => this.#httpsRequest(session)));
      }
      session.destroy();
    }
  }

  async #httpsRequest(session: Awaited<ReturnType<typeof openHttp2>>): Promise<void> {
    const packet = fuzzPacket(this.#random);
    const inPath = {method: 'GET', path: `/dns-query?dns=${packet.toString('base64url')}`};
    const odd = {
      method: this.#random.of(['GET', 'PUT', 'HEAD', 'DELETE']),
      path: `/${packet.toString('latin1').replace(/[^!-~]/g, '%')}`,
    };
    this.#sent.https++;
    const {status, body} = await askHttp2(session, this.#random.of([{body: packet}, {body: packet}, inPath, odd]));
    if (status === 200) this.#check(packet, body, 'tcp');
    else if (status < 400 || status >= 500) this.#found(`status ${status} for ${packet.toString('hex')}`);
  }

  /** Over UDP every few milliseconds, and over the others now and then. */
  async #good(): Promise<void> {
    const client = new UdpClient();
    const session = await this.#shakeHands(() => openHttp2(this.#https));
    await client.open(this.#server.address.port);
    for (let id = 0; !this.#isOver; id = (id + 1) % MARKER_ID) {
      const query = question(WEB, 'A', {id});
      await this.#expect(client.ask(query));
      if (id % 50 === 0) await this.#expect(askHttp2(session, {body: query}).then(({body}) => body));
      if (id % 50 === 25) await this.#expect(this.#askOnce(connect(this.#server.address.port, '127.0.0.1'), query));
      if (id % 50 === 35) await this.#expect(this.#overTlsOnce(query));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    session.destroy();
    client.close();
  }

  async #overTlsOnce(query: Buffer): Promise<Buffer | undefined> {
    return this.#askOnce(await this.#shakeHands(() => openTls(this.#tls)), query);
  }

  async #askOnce(socket: Socket, query: Buffer): Promise<Buffer | undefined> {
    return (await streamExchange(socket, [framedQuery(query)], () => true))[0];
  }

  async #expect(reply: Promise<Buffer | undefined>): Promise<void> {
    const begun = performance.now();
    this.#asked++;
    const answer = await reply.catch(() => undefined);
    this.#slowestMs = Math.max(this.#slowestMs, performance.now() - begun);
    const isRight = answer !== undefined && decode(answer).answers[0]?.data === '10.42.42.42';
    if (!isRight) this.#lost++;
  }

  #check(query: Buffer | undefined, reply: Buffer, transport: 'udp' | 'tcp'): void {
    this.#replies++;
    const wrong = query ? objection(query, reply, transport) : 'an answer to nothing that was asked';
    if (wrong !== undefined) this.#found(`${wrong}: ${query?.toString('hex')} -> ${reply.toString('hex')}`);
  }

  /** Every datagram was answered, dropped for a reason, or is waiting for the upstream. */
  #checkCounters(): void {
    const {udpQueries, tcpQueries, tlsQueries, httpsQueries, answers, droppedMalformed, droppedOversized} =
      this.#server.stats();
    const queries = udpQueries + tcpQueries + tlsQueries + httpsQueries;
    const counted = Object.values(answers).reduce((a, b) => a + b) + droppedMalformed + droppedOversized;
    if (counted < queries - 500) this.#found(`${queries} queries, but ${counted} were answered or dropped`);
  }

  #found(what: string): void {
    this.#findings.push(what);
  }
}

function framedQuery(query: Buffer): Buffer {
  return Buffer.concat([Buffer.from([query.length >> 8, query.length & 255]), query]);
}

function heldBytes(): number {
  collectGarbage();
  return process.memoryUsage.rss();
}
