import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {KubeObject} from '../../src/api/meta.ts';
import {KubeClient} from '../../src/kube/client.ts';
import {startClusterset, type TestClusterset} from './clusterset.ts';
import {AGREEMENT, type AgreementRow, type Seen} from '../tools/light/agreement-table.ts';
import {LightApi} from '../tools/light/light-api.ts';

/** A light API server that says something else than an embedded one would make every proof on it worthless. */

let set: TestClusterset;
let client: KubeClient;
const light = new LightApi({name: 'light', nowMs: Date.now, later: (work) => setTimeout(work, 1)});
const seen: {light: Map<string, KubeObject>; embedded: Map<string, KubeObject>} = {
  light: new Map(),
  embedded: new Map(),
};

beforeAll(async () => {
  set = await startClusterset(0);
  client = new KubeClient({credentials: set.hubCluster.cluster.credentials, userAgent: 'agreement'});
});
afterAll(async () => {
  await client.close();
  await set.close();
});

describe('answers of the light and of the embedded API server', () => {
  test.each(AGREEMENT)('$name', async (row) => {
    const ofLight = askLight(row);
    const ofEmbedded = await askEmbedded(row);
    expect(comparable(ofLight)).toEqual(comparable(ofEmbedded));
  });
});

interface Answer {
  readonly status: number;
  readonly text: string;
}

function askLight(row: AgreementRow): Answer {
  const {method, path, contentType} = row;
  const response = light.handle({method, path, contentType, userAgent: 'agreement', body: bodyOf(row, seen.light)});
  if (response.kind !== 'answer') throw new Error('no row is a watch');
  return note(row, seen.light, {status: response.status, text: response.body});
}

async function askEmbedded(row: AgreementRow): Promise<Answer> {
  const {method, path, contentType} = row;
  const body = bodyOf(row, seen.embedded);
  const {status, body: text} = await client.raw(method, path, {
    body,
    ...(contentType === undefined ? {} : {contentType}),
  });
  return note(row, seen.embedded, {status, text});
}

function bodyOf({body}: AgreementRow, of: Seen): string | undefined {
  return body === undefined ? undefined : JSON.stringify(body(of));
}

function note(row: AgreementRow, into: Map<string, KubeObject>, answer: Answer): Answer {
  const body: unknown = answer.text.startsWith('{') ? JSON.parse(answer.text) : undefined;
  if (answer.status < 300) into.set(row.name, body as KubeObject);
  return answer;
}

/** Without what differs from server to server: uids, versions, times, owners of fields, and the words of refusals. */
function comparable({status, text}: Answer): unknown {
  if (!text.startsWith('{')) return {status, text: text.trim()};
  const body = JSON.parse(text) as Record<string, unknown> & {kind?: string; items?: KubeObject[]};
  if (body.kind === 'Status') {
    // A deletion is answered with the object by some kinds and with a Status by others.
    return status < 300 ? {status} : {status, reason: body['reason']};
  }
  if (body.kind === undefined) return {status, gitVersion: body['gitVersion']};
  if (body.items !== undefined) return {status, kind: body.kind, items: body.items.map(content)};
  return {status, ...content(body as unknown as KubeObject)};
}

function content(object: KubeObject): object {
  const {
    managedFields: _,
    uid: __,
    resourceVersion: ___,
    creationTimestamp: ____,
    deletionTimestamp,
    ...metadata
  } = object.metadata;
  const {deletionGracePeriodSeconds: _____, ...rest} = metadata as Record<string, unknown>;
  const {labels, generation, ...others} = rest as {labels?: Record<string, string>; generation?: number};
  // Every namespace is labelled with its own name.
  const {'kubernetes.io/metadata.name': ______, ...own} = labels ?? {};
  const marks = {isMarked: deletionTimestamp !== undefined, ...(Object.keys(own).length === 0 ? {} : {labels: own})};
  const {apiVersion, kind, metadata: _______, ...fields} = object as KubeObject & Record<string, unknown>;
  const named = apiVersion === undefined ? {} : {apiVersion, kind};
  const spec = kind === 'Namespace' ? {} : fields;
  return {...named, ...spec, metadata: {...others, ...marks, ...(deletionTimestamp === undefined ? {generation} : {})}};
}
