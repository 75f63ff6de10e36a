import {readFile} from 'node:fs/promises';
import {Command, Option} from 'commander';

import type {DnsExplanation, DnsResult, QueryTransport} from '../dns/client.ts';
import type {Secured} from '../dns/client-secure.ts';
import {IsthmusError} from '../src/errors.ts';
import type {ListenAddress} from './arguments.ts';
import {parseServer} from './arguments.ts';
import {blameFlag} from './blame-flag.ts';
import {AGENT_DNS_PORT} from './dns-transport.ts';
import {readPortsFile} from './ports-file.ts';
import {portsFileToReadOption} from './shared-options.ts';

export interface QueryFlags {
  readonly server?: {readonly host: string; readonly port?: number};
  readonly portsFile?: string;
  readonly tcp?: boolean;
  readonly tls?: boolean;
  readonly https?: boolean;
  readonly ca?: string;
  readonly tlsName?: string;
  readonly insecure?: boolean;
  readonly why?: boolean;
}

const LOOPBACK = '127.0.0.1';
/** Where servers of a transport listen (RFC 1035, 7858, 8484), for `--server` without a port. */
const WELL_KNOWN_PORTS = {udp: 53, tcp: 53, tls: 853, https: 443} as const;
/** Names in a ports file. */
const PORT_NAMES = {udp: 'dns', tcp: 'dns', tls: 'dnsTls', https: 'dnsHttps'} as const;

/** `isthmus dns query NAME [TYPE]`: what one DNS server says, in the form of zone files, and why. */
export function dnsQueryCommand(): Command {
  return new Command('query')
    .description('ask a DNS server and print its answer')
    .argument('<name>', 'such as foo.bar.svc.clusterset.local')
    .argument('[type]', 'A, AAAA, SRV, TXT, SOA, NS', 'A')
    .option(
      '--server <host[:port]>',
      `the DNS server to ask; port 53, with --tls 853, with --https 443 (default: the agent on this machine, ${LOOPBACK}:${AGENT_DNS_PORT})`,
      parseServer,
    )
    .addOption(portsFileToReadOption())
    .addOption(new Option('--tcp', 'ask over TCP').conflicts(['tls', 'https']))
    .addOption(new Option('--tls', 'ask over TLS').conflicts('https'))
    .option('--https', 'ask over HTTPS, path /dns-query')
    .option('--ca <file>', 'with --tls and --https: authorities to trust, PEM (default: those of the system)')
    .option('--tls-name <name>', 'with --tls and --https: the name in the certificate (default: the host of --server)')
    .addOption(new Option('--insecure', 'with --tls and --https: whatever the certificate is').conflicts('ca'))
    .option('--why', 'also ask why the server answers so: policy, clusters, reasons')
    .action(async (name: string, type: string, flags: QueryFlags) => {
      const {explainDns, queryDns} = await import('../dns/client.ts');
      const transport = transportOf(flags);
      const {host: server, port} = await serverOf(flags, transport ?? 'udp');
      const secured = await securedBy(flags);
      const at = {server, port, name, secured, ...(transport === undefined ? {} : {transport})};
      process.stdout.write(shownAnswer(await queryDns({...at, type: type.toUpperCase()})));
      if (flags.why === true) process.stdout.write(shownWhy(await explainDns(at)));
    });
}

/** Undefined: UDP, and TCP where the answer is truncated. */
function transportOf({tcp, tls, https}: QueryFlags): Exclude<QueryTransport, 'udp'> | undefined {
  if (https === true) return 'https';
  if (tls === true) return 'tls';
  return tcp === true ? 'tcp' : undefined;
}

async function serverOf({server, portsFile}: QueryFlags, transport: QueryTransport): Promise<ListenAddress> {
  if (server !== undefined) return {port: WELL_KNOWN_PORTS[transport], ...server};
  const name = PORT_NAMES[transport];
  if (portsFile !== undefined) {
    const ports = await blameFlag('--ports-file', portsFile, () => readPortsFile(portsFile));
    const found = ports[name];
    if (found !== undefined) return {...found, host: reachable(found.host)};
    throw new IsthmusError(
      'ISTHMUS_USAGE',
      `--ports-file ${portsFile} has no ${name}: that process does not listen so`,
    );
  }
  if (name === 'dns') return {host: LOOPBACK, port: AGENT_DNS_PORT};
  throw new IsthmusError(
    'ISTHMUS_USAGE',
    `--${transport} needs --server or --ports-file: agents listen so only when told where`,
  );
}

/** What listens on all addresses is asked on this machine's own. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return LOOPBACK;
  return host === '::' ? '::1' : host;
}

async function securedBy({ca, tlsName, insecure}: QueryFlags): Promise<Secured> {
  const caPem = ca === undefined ? undefined : await blameFlag('--ca', ca, async () => readFile(ca, 'utf8'));
  return {
    ...(caPem === undefined ? {} : {caPem}),
    ...(tlsName === undefined ? {} : {name: tlsName}),
    ...(insecure === true ? {trustsAnybody: true} : {}),
  };
}

function shownAnswer(answer: DnsResult): string {
  const flagText = [answer.authoritative ? 'aa' : '', answer.truncated ? 'tc' : ''].filter(Boolean).join(' ');
  const lines = [`;; ${answer.rcode}${flagText === '' ? '' : `; ${flagText}`}`];
  // RFC 8914: the server's own words about its answer, such as how old it is.
  for (const {code, name, text} of answer.extendedErrors) {
    lines.push(`;; extended error ${code} ${name}${text === '' ? '' : `: ${text}`}`);
  }
  for (const record of [...answer.answers, ...answer.authorities]) {
    lines.push(`${record.name} ${record.ttl} IN ${record.type} ${record.data}`);
  }
  return `${lines.join('\n')}\n`;
}

function shownWhy(why: DnsExplanation): string {
  if (why.texts.length > 0) return why.texts.map((text) => `;; why: ${text}\n`).join('');
  const because: Readonly<Record<string, string>> = {
    NXDOMAIN: 'there is no import of this name here',
    REFUSED: 'the server explains to loopback and private addresses alone, and only its own zone',
  };
  return `;; why: not said (${because[why.rcode] ?? why.rcode})\n`;
}
