import {beforeEach, describe, expect, test} from 'vitest';

import {DerivedWriter} from '../../src/agent/derived-writer.ts';
import type {Sources} from '../../src/agent/sources.ts';
import type {Service} from '../../src/api/kinds.ts';
import type {KubeObject} from '../../src/api/meta.ts';
import {keyOf} from '../../src/api/meta.ts';
import {derivedServiceName} from '../../src/api/names.ts';
import type {Resource} from '../../src/api/resources.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {KubeError} from '../../src/kube/kube-error.ts';
import {anImport, derivedOf, slicesOf} from './fixtures.ts';

const NAME = derivedServiceName('bar', 'foo');
const DUAL = ['10.102.0.7', 'fd00:0:0:2::7'];
const signal = new AbortController().signal;

/** `verb plural name`, in the order in which they were sent. */
let sent: string[];
let stores: Record<'services' | 'slices', Map<string, KubeObject>>;
let notMade: string[];
/** How the API server answers the create of a Service. */
let create: () => Promise<Service>;
/** What a list of Services has. */
let listed: readonly Service[];
/** Slices of others in our namespace. */
let foreign: readonly KubeObject[];
let answerSlice: () => Promise<void>;

const client = {
  create: (resource: Resource, {metadata}: KubeObject) => {
    sent.push(`create ${resource.plural} ${metadata.name}`);
    return create();
  },
  apply: async (resource: Resource, body: KubeObject) => {
    sent.push(`apply ${resource.plural} ${body.metadata.name}`);
    await answerSlice();
    return body;
  },
  replace: (resource: Resource, body: KubeObject) => {
    sent.push(`replace ${resource.plural} ${body.metadata.name}`);
    return Promise.resolve(body);
  },
  list: (resource: Resource, {fieldSelector, labelSelector}: {fieldSelector?: string; labelSelector?: string}) => {
    sent.push(`list ${resource.plural} ${fieldSelector ?? labelSelector}`);
    return Promise.resolve({items: resource.plural === 'services' ? listed : foreign});
  },
  delete: (resource: Resource, {name}: KubeObject['metadata'], {uid}: {uid?: string}) => {
    sent.push(`delete ${resource.plural} ${name} ${uid}`);
    return Promise.resolve(true);
  },
} as unknown as KubeClient;

function writer(): DerivedWriter {
  const sources = {services: {store: stores.services}, slices: {store: stores.slices}} as unknown as Sources;
  return new DerivedWriter({client, sources, namespace: 'isthmus-system', onNotMade: (key) => notMade.push(key)});
}

function put(store: keyof typeof stores, ...objects: readonly KubeObject[]): void {
  for (const object of objects) {
    const uid = object.metadata.uid ?? `uid-${object.metadata.name}`;
    stores[store].set(keyOf(object.metadata), {...object, metadata: {...object.metadata, uid}});
  }
}

/** One that has made a derived Service with these addresses before. */
async function after(ips: readonly string[]): Promise<DerivedWriter> {
  const under = writer();
  create = () => Promise.resolve(derivedOf(anImport({name: 'before'}), ips));
  await under.create(anImport({name: 'before'}), signal);
  sent = [];
  create = () => Promise.resolve(derivedOf(anImport()));
  return under;
}

/** Without the first look for slices of others. */
function besidesSurvey(): readonly string[] {
  return sent.filter((each) => !each.startsWith('list endpointslices kubernetes.io/service-name,'));
}

beforeEach(() => {
  sent = [];
  notMade = [];
  listed = [];
  foreign = [];
  stores = {services: new Map(), slices: new Map()};
  create = () => Promise.resolve(derivedOf(anImport()));
  answerSlice = () => Promise.resolve();
});

describe('Service and slices are written at the same time (docs/decisions/0010)', () => {
  test('slices are sent before the Service was answered, in the families of the one before', async () => {
    const under = await after(DUAL);
    const answer = Promise.withResolvers<Service>();
    create = () => answer.promise;
    const created = under.create(anImport(), signal);
    await expect.poll(() => sent).toHaveLength(3);
    expect(sent).toEqual([
      `create services ${NAME}`,
      `apply endpointslices ${NAME}-ipv4`,
      `apply endpointslices ${NAME}-ipv6`,
    ]);
    answer.resolve(derivedOf(anImport()));
    await created;
    expect(sent).toHaveLength(3);
  });

  const guesses = [
    {name: 'none is known: all of them after the Service', before: undefined, now: DUAL, last: ['ipv4', 'ipv6']},
    {name: 'one was known, two come: the other after it', before: ['10.102.0.7'], now: DUAL, last: ['ipv6']},
    {name: 'two were known, one comes: nothing more', before: DUAL, now: ['10.102.0.7'], last: ['ipv4', 'ipv6']},
  ];
  test.each(guesses)('a wrong guess of the families is made good: $name', async ({before, now, last}) => {
    const under = before === undefined ? writer() : await after(before);
    create = () => Promise.resolve(derivedOf(anImport(), now));
    await under.create(anImport(), signal);
    expect(sent.slice(-last.length)).toEqual(last.map((family) => `apply endpointslices ${NAME}-${family}`));
  });

  test('a slice of a family that the Service did not get goes when it is seen', async () => {
    const derived = derivedOf(anImport(), ['10.102.0.7']);
    put('slices', ...slicesOf(derivedOf(anImport())));
    await writer().mend(anImport(), derived, signal);
    expect(besidesSurvey()).toEqual([`delete endpointslices ${NAME}-ipv6 uid-${NAME}-ipv6`]);
  });

  test('it returns when slices are answered too, and an error leaves nothing behind its back', async () => {
    const under = await after(DUAL);
    const slow = Promise.withResolvers<void>();
    answerSlice = () => slow.promise;
    create = () => Promise.reject(new Error('quota'));
    let settled = false;
    const created = under.create(anImport(), signal).finally(() => (settled = true));
    created.catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    expect(settled).toBe(false);
    slow.resolve();
    await expect(created).rejects.toThrow('quota');
    expect(notMade).toEqual(['bar/foo']);
  });

  test('a slice that is refused fails the call, and the Service keeps its place in the budget', async () => {
    answerSlice = () => Promise.reject(new Error('refused'));
    await expect(writer().create(anImport(), signal)).rejects.toThrow('refused');
    expect(notMade).toEqual([]);
  });
});

describe('a Service that is there although the store has not seen it', () => {
  const exists = () =>
    Promise.reject(new KubeError('ISTHMUS_KUBE_STATUS', 'exists', {status: 409, reason: 'AlreadyExists'}));

  test('is taken as it is', async () => {
    create = exists;
    listed = [derivedOf(anImport(), ['10.102.0.9'])];
    const derived = await writer().create(anImport(), signal);
    expect(derived.spec?.clusterIPs).toEqual(['10.102.0.9']);
    expect(besidesSurvey()).toEqual([
      `create services ${NAME}`,
      `list services metadata.name=${NAME}`,
      `apply endpointslices ${NAME}-ipv4`,
    ]);
  });

  test('and has a selector is mended', async () => {
    create = exists;
    const derived = derivedOf(anImport());
    const spec = {...derived.spec, selector: {app: 'taken'}};
    listed = [{...derived, spec}];
    expect((await writer().create(anImport(), signal)).spec).not.toHaveProperty('selector');
    expect(sent).toContain(`replace services ${NAME}`);
  });

  test('and gone again when it is asked for is an error, to be tried again', async () => {
    create = exists;
    await expect(writer().create(anImport(), signal)).rejects.toThrow('exists');
    expect(notMade).toEqual(['bar/foo']);
  });
});

describe('what is taken away', () => {
  test('slices go before their Service, each by its uid', async () => {
    const derived = derivedOf(anImport());
    put('slices', ...slicesOf(derived));
    await writer().remove(derived, signal);
    expect(sent).toEqual([
      `delete endpointslices ${NAME}-ipv4 uid-${NAME}-ipv4`,
      `delete endpointslices ${NAME}-ipv6 uid-${NAME}-ipv6`,
      `delete services ${NAME} uid-${NAME}`,
    ]);
  });

  test('slices whose Service was never made go too', async () => {
    put('slices', ...slicesOf(derivedOf(anImport())));
    await writer().removeLeftSlices('bar/foo', signal);
    expect(sent.map((call) => call.split(' ').slice(0, 2).join(' '))).toEqual([
      'delete endpointslices',
      'delete endpointslices',
    ]);
  });
});

describe('slices of others on a derived Service that is well again', () => {
  const derived = derivedOf(anImport());
  const left = (service: string): KubeObject => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {namespace: 'isthmus-system', name: `${service}-x1`, labels: {'kubernetes.io/service-name': service}},
  });

  test('go, where a writer before this one ended between mending it and sweeping', async () => {
    put('services', derived);
    put('slices', ...slicesOf(derived));
    foreign = [left(NAME)];
    const under = writer();
    await Promise.all([under.mend(anImport(), derived, signal), under.mend(anImport(), derived, signal)]);
    const swept = sent.filter((each) => each.startsWith(`delete endpointslices ${NAME}-x1`));
    expect(swept.length).toBeGreaterThan(0);
    sent = [];
    foreign = [];
    await under.mend(anImport(), derived, signal);
    expect(sent).toEqual([]);
  });

  test('are looked for once, and again after another replica may have written', async () => {
    put('slices', ...slicesOf(derived));
    foreign = [left('isthmus-dns')];
    const under = writer();
    const looks = async (): Promise<number> => {
      sent = [];
      await under.mend(anImport(), derived, signal);
      return sent.length;
    };
    expect([await looks(), await looks()]).toEqual([1, 0]);
    under.forget();
    expect([await looks(), await looks()]).toEqual([1, 0]);
    expect(sent.filter((each) => each.startsWith('delete'))).toEqual([]);
  });
});
