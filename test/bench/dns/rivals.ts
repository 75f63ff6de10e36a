import {spawnSync} from 'node:child_process';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {exchangeUdp} from '../../../dns/client-exchange.ts';
import {IsthmusError} from '../../../src/errors.ts';
import {reservePort} from '../../../src/dev/real/free-port.ts';
import {findPart} from '../../../src/dev/real/part-cache.ts';
import {partNamed} from '../../../src/dev/real/parts.ts';
import {eventually} from '../../tools/eventually.ts';
import {unboundSettings} from '../../tools/unbound-settings.ts';
import {question} from '../../dns/ask.ts';
import {BenchProcess, SERVER_CORE} from './processes.ts';
import {benchImport, benchQueries} from './queries.ts';

/** Servers of others with the same names and addresses, each with one thread on the servers' core. */

export interface Rival {
  readonly name: string;
  readonly port: number;
  readonly process: BenchProcess;
  close(): Promise<void>;
}

export interface RivalOptions {
  /** For their files. */
  readonly dir: string;
  readonly imports: number;
}

const ZONE = 'clusterset.local.';
const SOA = `ns.dns.${ZONE} hostmaster.${ZONE} 1 7200 1800 86400 5`;

/** @returns a reason where it is not installed */
export async function startUnbound({dir, imports}: RivalOptions): Promise<Rival | string> {
  if (!isOnPath('unbound')) return 'unbound: not installed';
  return startOnFreePort('unbound', imports, async (port) => {
    const file = join(dir, 'unbound.conf');
    const data = zoneLines(imports).map((line) => `  local-data: "${line}"`);
    await writeFile(file, [...unboundSettings(port, dir), `  local-zone: "${ZONE}" static`, ...data, ''].join('\n'));
    return new BenchProcess(['unbound', '-d', '-c', file], {core: SERVER_CORE});
  });
}

/** @returns a reason where it is not installed */
export async function startKnot({dir, imports}: RivalOptions): Promise<Rival | string> {
  if (!isOnPath('knotd')) return 'knot: not installed';
  return startOnFreePort('knot', imports, async (port) => {
    const file = join(dir, 'knot.conf');
    await writeFile(join(dir, 'zone'), `${zoneLines(imports).join('\n')}\n`);
    await writeFile(
      file,
      `server:
  listen: 127.0.0.1@${port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
  rundir: ${dir}
database:
  storage: ${dir}
zone:
  - domain: ${ZONE}
    storage: ${dir}
    file: zone
    zonefile-sync: -1
    semantic-checks: off
`,
    );
    return new BenchProcess(['knotd', '-c', file], {core: SERVER_CORE});
  });
}

/** Its multicluster plugin, with the imports in an embedded API server on the other core, which is idle while CoreDNS is measured. */
export async function startCoreDns({dir, imports}: RivalOptions): Promise<Rival | string> {
  const part = await findPart(partNamed('coredns'));
  if (part.kind === 'absent') return `CoreDNS: ${part.reason}`;
  const kubeconfig = join(dir, 'kubeconfig');
  const cluster = BenchProcess.script('cluster.ts', [kubeconfig, imports]);
  await cluster.next();
  const rival = await startOnFreePort('CoreDNS multicluster', imports, async (port) => {
    const file = join(dir, 'Corefile');
    const plugin = `kubernetes cluster.local clusterset.local {\n    kubeconfig ${kubeconfig}\n    multicluster clusterset.local\n  }`;
    await writeFile(file, `.:${port} {\n  bind 127.0.0.1\n  ${plugin}\n}\n`);
    return new BenchProcess([part.path, '-conf', file], {core: SERVER_CORE, env: {GOMAXPROCS: '1'}});
  });
  const close = async () => {
    await rival.close();
    await cluster.close();
  };
  return {...rival, close};
}

async function startOnFreePort(
  name: string,
  imports: number,
  start: (port: number) => Promise<BenchProcess>,
): Promise<Rival> {
  const reserved = await reservePort();
  await reserved.release();
  const process = await start(reserved.port);
  const rival = {name, port: reserved.port, process, close: async () => process.close()};
  try {
    await eventually(`${name} answers as it should`, async () => isAnswering(rival, imports), 60_000);
  } catch (error) {
    await rival.close();
    throw error;
  }
  return rival;
}

/** One query of each kind, and the last import, so that all of them are there. */
async function isAnswering({name, port, process}: Rival, imports: number): Promise<boolean> {
  if (process.hasEnded) throw new Error(`${name} ended`);
  const last = benchImport(imports - 1);
  const [hit, empty, service, missing] = benchQueries(imports).slice(6, 10);
  const wanted = [
    {query: {name: `${last.name}.${last.namespace}.svc.${ZONE}`, type: 'A'}, answers: 1, rcode: 0},
    {query: hit!, answers: 1, rcode: 0},
    {query: empty!, answers: 0, rcode: 0},
    {query: service!, answers: 1, rcode: 0},
    {query: missing!, answers: 0, rcode: 3},
  ];
  const seen = wanted.map(async ({query, answers, rcode}) => {
    const reply = await ask(port, question(query.name, query.type));
    return reply !== undefined && reply.readUInt16BE(6) === answers && (reply[3]! & 15) === rcode;
  });
  return (await Promise.all(seen)).every(Boolean);
}

async function ask(port: number, query: Buffer): Promise<Buffer | undefined> {
  try {
    return await exchangeUdp({server: '127.0.0.1', port, query, timeoutMs: 500});
  } catch (error) {
    // It does not listen yet.
    if (error instanceof IsthmusError) return undefined;
    throw error;
  }
}

function zoneLines(imports: number): readonly string[] {
  const lines = [`${ZONE} 5 IN SOA ${SOA}`, `${ZONE} 5 IN NS ns.dns.${ZONE}`];
  for (let i = 0; i < imports; i++) {
    const {name, namespace, ips} = benchImport(i);
    const base = `${name}.${namespace}.svc.${ZONE}`;
    lines.push(`${base} 5 IN A ${ips[0]}`, `_http._tcp.${base} 5 IN SRV 0 100 80 ${base}`);
  }
  return lines;
}

function isOnPath(command: string): boolean {
  return spawnSync(command, ['-h']).error === undefined;
}
