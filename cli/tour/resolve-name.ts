import type {EndpointSlice, Service, ServiceImport} from '../../src/api/kinds.ts';
import {CARRIED_CONDITION, DEFAULT_NAMESPACE, SERVICE_NAME_LABEL, derivedServiceName} from '../../src/api/names.ts';
import * as resources from '../../src/api/resources.ts';
import {serviceHost} from '../../src/clusterset/dns-names.ts';
import {NAMESPACE, SERVICE} from './export-service.ts';
import {expectThat} from './step-context.ts';
import type {StepContext} from './step-context.ts';

export const HOST = serviceHost(NAMESPACE, SERVICE);
const AT = {namespace: NAMESPACE, name: SERVICE};

/** Step 3: the import gets a gateway VIP in every member, and the name resolves to it over UDP and TCP. */
export async function resolveName(context: StepContext): Promise<void> {
  for (const member of context.members) {
    const ips = await untilServed(context, member);
    await expectDerived(context, member, ips);
    await expectAnswers(context, member, ips);
  }
  await expectNegative(context);
}

/** Waits until the import has addresses and DNS answers with them. */
export async function untilServed(context: StepContext, member: string): Promise<readonly string[]> {
  return context.until(`${HOST} to resolve in ${member}`, async () => {
    const found = await context.find<ServiceImport>(member, resources.serviceImports, AT);
    const ips = found?.spec?.ips ?? [];
    if (ips.length === 0) return undefined;
    const {rcode, answers} = await context.ask(member, {name: HOST, type: 'A'});
    return rcode === 'NOERROR' && answers.some(({data}) => ips.includes(data)) ? ips : undefined;
  });
}

async function expectDerived(context: StepContext, member: string, ips: readonly string[]): Promise<void> {
  const at = {namespace: DEFAULT_NAMESPACE, name: derivedServiceName(NAMESPACE, SERVICE)};
  const derived = await context.find<Service>(member, resources.services, at);
  expectThat(
    derived?.spec?.clusterIPs?.join() === ips.join(),
    `ips of the import in ${member} should be those of Service ${at.name}`,
  );
  const {items} = await context.client(member).list<EndpointSlice>(resources.endpointSlices, {
    namespace: DEFAULT_NAMESPACE,
    labelSelector: `${SERVICE_NAME_LABEL}=${at.name}`,
  });
  expectThat(items.length === ips.length, `Service ${at.name} in ${member} should have a slice for each family`);
  const carried = await context.until(`condition ${CARRIED_CONDITION} in ${member}`, async () => {
    const found = await context.find<ServiceImport>(member, resources.serviceImports, AT);
    return found?.status?.conditions?.find(({type}) => type === CARRIED_CONDITION);
  });
  expectThat(
    carried.status === 'False' && carried.reason === 'NoGateway',
    `nothing carries traffic yet, and ${member} should say so`,
  );
  context.observe(`${member}: gateway VIP ${ips.join(', ')} (Service ${at.name}); Carried=False (NoGateway)`);
}

async function expectAnswers(context: StepContext, member: string, ips: readonly string[]): Promise<void> {
  const seen: string[] = [];
  for (const transport of ['udp', 'tcp'] as const) {
    for (const type of ['A', 'AAAA'] as const) {
      const {answers} = await context.ask(member, {name: HOST, type, transport});
      const data = answers.map((answer) => answer.data);
      expectThat(
        data.length === 1 && ips.includes(data[0] ?? ''),
        `${type} ${HOST} in ${member} over ${transport} should be one of ${ips.join(', ')}, not ${data.join(', ')}`,
      );
      if (transport === 'udp') seen.push(`${type} ${data.join(', ')}`);
    }
    const srv = await context.ask(member, {name: HOST, type: 'SRV', transport});
    expectThat(
      srv.answers.some(({data}) => data.includes(' 80 ')),
      `SRV ${HOST} in ${member} over ${transport} should name port 80`,
    );
    if (transport === 'udp') seen.push(`SRV ${srv.answers.map(({data}) => data).join(', ')}`);
  }
  context.observe(`${member}: ${HOST} is ${seen.join('; ')} (UDP and TCP)`);
}

async function expectNegative(context: StepContext): Promise<void> {
  for (const member of context.members) {
    const unknown = await context.ask(member, {name: serviceHost(NAMESPACE, 'nobody'), type: 'A'});
    expectThat(unknown.rcode === 'NXDOMAIN', `an unknown name in ${member} should be NXDOMAIN, not ${unknown.rcode}`);
    expectThat(
      unknown.authorities.some(({type}) => type === 'SOA'),
      `NXDOMAIN of ${member} should carry the SOA`,
    );
  }
  context.observe(`${serviceHost(NAMESPACE, 'nobody')} is NXDOMAIN with SOA in every member`);
}
