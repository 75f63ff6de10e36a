import {Command} from 'commander';

import {dnsQueryCommand} from './dns-query.ts';
import {dnsWireCommand} from './dns-wire.ts';

export function dnsCommand(): Command {
  return new Command('dns')
    .description('the clusterset DNS')
    .addCommand(dnsQueryCommand())
    .addCommand(dnsWireCommand());
}
