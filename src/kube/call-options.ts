export interface CallOptions {
  /** Ends the call with ISTHMUS_KUBE_ABORTED. */
  readonly signal?: AbortSignal | undefined;
  /** For the whole answer; of a watch: for its head; of a list: for each page. */
  readonly timeoutMs?: number | undefined;
}

export interface ReadOptions extends CallOptions {
  /**
   * A resourceVersion that was seen: an answer of that state or a newer one will do, so that the API server takes it from memory.
   * Left out: the newest. For that a kube-apiserver asks etcd, and a list waits until its cache has caught up with whatever else
   * was written: 76 ms, measured, where this takes 2.
   */
  readonly notOlderThan?: string | undefined;
}

export interface SelectOptions extends CallOptions {
  /** Left out for a namespaced kind: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface ListOptions extends SelectOptions, Pick<ReadOptions, 'notOlderThan'> {
  /** Default 500. */
  readonly pageSize?: number | undefined;
}

export interface WatchOptions extends SelectOptions {
  /** Changes after this one; from a list or from an earlier event. */
  readonly resourceVersion: string;
  /** After this the server ends the watch cleanly. */
  readonly timeoutSeconds?: number | undefined;
  /** The watch fails with ISTHMUS_KUBE_TIMEOUT when no event (bookmarks included) came for so long. Default: never. */
  readonly idleMs?: number | undefined;
  /** The API server took the watch; an event may be far away. */
  readonly onOpen?: (() => void) | undefined;
}

export interface WriteOptions extends CallOptions {
  readonly fieldManager: string;
  readonly subresource?: 'status' | undefined;
  readonly dryRun?: boolean | undefined;
  /** One call for each text of a `Warning` header. */
  readonly onWarning?: ((text: string) => void) | undefined;
}

export interface ApplyOptions extends WriteOptions {
  /** Takes fields from other managers instead of failing with a field conflict. */
  readonly force?: boolean | undefined;
}

export interface DeleteOptions extends CallOptions {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan' | undefined;
}

export interface RawOptions extends CallOptions {
  /** A string is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly contentType?: string | undefined;
  readonly accept?: string | undefined;
}
