import type {KubeObject} from '../../src/api/meta.ts';
import {INJECTOR_CONFIGURATION} from '../../src/api/names.ts';
import {apiVersionOf, mutatingWebhookConfigurations} from '../../src/api/resources.ts';
import {createAuthority} from '../../src/pki/authority.ts';
import type {DevClusterset} from '../dev-clusterset.ts';
import type {Break} from './break-names.ts';
import {BREAKS} from './break-names.ts';
import type {StepContext} from './step-context.ts';

/** Faults that must be there before anything starts. */
export function breakAtStart(broken: Break | undefined, clusterset: DevClusterset): void {
  for (const name of clusterset.apis.names) {
    const {faults} = clusterset.apis.get(name);
    if (broken === 'vip-withheld') {
      faults.add(
        {verb: 'create', group: '', resource: 'services', namespace: 'isthmus-system', userAgent: 'isthmus-agent'},
        {kind: 'status', code: 403, reason: 'Forbidden', message: 'services are refused (--break=vip-withheld)'},
      );
    }
    if (broken === 'import-kept') {
      faults.add(
        {verb: 'delete', resource: 'serviceimports', userAgent: 'isthmus-hub'},
        {kind: 'status', code: 403, reason: 'Forbidden', message: 'imports are kept (--break=import-kept)'},
      );
    }
  }
}

export interface Spoiled {
  readonly name: Break;
  /** How long the step that fails by it waits, milliseconds: what does not come at all need not be waited for as long as what is slow. */
  readonly deadlineMs: number;
}

/** What is spoiled right before a step. */
export async function breakBefore(step: number, spoiled: Spoiled | undefined, context: StepContext): Promise<void> {
  if (spoiled === undefined || BREAKS[spoiled.name].step !== step) return;
  const {name: broken, deadlineMs} = spoiled;
  const {clusterset} = context.options;
  const agents = context.members.map((name) => clusterset.agent(name)).filter((agent) => agent !== undefined);
  if (broken === 'hub-stopped') await clusterset.hub?.close();
  if (broken === 'dns-stopped') await Promise.all(agents.map((agent) => agent.dns.close()));
  if (broken === 'webhook-stopped') await Promise.all(agents.map((agent) => agent.webhooks.close()));
  if (broken === 'wrong-ca-bundle') await Promise.all(context.members.map((name) => keepWrongCaBundle(context, name)));
  context.waitAtMost(deadlineMs);
}

/** As if somebody had put the CA of another installation there; the agent is not let mend it. */
async function keepWrongCaBundle(context: StepContext, member: string): Promise<void> {
  const {faults} = context.options.clusterset.apis.get(member);
  const entries = await context.until(`webhook entries in ${member}`, async () => {
    const at = {name: INJECTOR_CONFIGURATION};
    const found = await context.find<InjectorConfiguration>(member, mutatingWebhookConfigurations, at);
    return found?.webhooks;
  });
  faults.add(
    {verb: 'patch', resource: mutatingWebhookConfigurations.plural, userAgent: 'isthmus-agent'},
    {kind: 'status', code: 403, reason: 'Forbidden', message: 'the entries stay wrong (--break=wrong-ca-bundle)'},
  );
  const caBundle = await foreignCaBundle();
  const webhooks = entries.map((entry) => ({...entry, clientConfig: {...entry.clientConfig, caBundle}}));
  const wrong = {
    apiVersion: apiVersionOf(mutatingWebhookConfigurations),
    kind: mutatingWebhookConfigurations.kind,
    metadata: {name: INJECTOR_CONFIGURATION},
    webhooks,
  };
  await context.apply(member, mutatingWebhookConfigurations, wrong);
}

interface InjectorConfiguration extends KubeObject {
  readonly webhooks?: readonly {readonly name: string; readonly clientConfig: object}[];
}

/** A CA that signed nothing here: the API server must refuse the webhook's certificate. */
async function foreignCaBundle(): Promise<string> {
  const nowMs = Date.now();
  const {certPem} = await createAuthority({commonName: 'foreign', notBeforeMs: nowMs, notAfterMs: nowMs + 3_600_000});
  return Buffer.from(certPem).toString('base64');
}
