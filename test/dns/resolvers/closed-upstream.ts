import {createSocket} from 'node:dgram';
import {once} from 'node:events';
import {decode, encode} from 'dns-packet';
import type {ListenAddress} from '../../../dns/transport/bind.ts';

const AUTHORITATIVE_NXDOMAIN = 0x0400 | 3;

/** A cluster's DNS that has no name that it is asked for: NXDOMAIN, with the SOA of the zone that says so. */
export class ClosedUpstream {
  /** What it was asked for since somebody emptied the list, in small letters. */
  readonly names: string[] = [];
  readonly #socket = createSocket('udp4');

  async start(): Promise<ListenAddress> {
    this.#socket.on('message', (query, {port, address}) => {
      this.names.push(...decode(query).questions.map(({name}) => name.toLowerCase()));
      this.#socket.send(denial(query), port, address);
    });
    this.#socket.bind(0, '127.0.0.1');
    await once(this.#socket, 'listening');
    return {host: '127.0.0.1', port: this.#socket.address().port};
  }
}

function denial(query: Buffer): Buffer {
  const {id, questions} = decode(query);
  const soa = {mname: 'ns.dns.cluster.local', rname: 'hostmaster.cluster.local', serial: 1, refresh: 7200, retry: 1800};
  const data = {...soa, expire: 86_400, minimum: 5};
  return encode({
    ...{type: 'response', id, flags: AUTHORITATIVE_NXDOMAIN, questions},
    authorities: [{name: 'cluster.local', type: 'SOA', ttl: 5, class: 'IN', data}],
  });
}
