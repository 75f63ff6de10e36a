import type {ServerResponse} from 'node:http';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {jsonPatch} from './webhook-server.ts';
import type {Answer, ReviewRequest} from './webhook-server.ts';

/** Counts its calls in the object, so it changes it every time. */
function counting(name: string): (request: ReviewRequest) => JsonObject {
  return ({object}) => {
    const data = (object?.['data'] ?? {}) as Record<string, string>;
    const patched = {...data, [name]: String(Number(data[name] ?? '0') + 1)};
    return {allowed: true, ...jsonPatch({op: 'add', path: '/data', value: patched})};
  };
}

/** As an injection does: what is there already is left alone. */
function once({object}: ReviewRequest): JsonObject {
  const data = (object?.['data'] ?? {}) as Record<string, string>;
  if (data['sidecar'] !== undefined) return {allowed: true};
  return {allowed: true, ...jsonPatch({op: 'add', path: '/data', value: {...data, sidecar: '1'}})};
}

/** What each path of the webhook server does. */
export const reinvocationAnswers: Readonly<Record<string, Answer>> = {
  '/a': counting('a'),
  '/b': counting('b'),
  '/once': once,
  '/same': () => ({allowed: true, ...jsonPatch({op: 'test', path: '/kind', value: 'ConfigMap'})}),
  '/label': () => ({allowed: true, ...jsonPatch({op: 'add', path: '/metadata/labels', value: {late: '1'}})}),
  '/broken': {raw: (response: ServerResponse) => response.writeHead(500).end()},
};

export interface ReinvocationCase {
  readonly name: string;
  /** In the order in which they are configured; `path` says which, the rest are fields of the webhook. */
  readonly hooks: readonly ({readonly path: string} & JsonObject)[];
  /** The paths that were asked, in order. */
  readonly calls: string;
  readonly data?: object;
}

const again = {reinvocationPolicy: 'IfNeeded'};

/** Who is asked a second time (apiserver.md §5.3). */
export const reinvocationCases: readonly ReinvocationCase[] = [
  {
    name: 'two that always change the object are asked twice each, and no more',
    hooks: [
      {path: '/a', ...again},
      {path: '/b', ...again},
    ],
    calls: 'a b a b',
    data: {a: '2', b: '2'},
  },
  {
    name: 'one that leaves its own work alone is asked again after another changed the object',
    hooks: [{path: '/once', ...again}, {path: '/a'}],
    calls: 'once a once',
    data: {sidecar: '1', a: '1'},
  },
  {
    name: 'nobody is asked again for what the first one changed',
    hooks: [
      {path: '/a', ...again},
      {path: '/same', ...again},
    ],
    calls: 'a same',
  },
  {
    name: 'a patch that changes nothing is no change',
    hooks: [{path: '/once', ...again}, {path: '/same'}],
    calls: 'once same',
  },
  {name: 'Never is the default', hooks: [{path: '/a'}, {path: '/b', ...again}], calls: 'a b'},
  {
    name: 'in the second round only those that were asked before the change, in their order',
    hooks: [{path: '/once', ...again}, {path: '/b'}, {path: '/same', ...again}],
    calls: 'once b same once',
  },
  {
    name: 'a change of the second round reaches those that came after the last one of the first',
    hooks: [{path: '/a', ...again}, {path: '/b'}, {path: '/once', ...again}],
    calls: 'a b once a once',
  },
  {
    name: 'one that its selector kept out of the first round is not asked for the first time in the second',
    hooks: [
      {path: '/b', ...again, objectSelector: {matchLabels: {late: '1'}}},
      {path: '/once', ...again},
      {path: '/label'},
    ],
    calls: 'once label once',
  },
  {
    name: 'one that failed and is ignored has had its turn, too',
    hooks: [{path: '/broken', ...again, failurePolicy: 'Ignore'}, {path: '/a'}],
    calls: 'broken a broken',
  },
];

/** The webhooks of a configuration. */
export function reinvocationHooks(
  {hooks}: ReinvocationCase,
  server: {readonly base: string},
  caBundle: string,
): readonly JsonObject[] {
  return hooks.map(({path, ...fields}) => ({clientConfig: {url: `${server.base}${path}`, caBundle}, ...fields}));
}

/** What a server was asked, as a case tells it. */
export function callsOf(seen: readonly {readonly url: string}[]): string {
  return seen.map(({url}) => url.slice(1, url.indexOf('?'))).join(' ');
}
