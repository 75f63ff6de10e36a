import type {KubeObject} from '../../src/api/meta.ts';
import {keyOf} from '../../src/api/meta.ts';
import {customResourceDefinitions} from '../../src/api/resources.ts';
import {describeError, IsthmusError} from '../../src/errors.ts';
import {discoverServed} from '../../src/hub/served-resources.ts';
import {pause} from '../../src/kube/backoff.ts';
import {applyObject, manifestObjects} from './apply-object.ts';
import type {JoinContext} from './join-context.ts';

const SERVED_WITHIN_MS = 15_000;
const AGAIN_MS = 200;

/**
 * Makes the account that the hub speaks as in the member, with its rights and what holds it to them, and the kinds that are missing.
 *
 * @throws IsthmusError ISTHMUS_COMMAND_REFUSED, ISTHMUS_NOT_OBSERVED; KubeError
 */
export async function installAccount(context: JoinContext): Promise<void> {
  const {client, dryRun, signal, withAgent, changes} = context;
  await installKinds(context);
  const objects = await manifestObjects([...(withAgent ? (['agent'] as const) : []), 'member', 'admission']);
  let unchanged = 0;
  for (const object of objects) {
    const outcome = await applyObject({client, dryRun, signal}, object);
    if (outcome === 'unchanged') unchanged += 1;
    else changes.note(outcome, `${shown(object)} in the member`, undoOf(context, object));
  }
  if (unchanged > 0)
    changes.note('unchanged', `${unchanged} of ${objects.length} objects of account, rights and policies`);
}

/** Kinds that are there are used as they are, and never replaced (design §4). */
async function installKinds(context: JoinContext): Promise<void> {
  const {client, dryRun, signal, changes} = context;
  const kinds = await manifestObjects(['crds']);
  let created = 0;
  for (const object of kinds) {
    const {name} = object.metadata;
    if ((await client.find(customResourceDefinitions, {name}, {signal})) !== undefined) continue;
    await applyObject({client, dryRun, signal}, object);
    // Deleting a kind deletes all objects of it: nobody is told to do that.
    changes.note('created', `CustomResourceDefinition ${name} in the member`);
    created += 1;
  }
  if (created < kinds.length)
    changes.note('unchanged', `${kinds.length - created} of ${kinds.length} kinds of the member`);
  if (created > 0 && !dryRun) await untilServed(context);
}

async function untilServed({client, signal}: JoinContext): Promise<void> {
  const deadline = performance.now() + SERVED_WITHIN_MS;
  for (;;) {
    try {
      await discoverServed(client, signal);
      return;
    } catch (error) {
      if (!(error instanceof IsthmusError)) throw error;
      if (performance.now() > deadline) {
        throw new IsthmusError('ISTHMUS_NOT_OBSERVED', `the new kinds are not served: ${describeError(error)}`);
      }
    }
    await pause(AGAIN_MS, signal);
  }
}

function shown({kind, metadata}: KubeObject): string {
  return `${kind} ${keyOf(metadata)}`;
}

/** The namespace stays: there may be more in it than this. */
function undoOf({memberKubeconfig}: JoinContext, {kind, metadata}: KubeObject): string | undefined {
  if (kind === 'Namespace') return undefined;
  const at = metadata.namespace === undefined ? '' : ` -n ${metadata.namespace}`;
  return `kubectl --kubeconfig ${memberKubeconfig} delete ${kind.toLowerCase()} ${metadata.name}${at}`;
}
