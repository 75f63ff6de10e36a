/** The parts of `metav1` that Isthmus reads and writes. Objects are plain JSON; unknown fields are kept by whoever holds them. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly generateName?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
  readonly managedFields?: readonly unknown[];
}

/** Any Kubernetes object as it travels: what lies under `spec`, `status` and the rest is the kind's own matter. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** `metav1.Condition`. In lists of map type all five fields must be sent each time (KEP-555). */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

/** Where an object is: the namespace is left out for cluster-scoped kinds. */
export interface ObjectKey {
  readonly namespace?: string;
  readonly name: string;
}

/** `namespace/name`, or `name` alone for cluster-scoped objects: the key of every store and queue. */
export function keyOf(at: ObjectKey): string {
  return at.namespace === undefined ? at.name : `${at.namespace}/${at.name}`;
}

/** The reverse of {@link keyOf}; neither part can contain a slash. */
export function parseKey(key: string): ObjectKey {
  const slash = key.indexOf('/');
  return slash < 0 ? {name: key} : {namespace: key.slice(0, slash), name: key.slice(slash + 1)};
}

/** The `lastTransitionTime` stays as long as the status does (KEP-1623): a condition that is rewritten unchanged is no change. */
export function nextCondition(
  previous: readonly Condition[] | undefined,
  next: Omit<Condition, 'lastTransitionTime'>,
  nowMs: number,
): Condition {
  const before = previous?.find((condition) => condition.type === next.type);
  const since = before?.status === next.status ? before.lastTransitionTime : toKubeTime(nowMs);
  return {...next, lastTransitionTime: since};
}

/** True where every one of these conditions already stands there, times aside: then no write is due. */
export function hasConditions(existing: readonly Condition[] | undefined, desired: readonly Condition[]): boolean {
  return desired.every((next) =>
    existing?.some(
      (condition) =>
        condition.type === next.type &&
        condition.status === next.status &&
        condition.reason === next.reason &&
        condition.message === next.message &&
        condition.observedGeneration === next.observedGeneration,
    ),
  );
}

/** RFC 3339 to the second, as `metav1.Time` prints it. */
export function toKubeTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** RFC 3339 with exactly six decimals: a Lease with any other number of them is refused by real API servers. */
export function toMicroTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`;
}
