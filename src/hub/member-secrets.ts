import type {Secret} from '../api/kinds.ts';
import {
  HUB_MANAGED_BY,
  HUB_MANAGER,
  KUBECONFIG_SECRET_TYPE,
  MANAGED_BY_LABEL,
  MOVED_AT_ANNOTATION,
  PUT_BACK_ANNOTATION,
  isManagedByHub,
  memberRecordName,
} from '../api/names.ts';
import {apiVersionOf, secrets} from '../api/resources.ts';
import {IsthmusError} from '../errors.ts';
import type {KubeClient} from '../kube/client.ts';

/** A kubeconfig that the hub keeps, and how it came there. */
export interface KeptKubeconfig {
  readonly kubeconfig: string | undefined;
  /** When inline ones were moved there, milliseconds since the epoch, oldest first. */
  readonly movedAtMs: readonly number[];
  /** Somebody put it back into the Cluster again and again; it stays there. */
  readonly isPutBack: boolean;
  /** As it was read; whoever writes with it changes nothing that came in between. */
  readonly resourceVersion?: string | undefined;
}

const KEY = 'kubeconfig';

/**
 * Secrets `isthmus-member-<cluster>` in the hub's namespace: kubeconfigs that were inline, and those of members that left and
 * still have to be cleared. No other Secret is ever written.
 */
export class MemberSecrets {
  readonly #client: KubeClient;
  readonly #namespace: string;

  constructor(client: KubeClient, namespace: string) {
    this.#client = client;
    this.#namespace = namespace;
  }

  /** What a Cluster says to mean the kept one. */
  refOf(cluster: string): {readonly name: string} {
    return {name: memberRecordName(cluster)};
  }

  /** Undefined: there is none, or one of that name that the hub did not make. @throws KubeError */
  async read(cluster: string, signal: AbortSignal): Promise<KeptKubeconfig | undefined> {
    const found = await this.#find(cluster, signal);
    if (found === undefined || !isOurs(found)) return undefined;
    const {annotations = {}} = found.metadata;
    const data = found.data?.[KEY];
    const times = (annotations[MOVED_AT_ANNOTATION] ?? '').split(',').map(Number);
    return {
      kubeconfig: data === undefined ? undefined : Buffer.from(data, 'base64').toString('utf8'),
      movedAtMs: times.filter((time) => time > 0),
      isPutBack: annotations[PUT_BACK_ANNOTATION] === 'true',
      resourceVersion: found.metadata.resourceVersion,
    };
  }

  /** @throws KubeError; IsthmusError ISTHMUS_HUB_SECRET_TAKEN where the name is somebody else's */
  async write(
    cluster: string,
    kept: KeptKubeconfig & {readonly kubeconfig: string},
    signal: AbortSignal,
  ): Promise<void> {
    const found = await this.#find(cluster, signal);
    const name = memberRecordName(cluster);
    if (found !== undefined && !isOurs(found)) {
      throw new IsthmusError(
        'ISTHMUS_HUB_SECRET_TAKEN',
        `Secret ${this.#namespace}/${name} is not of the hub, so nothing was put into it. Delete or rename it.`,
      );
    }
    const {kubeconfig, movedAtMs, isPutBack, resourceVersion} = kept;
    const object = {
      apiVersion: apiVersionOf(secrets),
      kind: secrets.kind,
      metadata: {
        namespace: this.#namespace,
        name,
        ...(resourceVersion === undefined ? {} : {resourceVersion}),
        labels: {[MANAGED_BY_LABEL]: HUB_MANAGED_BY},
        annotations: {
          ...(movedAtMs.length === 0 ? {} : {[MOVED_AT_ANNOTATION]: movedAtMs.join()}),
          ...(isPutBack ? {[PUT_BACK_ANNOTATION]: 'true'} : {}),
        },
      },
      type: KUBECONFIG_SECRET_TYPE,
      data: {[KEY]: Buffer.from(kubeconfig).toString('base64')},
    };
    await this.#client.apply(secrets, object, {fieldManager: HUB_MANAGER, force: true, signal});
  }

  /** Removes it, where it is the hub's. @throws KubeError */
  async delete(cluster: string, signal: AbortSignal): Promise<void> {
    const found = await this.#find(cluster, signal);
    if (found === undefined || !isOurs(found)) return;
    const at = {namespace: this.#namespace, name: memberRecordName(cluster)};
    await this.#client.delete(secrets, at, {uid: found.metadata.uid, signal});
  }

  async #find(cluster: string, signal: AbortSignal): Promise<Secret | undefined> {
    const at = {namespace: this.#namespace, name: memberRecordName(cluster)};
    return this.#client.find<Secret>(secrets, at, {signal});
  }
}

function isOurs(secret: Secret): boolean {
  return secret.type === KUBECONFIG_SECRET_TYPE && isManagedByHub(secret);
}
