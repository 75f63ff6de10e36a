/** One request, as a client would send it. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Null: nobody's. Otherwise the administrator's, unless an `authorization` header says more. */
  readonly token?: null;
  /** Names what later calls write as `{{name}}`, by its path in this answer: `{jwt: 'status.token'}`. */
  readonly keep?: Readonly<Record<string, string>>;
}

/** What came back, as far as a row says. `<uid>`, `<time>` and `<rv>` in a message stand for any. */
export interface Expected {
  readonly code: number;
  /** The whole Status, but for `kind`, `apiVersion`, `metadata` and `code`. */
  readonly status?: object;
  /** A part of the object. */
  readonly object?: object;
  /** Paths that the object must not have: `metadata.generation`. */
  readonly lacks?: readonly string[];
  /** `metadata.managedFields`, an entry a line: {@link owner}. */
  readonly owners?: readonly string[];
  /** Texts of the `Warning` headers, in order; none where it is not said. */
  readonly warnings?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly text?: string;
}

/**
 * A fact about kube-apiserver 1.36: what it answered to a request. Rows are data and know no server, so that a real one can be asked
 * the same questions.
 */
export interface Row {
  readonly name: string;
  /** Requests that set the stage; they must succeed. */
  readonly before?: readonly Call[];
  readonly call: Call;
  readonly answer: Expected;
  /** A controller gets there: the call is made again until it is answered so, for ten seconds at most. */
  readonly eventually?: boolean;
  /** The server knows of nothing any more that was before this row: etcd is compacted and the API server is another one. */
  readonly forgotten?: boolean;
  /** What an embedded server answers instead; each such difference stands in {@link KNOWN_DIFFERENCES}. */
  readonly embedded?: Expected;
}

type More = Pick<Call, 'headers' | 'contentType'>;

export function get(path: string, headers?: Readonly<Record<string, string>>): Call {
  return {method: 'GET', path, ...(headers === undefined ? {} : {headers})};
}

export function post(path: string, body: unknown, more: More = {}): Call {
  return {method: 'POST', path, body, ...more};
}

export function put(path: string, body: unknown): Call {
  return {method: 'PUT', path, body};
}

export function remove(path: string, body?: unknown): Call {
  return {method: 'DELETE', path, ...(body === undefined ? {} : {body})};
}

export function merge(path: string, body: unknown): Call {
  return {method: 'PATCH', path, body, contentType: 'application/merge-patch+json'};
}

export function jsonPatch(path: string, body: unknown): Call {
  return {method: 'PATCH', path, body, contentType: 'application/json-patch+json'};
}

export function strategic(path: string, body: unknown): Call {
  return {method: 'PATCH', path, body, contentType: 'application/strategic-merge-patch+json'};
}

/** @param query - without the question mark */
export function apply(path: string, body: unknown, query = 'fieldManager=m'): Call {
  return {method: 'PATCH', path: `${path}?${query}`, body, contentType: 'application/apply-patch+yaml'};
}
