import type {JsonObject} from '../schema/json.ts';
import type {TypeRef} from './internal-api.ts';
import {apiVersionOfType, storageKeyOf} from './resource-type.ts';
import type {ResourceType} from './resource-type.ts';

export interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

/** The groups of a kube-apiserver in the order in which it lists them. */
const GROUP_PRIORITY: readonly string[] = [
  '',
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'resource.k8s.io',
  'flowcontrol.apiserver.k8s.io',
];

/**
 * Which types are served. Built-in kinds stay for good, custom ones come and go with their CustomResourceDefinition.
 * `revision` rises with every change, so that discovery and OpenAPI know when their documents are stale.
 */
export class TypeRegistry {
  readonly #byPath = new Map<string, ResourceType>();
  #revision = 0;

  constructor(builtin: readonly ResourceType[]) {
    for (const type of builtin) this.#byPath.set(pathOf(type), type);
  }

  get revision(): number {
    return this.#revision;
  }

  /** Replaces all versions of one resource; none removes it. */
  set(storageKey: string, types: readonly ResourceType[]): void {
    for (const [path, type] of this.#byPath) if (type.storageKey === storageKey) this.#byPath.delete(path);
    for (const type of types) this.#byPath.set(pathOf(type), type);
    this.#revision++;
  }

  find(group: string, version: string, plural: string): ResourceType | undefined {
    return this.#byPath.get(pathOf({group, version, plural}));
  }

  /** The type that owns an object, by its apiVersion and kind. */
  ofObject(object: JsonObject): ResourceType | undefined {
    return this.all().find((type) => apiVersionOfType(type) === object['apiVersion'] && type.kind === object['kind']);
  }

  /** The version that a resource is stored in. */
  stored(ref: TypeRef): ResourceType | undefined {
    return this.storedByKey(storageKeyOf(ref.group, ref.plural));
  }

  storedByKey(storageKey: string): ResourceType | undefined {
    const versions = this.all().filter((type) => type.storageKey === storageKey);
    return versions.find((type) => type.storageVersion === type.version) ?? versions[0];
  }

  all(): readonly ResourceType[] {
    return [...this.#byPath.values()];
  }

  /**
   * Core first, then the groups of Kubernetes by their priority, then custom ones by name: where two groups have a short name,
   * clients take the first. Within a group in order of preference: stable before beta before alpha, newest first.
   */
  groupVersions(): readonly GroupVersion[] {
    const seen = new Map<string, GroupVersion>();
    for (const {group, version} of this.all()) seen.set(`${group}/${version}`, {group, version});
    return [...seen.values()].sort((a, b) =>
      a.group === b.group ? compareVersions(a.version, b.version) : compareGroups(a.group, b.group),
    );
  }

  ofGroupVersion(group: string, version: string): readonly ResourceType[] {
    return this.all()
      .filter((type) => type.group === group && type.version === version)
      .sort((a, b) => (a.plural < b.plural ? -1 : 1));
  }
}

function compareGroups(a: string, b: string): number {
  return priorityOf(a) - priorityOf(b) || (a < b ? -1 : 1);
}

/** Below the number of groups for those that Kubernetes has itself. */
export function priorityOf(group: string): number {
  const priority = GROUP_PRIORITY.indexOf(group);
  return priority < 0 ? GROUP_PRIORITY.length : priority;
}

function pathOf(at: {group: string; version: string; plural: string}): string {
  return `${at.group}/${at.version}/${at.plural}`;
}

const VERSION = /^v(\d+)(?:(alpha|beta)(\d+))?$/;
const STABILITY = {alpha: 0, beta: 1} as const;

/** Kubernetes' order of versions: v2, v1, v2beta1, v1beta2, v1alpha1, then anything else by name. */
export function compareVersions(a: string, b: string): number {
  const left = rankOf(a);
  const right = rankOf(b);
  if (left === undefined || right === undefined) {
    return left === right ? (a < b ? -1 : 1) : left === undefined ? 1 : -1;
  }
  for (const [i, rank] of left.entries()) {
    const difference = (right[i] ?? 0) - rank;
    if (difference !== 0) return difference;
  }
  return 0;
}

function rankOf(version: string): readonly number[] | undefined {
  const match = VERSION.exec(version);
  if (match === null) return undefined;
  const [, major, stability, minor] = match;
  const stable = stability === undefined ? 2 : STABILITY[stability as keyof typeof STABILITY];
  return [stable, Number(major), Number(minor ?? 0)];
}
