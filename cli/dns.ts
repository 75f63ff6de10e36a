import {Command} from 'commander';

import type {ListenAddress} from './arguments.ts';
import {parseListenAddress} from './arguments.ts';

interface QueryFlags {
  readonly server: ListenAddress;
  readonly tcp?: boolean;
}

/** `isthmus dns query NAME [TYPE] --server HOST:PORT`: what one DNS server says, in the form of zone files. */
export function dnsCommand(): Command {
  const query = new Command('query')
    .description('ask a DNS server and print its answer')
    .argument('<name>', 'such as foo.bar.svc.clusterset.local')
    .argument('[type]', 'A, AAAA, SRV, TXT, SOA, NS', 'A')
    .requiredOption('--server <host:port>', 'the DNS server to ask', parseListenAddress)
    .option('--tcp', 'ask over TCP')
    .action(async (name: string, type: string, flags: QueryFlags) => {
      const {queryDns} = await import('../dns/client.ts');
      const answer = await queryDns({
        server: flags.server.host,
        port: flags.server.port,
        name,
        type: type.toUpperCase(),
        transport: flags.tcp === true ? 'tcp' : 'udp',
      });
      const flagText = [answer.authoritative ? 'aa' : '', answer.truncated ? 'tc' : ''].filter(Boolean).join(' ');
      process.stdout.write(`;; ${answer.rcode}${flagText === '' ? '' : `; ${flagText}`}\n`);
      for (const record of [...answer.answers, ...answer.authorities]) {
        process.stdout.write(`${record.name} ${record.ttl} IN ${record.type} ${record.data}\n`);
      }
    });
  return new Command('dns').description('the clusterset DNS').addCommand(query);
}
