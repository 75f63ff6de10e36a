import type {Cluster, Service, ServiceImport} from '../../src/api/kinds.ts';
import {DEFAULT_NAMESPACE, derivedServiceName} from '../../src/api/names.ts';
import * as resources from '../../src/api/resources.ts';
import type {DevCluster} from '../../src/dev/dev-cluster.ts';
import {DEV_LINGER_MS} from '../dev-clusterset.ts';
import {HUB_CLUSTER} from '../dev-apis.ts';
import {NAMESPACE, SERVICE, applyExport, exportResource, firstMember, untilImported} from './export-service.ts';
import {registerMember, untilKnowing, untilMember} from './register-members.ts';
import {HOST, untilServed} from './resolve-name.ts';
import {expectThat} from './step-context.ts';
import type {StepContext} from './step-context.ts';

const AT = {namespace: NAMESPACE, name: SERVICE};
const DERIVED = {namespace: DEFAULT_NAMESPACE, name: derivedServiceName(NAMESPACE, SERVICE)};

/** Step 6: a deleted export goes everywhere, a silent cluster loses nothing, and a latecomer gets everything. */
export async function loseThings(context: StepContext): Promise<void> {
  const exporter = firstMember(context);
  // Begun here: a real API server takes seconds to start, and the rest of the step waits most of the time.
  const latecomer = startLatecomer(context);
  // Its failure is met where it is awaited; until then nobody waits for it.
  latecomer.catch(() => undefined);
  await withdrawExport(context, exporter);
  await applyExport(context, exporter);
  for (const member of context.members) await untilServed(context, member);
  await silenceCluster(context, exporter);
  await joinLate(context, await latecomer);
}

async function withdrawExport(context: StepContext, exporter: string): Promise<void> {
  const startedMs = performance.now();
  await context.client(exporter).delete(exportResource(context), AT);
  for (const member of context.members) {
    await context.until(`import and answer to go in ${member}`, async () => {
      const found = await context.find<ServiceImport>(member, resources.serviceImports, AT);
      const {rcode} = await context.ask(member, {name: HOST, type: 'A'});
      return found === undefined && rcode === 'NXDOMAIN' ? true : undefined;
    });
  }
  const goneMs = performance.now() - startedMs;
  const lingering = await context.find<Service>(firstMember(context), resources.services, DERIVED);
  // On a machine that stood still the linger may be over by now, and then it has rightly gone.
  const isLingering = performance.now() - startedMs < DEV_LINGER_MS;
  expectThat(lingering !== undefined || !isLingering, 'the derived Service should outlive its import for the linger');
  for (const member of context.members) {
    await context.until(`derived Service to go in ${member}`, async () =>
      (await context.find<Service>(member, resources.services, DERIVED)) === undefined ? true : undefined,
    );
  }
  const lingerMs = performance.now() - startedMs;
  expectThat(
    lingerMs >= DEV_LINGER_MS,
    `the derived Service should linger for ${DEV_LINGER_MS} ms, not ${lingerMs.toFixed(0)}`,
  );
  context.observe(
    `export deleted: imports and answers gone everywhere after ${goneMs.toFixed(0)} ms, derived Services after ${lingerMs.toFixed(0)} ms`,
  );
}

async function silenceCluster(context: StepContext, exporter: string): Promise<void> {
  const api = context.options.clusterset.apis.get(exporter);
  const others = context.members.filter((member) => member !== exporter);
  await api.stop();
  const reachable = await context.until(`Cluster ${exporter} to be unreachable`, () =>
    untilReachable(context, exporter, 'False'),
  );
  for (const member of others) {
    const found = await context.find<ServiceImport>(member, resources.serviceImports, AT);
    const {answers} = await context.ask(member, {name: HOST, type: 'A'});
    expectThat(
      found !== undefined && answers.length > 0,
      `${member} should keep import and answer while ${exporter} is silent`,
    );
  }
  const still = await context.ask(exporter, {name: HOST, type: 'A'});
  expectThat(still.answers.length > 0, `DNS in ${exporter} should go on answering without its API server`);
  context.observe(
    `${exporter}: API server stopped; Reachable=False (${reachable.reason}); imports and answers stay in every member`,
  );
  await api.start();
  await context.until(`Cluster ${exporter} to be reachable again`, () => untilReachable(context, exporter, 'True'));
  await context.client(exporter).delete(exportResource(context), AT);
  for (const member of others) {
    await context.until(`${member} to catch up`, async () =>
      (await context.find<ServiceImport>(member, resources.serviceImports, AT)) === undefined ? true : undefined,
    );
  }
  await applyExport(context, exporter);
  for (const member of context.members) await untilServed(context, member);
  context.observe(
    `${exporter}: started again, Reachable=True; an export deleted and made again there arrives everywhere`,
  );
}

async function untilReachable(
  context: StepContext,
  name: string,
  wanted: string,
): Promise<{reason: string} | undefined> {
  const cluster = await context.find<Cluster>(HUB_CLUSTER, resources.clusters, {name});
  return cluster?.status?.conditions?.find(({type, status}) => type === 'Reachable' && status === wanted);
}

/** One cluster more, out of reach until it is wanted. */
async function startLatecomer(context: StepContext): Promise<DevCluster> {
  const api = await context.options.clusterset.apis.add(`cluster-${context.members.length + 1}`);
  api.faults.partition(true);
  return api;
}

/** A cluster that starts after everything else; its DNS is asked before its API server answers, and before it is a member. */
async function joinLate(context: StepContext, api: DevCluster): Promise<void> {
  const {clusterset} = context.options;
  const {name} = api;
  const listening = Promise.withResolvers<{host: string; port: number}>();
  const starting = clusterset.startAgent(name, listening.resolve);
  const dns = await listening.promise;
  const early = await context.askAt(dns, {name: HOST, type: 'A'});
  expectThat(
    early.rcode === 'SERVFAIL',
    `before its first full list ${name} should answer SERVFAIL, not ${early.rcode}`,
  );
  api.faults.partition(false);
  await starting;
  await context.until(`${name} to know that it knows nothing`, async () =>
    (await context.ask(name, {name: HOST, type: 'A'})).rcode === 'NXDOMAIN' ? true : undefined,
  );
  const startedMs = performance.now();
  await registerMember(context, name);
  await untilMember(context, name);
  await untilKnowing(context, name, [...context.members, name]);
  await untilImported(context, name);
  const ips = await untilServed(context, name);
  for (const member of context.members) await untilKnowing(context, member, [name]);
  const tookMs = performance.now() - startedMs;
  context.observe(
    `${name}: SERVFAIL before its first list, NXDOMAIN before it is a member, ${ips.join(', ')} ${tookMs.toFixed(0)} ms after it joined late`,
  );
}
