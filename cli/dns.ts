import {Command} from 'commander';

import type {DnsExplanation, DnsResult} from '../dns/client.ts';
import type {ListenAddress} from './arguments.ts';
import {parseListenAddress} from './arguments.ts';
import {dnsWireCommand} from './dns-wire.ts';

interface QueryFlags {
  readonly server: ListenAddress;
  readonly tcp?: boolean;
  readonly why?: boolean;
}

/** `isthmus dns query NAME [TYPE] --server HOST:PORT`: what one DNS server says, in the form of zone files, and why. */
export function dnsCommand(): Command {
  const query = new Command('query')
    .description('ask a DNS server and print its answer')
    .argument('<name>', 'such as foo.bar.svc.clusterset.local')
    .argument('[type]', 'A, AAAA, SRV, TXT, SOA, NS', 'A')
    .requiredOption('--server <host:port>', 'the DNS server to ask', parseListenAddress)
    .option('--tcp', 'ask over TCP')
    .option('--why', 'also ask why the server answers so: policy, clusters, reasons')
    .action(async (name: string, type: string, flags: QueryFlags) => {
      const {explainDns, queryDns} = await import('../dns/client.ts');
      const at = {server: flags.server.host, port: flags.server.port, name};
      const answer = await queryDns({...at, type: type.toUpperCase(), transport: flags.tcp === true ? 'tcp' : 'udp'});
      process.stdout.write(shownAnswer(answer));
      if (flags.why === true) process.stdout.write(shownWhy(await explainDns(at)));
    });
  return new Command('dns').description('the clusterset DNS').addCommand(query).addCommand(dnsWireCommand());
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
