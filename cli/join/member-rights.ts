import type {KubeObject} from '../../src/api/meta.ts';
import type {Right} from '../../src/kube/access-review.ts';
import {mayDo} from '../../src/kube/access-review.ts';
import {pause} from '../../src/kube/backoff.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {KubeError} from '../../src/kube/kube-error.ts';

interface Role extends KubeObject {
  readonly rules?: readonly {
    readonly apiGroups?: readonly string[];
    readonly resources?: readonly string[];
    readonly resourceNames?: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

/** Every right that roles among these objects give. */
export function rightsIn(objects: readonly KubeObject[]): readonly Right[] {
  return objects
    .filter(({kind}) => kind === 'Role' || kind === 'ClusterRole')
    .flatMap((role) => ((role as Role).rules ?? []).flatMap((rule) => spread(rule, role.metadata.namespace)));
}

function spread(rule: NonNullable<Role['rules']>[number], namespace: string | undefined): readonly Right[] {
  const {apiGroups = [], resources = [], resourceNames, verbs} = rule;
  const rights: Right[] = [];
  for (const group of apiGroups) {
    for (const path of resources) {
      const [resource = '', subresource] = path.split('/');
      for (const verb of verbs) {
        for (const name of resourceNames ?? [undefined])
          rights.push({verb, group, resource, subresource, name, namespace});
      }
    }
  }
  return rights;
}

/** `patch serviceexports/status.flomesh.io`, as docs/rbac.md has it. */
export function rightText({verb, group, resource, subresource, name, namespace}: Right): string {
  const path = subresource === undefined ? resource : `${resource}/${subresource}`;
  const at = group === '' ? path : `${path}.${group}`;
  return `${verb} ${at}${name === undefined ? '' : ` ${name}`}${namespace === undefined ? '' : ` in ${namespace}`}`;
}

/** So many questions at a time. */
const AT_ONCE = 8;
const AGAIN_MS = 250;

/**
 * Which of these rights the credentials of a client lack. An API server takes a moment to know new roles and tokens, so that
 * a no is asked for again until `withinMs` is over.
 *
 * @throws KubeError
 */
export async function missingRights(
  client: KubeClient,
  rights: readonly Right[],
  {withinMs, signal}: {readonly withinMs: number; readonly signal: AbortSignal},
): Promise<readonly Right[]> {
  const deadline = performance.now() + withinMs;
  let missing = rights;
  for (;;) {
    const isLast = performance.now() >= deadline;
    try {
      missing = await denied(client, missing, signal);
      if (missing.length === 0 || isLast) return missing;
    } catch (error) {
      const isNotKnownYet = error instanceof KubeError && error.status === 401;
      if (!isNotKnownYet || isLast) throw error;
    }
    await pause(AGAIN_MS, signal);
  }
}

async function denied(client: KubeClient, rights: readonly Right[], signal: AbortSignal): Promise<readonly Right[]> {
  const missing: Right[] = [];
  for (let first = 0; first < rights.length; first += AT_ONCE) {
    const some = rights.slice(first, first + AT_ONCE);
    const answers = await Promise.all(some.map((right) => mayDo(client, right, {signal})));
    missing.push(...some.filter((_, index) => answers[index] !== true));
  }
  return missing;
}
