import type {Listener} from './resources.ts';
import {SERVICE_HEADER} from './service-header.ts';

/**
 * A TCP listener in front of the cluster of the same name.
 *
 * @param options.tunnel - to gateways: each connection travels as a CONNECT that names the service (design §9)
 */
export function tcpListener(options: {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly tunnel: boolean;
}): Listener {
  const {name, address, port, tunnel} = options;
  return {
    name,
    address: {socket_address: {address, port_value: port}},
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.tcp_proxy',
            typed_config: {
              '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
              'stat_prefix': name,
              'cluster': name,
              'idle_timeout': '0s',
              ...NEXT_ATTEMPT,
              ...(tunnel && {tunneling_config: tunnelTo(name)}),
            },
          },
        ],
      },
    ],
  };
}

/**
 * Two refused attempts eject a gateway, but the next one must come after the ejection: attempts without a pause are all over
 * by then, and the first connection after a gateway's death would fail.
 */
const NEXT_ATTEMPT = {
  max_connect_attempts: 4,
  backoff_options: {base_interval: '0.05s', max_interval: '0.25s'},
};

/** The gateway chooses the service by the header, on CONNECT as on every other request (`vhost_header`). */
function tunnelTo(name: string): object {
  return {
    hostname: name,
    headers_to_add: [{header: {key: SERVICE_HEADER, value: name}, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD'}],
  };
}
