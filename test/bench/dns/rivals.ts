import {spawnSync} from 'node:child_process';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {exchangeUdp} from '../../../dns/client-exchange.ts';
import {reservePort} from '../../../src/dev/real/free-port.ts';
import {findPart} from '../../../src/dev/real/part-cache.ts';
import {partNamed} from '../../../src/dev/real/parts.ts';
import {eventually} from '../../tools/eventually.ts';
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
    await writeFile(file, [...unboundSettings(port, dir), ...data, ''].join('\n'));
    return new BenchProcess(['unbound', '-d', '-c', file], {core: SERVER_CORE});
  });
}

function unboundSettings(port: number, dir: string): readonly string[] {
  return [
    'server:',
    '  do-daemonize: no',
    '  use-syslog: no',
    `  logfile: "${join(dir, 'unbound.log')}"`,
    '  username: ""',
    '  chroot: ""',
    `  directory: "${dir}"`,
    '  pidfile: ""',
    '  num-threads: 1',
    '  interface: 127.0.0.1',
    `  port: ${port}`,
    '  do-ip6: no',
    '  module-config: "iterator"',
    `  local-zone: "${ZONE}" static`,
  ];
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
  await eventually(async () => checkAnswers(rival, imports), 60_000).catch(async (error: unknown) => {
    await rival.close();
    throw error;
  });
  return rival;
}

/** The first and the last import, so that all of them are there, and the kinds of answers that the queries are about. */
async function checkAnswers({name, port, process}: Rival, imports: number): Promise<void> {
  if (process.hasEnded) throw new Error(`${name} ended`);
  const last = benchImport(imports - 1);
  const wanted = [
    [`${last.name}.${last.namespace}.svc.${ZONE}`, 'A', 1, 0],
    ...benchQueries(imports).slice(6, 10).map(({name: asked, type}, i) => [asked, type, i % 2 === 0 ? 1 : 0, i === 3 ? 3 : 0]),
  ] as const;
  for (const [asked, type, answers, rcode] of wanted) {
    const query = question(String(asked), String(type));
    const reply = await exchangeUdp({server: '127.0.0.1', port, query, timeoutMs: 500});
    if (reply.readUInt16BE(6) !== answers || (reply[3]! & 15) !== rcode) throw new Error(`${name}: ${asked} ${type}`);
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
