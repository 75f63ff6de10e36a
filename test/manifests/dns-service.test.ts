import {expect, test} from 'vitest';

import {AGENT_DNS_PORT} from '../../cli/dns-transport.ts';
import {targetOf} from '../../dns/wiring/dns-target.ts';
import type {Service} from '../../src/api/kinds.ts';
import {DNS_SERVICE} from '../../src/api/names.ts';
import {readManifest} from '../testbed/least-privilege/rules.ts';

const service: Service | undefined = readManifest('agent').find(
  ({kind, metadata}) => kind === 'Service' && metadata.name === DNS_SERVICE,
);

test('the Service in front of DNS has the ports that clients of each transport expect', () => {
  const ports = service?.spec?.ports?.map(({name, port, protocol, targetPort}) => ({name, port, protocol, targetPort}));
  expect(ports).toEqual([
    {name: 'dns', port: 53, protocol: 'UDP', targetPort: AGENT_DNS_PORT},
    {name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: AGENT_DNS_PORT},
    // RFC 7858, RFC 8484.
    {name: 'dns-tls', port: 853, protocol: 'TCP', targetPort: 'dns-tls'},
    {name: 'dns-https', port: 443, protocol: 'TCP', targetPort: 'dns-https'},
  ]);
});

test('`isthmus dns wire` finds port 53 among them', () => {
  const at = {...service, spec: {...service?.spec, clusterIP: '10.96.0.53'}} as Service;
  expect(targetOf(at, 'isthmus-system/isthmus-dns')).toEqual({ok: true, address: '10.96.0.53'});
});
