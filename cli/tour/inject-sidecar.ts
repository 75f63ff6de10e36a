import type {KubeObject} from '../../src/api/meta.ts';
import {INJECT_LABEL} from '../../src/api/names.ts';
import {namespaces, pods} from '../../src/api/resources.ts';
import {NAMESPACE as EXPORTED_NAMESPACE, SERVICE, namespaceObject} from './export-service.ts';
import {gatewayHostOf} from './register-members.ts';
import {HOST} from './resolve-name.ts';
import {TOUR_MANAGER, expectThat} from './step-context.ts';
import type {StepContext} from './step-context.ts';

const NAMESPACE = 'shop';
const LOCAL_HOST = `${SERVICE}.${EXPORTED_NAMESPACE}.svc.cluster.local`;

interface Container {
  readonly name: string;
  readonly image?: string;
  readonly restartPolicy?: string;
  readonly args?: readonly string[];
}

export interface Pod extends KubeObject {
  readonly spec: {
    readonly containers: readonly Container[];
    readonly initContainers?: readonly Container[];
    readonly hostAliases?: readonly {readonly ip: string; readonly hostnames: readonly string[]}[];
  };
}

/** Step 4: what comes back when a pod is created in a namespace that is labelled for injection. */
export async function injectSidecar(context: StepContext): Promise<void> {
  const member = context.members[1] ?? context.members[0] ?? '';
  const exporter = context.members[0] ?? '';
  await context.apply(member, namespaces, namespaceObject(NAMESPACE, {[INJECT_LABEL]: 'enabled'}));
  const created = await context.until(`a pod in ${member} to come back with a sidecar`, async () => {
    const pod = await context.client(member).create<Pod>(pods, plainPod(), {fieldManager: TOUR_MANAGER, dryRun: true});
    return sidecarOf(pod) && aliasOf(pod) ? pod : undefined;
  });
  const pod = await context.client(member).create<Pod>(pods, plainPod(), {fieldManager: TOUR_MANAGER});
  const sidecar = sidecarOf(pod);
  expectThat(sidecar !== undefined && sidecarOf(created) !== undefined, `the pod in ${member} should have a sidecar`);
  const bootstrap = bootstrapOf(sidecar);
  // The exporter's own pods reach its Service directly.
  const next = member === exporter ? LOCAL_HOST : gatewayHostOf(exporter);
  expectThat(bootstrap.includes(`"${next}"`), `the sidecar should know ${next}, where ${HOST} is served`);
  context.observe(
    `${member}: pod ${NAMESPACE}/client has native sidecar ${sidecar.name} (${sidecar.image}), bootstrap ${bootstrap.length} bytes`,
  );
  context.observe(`${member}: hostAliases bind ${HOST} to ${aliasOf(pod)}; its route leads to ${next}:80`);
  await expectSecondPassIsQuiet(context, member, pod);
}

function plainPod(): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {name: 'client', namespace: NAMESPACE},
    spec: {containers: [{name: 'client', image: 'example.org/client:1.0'}]},
  };
}

/** The admitted pod is submitted again: the webhook must find nothing to change. */
async function expectSecondPassIsQuiet(context: StepContext, member: string, pod: Pod): Promise<void> {
  const {labels = {}, annotations = {}} = pod.metadata;
  const again = await context
    .client(member)
    .create<Pod>(
      pods,
      {...pod, metadata: {name: 'client-again', namespace: NAMESPACE, labels, annotations}},
      {fieldManager: TOUR_MANAGER, dryRun: true},
    );
  const same = JSON.stringify(again.spec) === JSON.stringify(pod.spec);
  expectThat(same, 'submitting the admitted pod again should change nothing in its spec');
  expectThat(
    JSON.stringify(again.metadata.annotations ?? {}) === JSON.stringify(annotations),
    'nor in its annotations',
  );
  context.observe(`${member}: the admitted pod submitted again comes back unchanged`);
}

function sidecarOf(pod: Pod): Container | undefined {
  return pod.spec.initContainers?.find(({restartPolicy}) => restartPolicy === 'Always');
}

function bootstrapOf(sidecar: Container): string {
  const args = sidecar.args ?? [];
  return args[args.indexOf('--config-yaml') + 1] ?? '';
}

function aliasOf(pod: Pod): string | undefined {
  return pod.spec.hostAliases?.find(({hostnames}) => hostnames.includes(HOST))?.ip;
}
