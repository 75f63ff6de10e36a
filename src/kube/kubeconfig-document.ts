import {parseAllDocuments} from 'yaml';
import {IsthmusError} from '../errors.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** One named item of `clusters`, `contexts` or `users`. */
export interface KubeconfigEntry {
  readonly name: string;
  /** Where it stands, for messages: `users[0].user`. */
  readonly path: string;
  readonly fields: Fields;
  /** The item around it: `{name, user}`. */
  readonly item: Fields;
}

/** A kubeconfig's shape (`client.authentication.k8s.io` calls it v1 Config); nothing in it has been believed yet. */
export interface KubeconfigDocument {
  readonly root: Fields;
  readonly clusters: readonly KubeconfigEntry[];
  readonly contexts: readonly KubeconfigEntry[];
  readonly users: readonly KubeconfigEntry[];
  readonly currentContext: string | undefined;
}

/**
 * Reads the YAML (or JSON) of a kubeconfig.
 *
 * Messages name the place and what to change and never quote the text, which holds keys and tokens; for the same reason the
 * parser's own error is no `cause`. Throws ISTHMUS_KUBECONFIG_INVALID.
 */
export function parseKubeconfigDocument(text: string, maxBytes: number): KubeconfigDocument {
  if (Buffer.byteLength(text) > maxBytes) throw invalid(`it is larger than ${maxBytes} bytes; keep one context in it`);
  const root = parseYaml(text);
  if (!isFields(root)) throw invalid('it is not a YAML mapping; put the output of "kubectl config view --raw" there');
  if (root['kind'] !== undefined && root['kind'] !== 'Config') throw invalid('its kind must be Config');
  const current = root['current-context'];
  return {
    root,
    clusters: readEntries(root, 'clusters', 'cluster'),
    contexts: readEntries(root, 'contexts', 'context'),
    users: readEntries(root, 'users', 'user'),
    currentContext: typeof current === 'string' && current !== '' ? current : undefined,
  };
}

/** The cluster and the user of a context; of the current one where none is named. */
export function selectContext(
  document: KubeconfigDocument,
  name: string | undefined = document.currentContext,
): {cluster: KubeconfigEntry; user: KubeconfigEntry} {
  if (name === undefined) throw invalid('current-context is missing: set it to the name of the context to use');
  const context = findEntry(document.contexts, 'contexts', name);
  const reference = (field: string): string => {
    const value = context.fields[field];
    if (typeof value === 'string' && value !== '') return value;
    throw invalid(`${context.path}.${field} is missing`);
  };
  return {
    cluster: findEntry(document.clusters, 'clusters', reference('cluster')),
    user: findEntry(document.users, 'users', reference('user')),
  };
}

/** A field that must be text where it is there; YAML's null and the empty text count as absent. */
export function textField(entry: KubeconfigEntry, field: string): string | undefined {
  const value = entry.fields[field];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw invalid(`${entry.path}.${field} must be text; put it in quotes`);
  return value;
}

export function invalid(reason: string): IsthmusError {
  return new IsthmusError('ISTHMUS_KUBECONFIG_INVALID', reason);
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseYaml(text: string): unknown {
  try {
    // Pretty errors quote the source; warnings would go to the process's stderr.
    const documents = [...parseAllDocuments(text, {prettyErrors: false, logLevel: 'silent', uniqueKeys: true})];
    const [document, ...more] = documents;
    if (document === undefined || more.length > 0)
      throw invalid(`it must be one YAML document, not ${documents.length}`);
    const [error] = document.errors;
    if (error !== undefined) throw invalid(`it is not YAML: ${error.code} at ${placeOf(text, error.pos[0])}`);
    // 0: no aliases at all; each could stand for a thousand (an "alias bomb").
    return document.toJS({maxAliasCount: 0});
  } catch (error) {
    if (error instanceof IsthmusError) throw error;
    throw invalid('it uses YAML aliases, or is nested too deeply; write it out plainly');
  }
}

function placeOf(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n');
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}

function readEntries(root: Fields, list: string, inner: string): KubeconfigEntry[] {
  const items = root[list] ?? [];
  if (!Array.isArray(items)) throw invalid(`${list} must be a list`);
  return items.map((item: unknown, index) => {
    const path = `${list}[${index}]`;
    if (!isFields(item)) throw invalid(`${path} must be a mapping`);
    const {name} = item;
    if (typeof name !== 'string' || name === '') throw invalid(`${path}.name is missing`);
    const fields = item[inner] ?? {};
    if (!isFields(fields)) throw invalid(`${path}.${inner} must be a mapping`);
    return {name, path: `${path}.${inner}`, fields, item};
  });
}

function findEntry(entries: readonly KubeconfigEntry[], list: string, name: string): KubeconfigEntry {
  const [found, ...more] = entries.filter((entry) => entry.name === name);
  if (found === undefined) throw invalid(`${list} has no item named ${JSON.stringify(name.slice(0, 100))}`);
  if (more.length > 0) throw invalid(`${list} has two items named ${JSON.stringify(name.slice(0, 100))}`);
  return found;
}
