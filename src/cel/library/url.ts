import {ArrayList, EntryMap, Fault, Opaque} from '../values.ts';
import type {Library, Overload} from '../signature.ts';
import type {CelType} from '../types.ts';
import type {Result} from '../values.ts';
import {opaqueType} from '../types.ts';
import {overload} from '../signature.ts';
import {traversal} from '../meter.ts';

const TYPE = opaqueType('kubernetes.URL') as Extract<CelType, {kind: 'opaque'}>;

interface Parts {
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
}

class Url extends Opaque {
  readonly type = TYPE;
  readonly parts: Parts;
  readonly text: string;

  constructor(text: string, parts: Parts) {
    super();
    this.text = text;
    this.parts = parts;
  }

  equals(other: Opaque): boolean {
    return other instanceof Url && other.text === this.text;
  }
}

const FORM =
  /^(?:(?<scheme>[a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/(?<authority>[^/?#]*))?(?<path>[^?]*)(?:\?(?<query>.*))?$/s;

const HOST = /^(?:[^[\]:/?#@ <>"]*|\[[0-9a-fA-F:.%a-zA-Z]*\])(?::\d*)?$/;

/**
 * An absolute URI or an absolute path, as Go's url.ParseRequestURI takes it: no fragment, no control characters, valid escapes.
 * Undefined: neither.
 */
function parseUrl(text: string): Url | undefined {
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  if (text === '' || /[\u0000-\u001f\u007f]/.test(text) || /%(?![0-9a-fA-F]{2})/.test(text)) return undefined;
  const groups = FORM.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const {scheme = '', authority, path = '', query = ''} = groups;
  if (scheme === '' && !text.startsWith('/')) return undefined;
  const host = (authority ?? '').slice((authority ?? '').lastIndexOf('@') + 1);
  if (!HOST.test(host) || (authority === undefined && scheme !== '' && !path.startsWith('/') && path.includes(' ')))
    return undefined;
  return new Url(text, {
    scheme: scheme.toLowerCase(),
    host,
    path: authority === undefined && scheme !== '' && !path.startsWith('/') ? '' : path,
    query,
  });
}

/** Whether the text is an absolute URI or an absolute path. */
export function isUrl(text: string): boolean {
  return parseUrl(text) !== undefined;
}

function hostname({host}: Parts): string {
  return host.startsWith('[') ? host.slice(1, host.indexOf(']')) : host.replace(/:\d*$/, '');
}

function port({host}: Parts): string {
  return /:(?<port>\d*)$/.exec(host.replace(/^\[.*\]/, ''))?.groups?.['port'] ?? '';
}

function decoded(part: string): string {
  const spaced = part.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch (error) {
    if (error instanceof URIError) return spaced;
    throw error;
  }
}

/** Names with their values; Go drops a part with a semicolon. */
function queryOf({query}: Parts): Result {
  const values = new Map<string, string[]>();
  for (const part of query.split('&')) {
    if (part === '' || part.includes(';')) continue;
    const equals = part.indexOf('=');
    const name = decoded(equals === -1 ? part : part.slice(0, equals));
    const known = values.get(name) ?? [];
    known.push(equals === -1 ? '' : decoded(part.slice(equals + 1)));
    values.set(name, known);
  }
  const map = new EntryMap();
  for (const [name, list] of values) map.add(name, new ArrayList(list));
  return map;
}

function escapedPath({path}: Parts): string {
  return path.replaceAll(/[^A-Za-z0-9\-._~$&+,/:;=@%!'()*[\]]/gu, (character) =>
    encodeURIComponent(character.toWellFormed()),
  );
}

function walk([text]: readonly [string]): number {
  return Math.max(1, traversal(text.length));
}

function part(name: string, read: (parts: Parts) => string): [string, readonly Overload[]] {
  return [
    name,
    [
      overload<[Url]>(
        'kubernetes.URL.(): string',
        ([{parts}]) => read(parts),
        ([{text}]) => Math.max(1, traversal(text.length)),
      ),
    ],
  ];
}

/** Kubernetes' URL library. */
export const URLS: Library = new Map<string, readonly Overload[]>([
  [
    'url',
    [
      overload<[string]>(
        '(string): kubernetes.URL',
        ([text]) =>
          parseUrl(text) ??
          new Fault(
            `URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`,
          ),
        walk,
      ),
    ],
  ],
  ['isURL', [overload<[string]>('(string): bool', ([text]) => isUrl(text), walk)]],
  part('getScheme', ({scheme}) => scheme),
  part('getHost', ({host}) => host),
  part('getHostname', hostname),
  part('getPort', port),
  part('getEscapedPath', escapedPath),
  [
    'getQuery',
    [
      overload<[Url]>(
        'kubernetes.URL.(): map<string, list<string>>',
        ([{parts}]) => queryOf(parts),
        ([{text}]) => Math.max(1, text.length * 0.2),
      ),
    ],
  ],
]);
