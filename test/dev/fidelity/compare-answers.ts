import {parse} from 'yaml';
import type {Answer, WatchedEvent} from '../apiserver/support/http-client.ts';
import {inOrder, masked, withinOneSecond} from './judge.ts';

/** Where two answers differ: `status`, `headers.NAME`, `body.spec.ports[0].name`. Undefined is absent. */
export interface Difference {
  readonly path: string;
  readonly real: unknown;
  readonly embedded: unknown;
}

/** Of the connection, of the moment, or of who answers first (priority and fairness). */
const OF_THE_MOMENT = /^(date|audit-id|content-length|transfer-encoding|connection|keep-alive|x-kubernetes-pf-.*)$/;
const UNORDERED = new Set(['resourceRules', 'nonResourceRules']);
const HASH = /[0-9A-F]{128}/g;
const RANDOM: Readonly<Record<string, RegExp>> = {
  'resourceVersion': /^\d+$/,
  'clusterIP': /^(10\.101\.|fd00:)/,
  'nodePort': /^3\d{4}$/,
  'healthCheckNodePort': /^3\d{4}$/,
  'continue': /./,
  'serverAddress': /./,
  'storageVersionHash': /./,
  'ca.crt': /./,
};

/** All differences of two whole answers, but for what no two runs share: times, uids, versions, addresses that were chosen. */
export function compareAnswers(real: Answer, embedded: Answer): readonly Difference[] {
  return [...differences(comparable(real), comparable(embedded), '')];
}

/** The same for the events of a watch. */
export function compareEvents(real: readonly WatchedEvent[], embedded: readonly WatchedEvent[]): readonly Difference[] {
  const shown = (events: readonly WatchedEvent[]): unknown =>
    events.map(({type, object}) => ({type, object: maskedBody(object)}));
  return [...differences(shown(real), shown(embedded), 'events')];
}

function comparable(answer: Answer): object {
  const {status, text, headers} = answer;
  const isYaml = headers['content-type'] === 'application/yaml';
  const parsed: unknown = isYaml ? parse(text) : answer.body;
  return {
    status,
    headers: Object.fromEntries(
      Object.entries(headers)
        .filter(([name]) => !OF_THE_MOMENT.test(name))
        .map(([name, value]) => [name, maskedText(String(value), name)]),
    ),
    ...(parsed === undefined
      ? {text: headers['content-encoding'] === 'gzip' ? '<gzip>' : maskedText(text)}
      : {body: maskedBody(parsed)}),
  };
}

function maskedBody(body: any): unknown {
  if (body?.kind === 'Status') return maskedValue(inOrder(JSON.parse(masked(JSON.stringify(body)))));
  return maskedValue(withinOneSecond(body));
}

function maskedValue(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    // Rules come in the order of a map of bindings, which is none.
    if (UNORDERED.has(key)) return value.map((item) => JSON.stringify(sortedFields(item))).toSorted();
    const of = key === 'clusterIPs' ? 'clusterIP' : key === 'cells' ? key : '';
    return value.map((item) => maskedValue(item, of));
  }
  if (typeof value === 'object' && value !== null) {
    const random = 'generateName' in value && 'name' in value ? {name: '<generated>'} : {};
    return Object.fromEntries(
      Object.entries({...value, ...random}).map(([name, field]) => [name, maskedValue(field, name)]),
    );
  }
  if (typeof value === 'string' || typeof value === 'number') {
    if (RANDOM[key]?.test(String(value)) === true) return `<${key}>`;
    if (key === 'cells') return typeof value === 'string' ? maskedCell(value) : value;
  }
  return typeof value === 'string' ? maskedText(value, key) : value;
}

function sortedFields(item: unknown): unknown {
  return isRecord(item) ? Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1))) : item;
}

function maskedCell(value: string): string {
  return value
    .replace(/^\d+s$/, '<age>')
    .replace(/^10\.101\.\d+\.\d+$/, '<address>')
    .replace(/:3\d{4}\//, ':<port>/');
}

function maskedText(text: string, key = ''): string {
  if (key === 'etag' || key === 'last-modified') return `<${key}>`;
  return (
    masked(text)
      .replaceAll(HASH, '<hash>')
      .replaceAll(/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access-<suffix>')
      // Each cluster of a testbed has a prefix of its own in the etcd that they share.
      .replaceAll(/Key: \/(registry|test)\//g, 'Key: /registry/')
      .replaceAll(/(resourceVersion: )"\d+"/g, '$1"<rv>"')
      .replaceAll(/127\.0\.0\.1:\d{4,5}/g, '<server>')
  );
}

function* differences(real: unknown, embedded: unknown, path: string): Generator<Difference> {
  if (Array.isArray(real) && Array.isArray(embedded)) {
    yield* ofLists(real, embedded, path);
  } else if (isRecord(real) && isRecord(embedded)) {
    for (const key of new Set([...Object.keys(real), ...Object.keys(embedded)])) {
      yield* differences(real[key], embedded[key], path === '' ? key : `${path}.${key}`);
    }
  } else if (real !== embedded) {
    yield {path, real, embedded};
  }
}

/** Lists of named things are compared by name, so that one that is missing is one difference. */
function* ofLists(real: readonly unknown[], embedded: readonly unknown[], path: string): Generator<Difference> {
  const [ofReal, ofEmbedded] = [byName(real), byName(embedded)];
  if (ofReal !== undefined && ofEmbedded !== undefined) {
    for (const name of new Set([...ofReal.keys(), ...ofEmbedded.keys()])) {
      yield* differences(ofReal.get(name), ofEmbedded.get(name), `${path}[${name}]`);
    }
    const common = [...ofReal.keys()].filter((name) => ofEmbedded.has(name));
    const order = [...ofEmbedded.keys()].filter((name) => ofReal.has(name));
    if (common.join() !== order.join()) yield {path: `${path}.order`, real: common, embedded: order};
    return;
  }
  for (let i = 0; i < Math.max(real.length, embedded.length); i++) {
    yield* differences(real[i], embedded[i], `${path}[${i}]`);
  }
}

function byName(list: readonly unknown[]): ReadonlyMap<string, unknown> | undefined {
  const named = new Map(list.map((item) => [nameOf(item), item]));
  return named.size === list.length && !named.has('') ? named : undefined;
}

function nameOf(item: unknown): string {
  if (typeof item === 'string') return item;
  if (!isRecord(item)) return '';
  const name = item['resource'] ?? item['subresource'] ?? item['groupVersion'] ?? item['name'] ?? item['version'];
  if (typeof name === 'string') return name;
  return isRecord(item['metadata']) ? nameOf(item['metadata']) : '';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
