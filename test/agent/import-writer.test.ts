import {beforeEach, describe, expect, test} from 'vitest';

import {ImportWriter} from '../../src/agent/import-writer.ts';
import type {Sources} from '../../src/agent/sources.ts';
import type {SkippedName} from '../../src/agent/import-notes.ts';
import {VipBudget} from '../../src/agent/vip-budget.ts';
import type {Condition, KubeObject} from '../../src/api/meta.ts';
import {keyOf} from '../../src/api/meta.ts';
import type {Resource} from '../../src/api/resources.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import type {View} from '../../src/clusterset/view.ts';
import {aCluster, aView, anImport as anImportView} from '../clusterset/fixtures.ts';
import {anImport, derivedOf, slicesOf} from './fixtures.ts';

/** What was asked of the API server, in order, as `verb plural[/subresource]`. */
let calls: {call: string; body: KubeObject}[];
let stores: Record<'imports' | 'services' | 'slices', Map<string, KubeObject>>;
let nowMs: number;
let view: View;
let skipped: Map<string, readonly SkippedName[]>;

const signal = new AbortController().signal;

/** Whether the API server refuses Services. */
let refused = false;

/** When the API server answers an apply of this plural. */
let answered: (plural: string) => Promise<void>;

/** Answers as an API server would, as far as the writer looks at it: a derived Service comes back with addresses. */
const client = {
  list: () => Promise.resolve({items: []}),
  create: (resource: Resource, body: KubeObject) => {
    calls.push({call: `create ${resource.plural}`, body});
    return refused ? Promise.reject(new Error('refused')) : Promise.resolve(derivedOf(anImport()));
  },
  apply: (resource: Resource, body: KubeObject, options: {subresource?: string}) => {
    const call = `apply ${resource.plural}${options.subresource === undefined ? '' : `/${options.subresource}`}`;
    calls.push({call, body});
    return answered(resource.plural).then(() => (resource.plural === 'serviceimports' ? whole(body) : body));
  },
  delete: (resource: Resource, at: KubeObject['metadata']) => {
    calls.push({call: `delete ${resource.plural}`, body: {apiVersion: '', kind: '', metadata: at}});
    return Promise.resolve(true);
  },
} as unknown as KubeClient;

/** Of an import: what was there with what was applied, and another generation. */
function whole(body: KubeObject): KubeObject {
  const before = stores.imports.get(keyOf(body.metadata));
  const generation = (before?.metadata.generation ?? 1) + 1;
  const spec = {...(before as {spec?: object} | undefined)?.spec, ...(body as {spec?: object}).spec};
  return {...before, ...body, metadata: {...before?.metadata, ...body.metadata, generation}, spec} as KubeObject;
}

function writer(maxVips = 10, used = 0): ImportWriter {
  const sources = Object.fromEntries(
    Object.entries(stores).map(([name, store]) => [name, {store}]),
  ) as unknown as Sources;
  return new ImportWriter({
    client,
    sources,
    namespace: 'isthmus-system',
    view: () => view,
    lingerMs: () => 60_000,
    budget: new VipBudget({
      maxVips,
      serviceRangeSize: () => undefined,
      ownNamespace: 'isthmus-system',
      view: () => view,
      derivedCount: () => used,
      hasDerived: () => false,
    }),
    skippedNames: (key) => skipped.get(key) ?? [],
    nowMs: () => nowMs,
  });
}

function put(store: keyof typeof stores, ...objects: readonly KubeObject[]): void {
  for (const object of objects) stores[store].set(keyOf(object.metadata), object);
}

/** The conditions that the call of this index sent. */
function conditionsSent(index: number): readonly Condition[] {
  const call = calls.at(index);
  if (call === undefined) throw new Error(`there was no call ${index}`);
  return (call.body as KubeObject & {status: {conditions: Condition[]}}).status.conditions;
}

beforeEach(() => {
  calls = [];
  refused = false;
  answered = () => Promise.resolve();
  nowMs = 1_000_000;
  view = aView();
  skipped = new Map();
  stores = {imports: new Map(), services: new Map(), slices: new Map()};
});

describe('Carried of a headless import says whether any pod can be reached from here (design §7)', () => {
  const headless = {type: 'Headless', clusters: ['cluster-1']} as const;
  const flat = ['cluster-1', 'cluster-2', 'cluster-3'].map((id) => aCluster(id, {network: 'flat'}));
  const cases = [
    {name: 'no common network', imported: {...headless, sliceClusters: ['cluster-1']}, said: 'False/NotSameNetwork'},
    {
      name: 'one network, slices there',
      imported: {...headless, sliceClusters: ['cluster-1']},
      clusters: flat,
      said: 'Unknown/PodAddresses',
    },
    {
      name: 'one network, no slices',
      imported: {...headless, sliceClusters: []},
      clusters: flat,
      said: 'False/SlicesNotImported',
    },
    {
      name: 'the own cluster exports too',
      imported: {...headless, clusters: ['cluster-1', 'cluster-2']},
      said: 'Unknown/PodAddresses',
      message: 'cluster-1 (NotSameNetwork)',
    },
    {name: 'nobody is known to export', imported: {...headless, clusters: []}, said: 'Unknown/PodAddresses'},
  ];
  test.each(cases)('$name: $said', async ({imported, clusters, said, message = ''}) => {
    view = aView({imports: [anImportView(imported.clusters, imported)], ...(clusters && {clusters})});
    put('imports', anImport({spec: {type: 'Headless'}}));
    await writer().reconcile('bar/foo', signal);
    const carried = conditionsSent(-1).find(({type}) => type === 'isthmus.dev/Carried');
    expect(`${carried?.status}/${carried?.reason}`).toBe(said);
    expect(carried?.message).toContain(message);
  });
});

describe('a new import', () => {
  test('is given what its address leads to before the address is announced (design §7)', async () => {
    put('imports', anImport());
    await writer().reconcile('bar/foo', signal);
    expect(calls.map(({call}) => call)).toEqual([
      'create services',
      'apply endpointslices',
      'apply endpointslices',
      'apply serviceimports',
      'apply serviceimports/status',
    ]);
  });

  test('has no address announced while one slice of two is still to be answered (design §7)', async () => {
    put('imports', anImport());
    const slow = Promise.withResolvers<void>();
    let slices = 0;
    answered = (plural) => (plural === 'endpointslices' && ++slices === 2 ? slow.promise : Promise.resolve());
    const reconciled = writer().reconcile('bar/foo', signal);
    await expect.poll(() => slices).toBe(2);
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls.map(({call}) => call)).not.toContain('apply serviceimports');
    slow.resolve();
    await reconciled;
    expect(calls.map(({call}) => call)).toContain('apply serviceimports');
  });

  test('has conditions of the generation that its addresses made, so that they are written once', async () => {
    put('imports', anImport());
    await writer().reconcile('bar/foo', signal);
    const before = anImport().metadata.generation ?? 1;
    expect(conditionsSent(-1).map(({observedGeneration}) => observedGeneration)).toEqual([before + 1, before + 1]);
  });

  test('every apply to it carries the uid that was seen, so that a deleted import does not come back (design §3)', async () => {
    put('imports', anImport());
    await writer().reconcile('bar/foo', signal);
    const applied = calls.filter(({call}) => call.includes('serviceimports'));
    expect(applied.map(({body}) => body.metadata.uid)).toEqual(['uid-bar-foo', 'uid-bar-foo']);
  });

  test('says Ready with its address, and that nothing carries it', async () => {
    put('imports', anImport());
    await writer().reconcile('bar/foo', signal);
    const conditions = conditionsSent(-1);
    expect(conditions.map(({type, status, reason}) => `${type}=${status}/${reason}`)).toEqual([
      'Ready=True/Ready',
      'isthmus.dev/Carried=False/NoGateway',
    ]);
    expect(conditions[1]?.message).toContain('TCP/80');
  });

  test('gets no address over the budget, and says why (design §9)', async () => {
    put('imports', anImport());
    await writer(5, 5).reconcile('bar/foo', signal);
    expect(calls.map(({call}) => call)).toEqual(['apply serviceimports/status']);
    const conditions = conditionsSent(0);
    expect(conditions[0]).toMatchObject({type: 'Ready', status: 'False', reason: 'VIPBudgetExhausted'});
  });

  test('over the budget gives addresses back that nothing stands for any more', async () => {
    put('imports', anImport({spec: {ips: ['10.102.0.7']}}));
    await writer(5, 5).reconcile('bar/foo', signal);
    expect(calls.map(({call}) => call)).toEqual(['apply serviceimports', 'apply serviceimports/status']);
    expect(calls[0]?.body).not.toHaveProperty('spec');
  });

  test('several at a time do not go over the budget together', async () => {
    put('imports', ...['a', 'b', 'c'].map((name) => anImport({name})));
    const under = writer(2, 0);
    await Promise.all(['a', 'b', 'c'].map((name) => under.reconcile(`bar/${name}`, signal)));
    expect(calls.filter(({call}) => call === 'create services')).toHaveLength(2);
  });

  test('whose Service the API server refuses keeps no place in the budget', async () => {
    put('imports', anImport({name: 'a'}), anImport({name: 'b'}));
    const under = writer(1, 0);
    refused = true;
    await expect(under.reconcile('bar/a', signal)).rejects.toThrow('refused');
    refused = false;
    await under.reconcile('bar/b', signal);
    expect(conditionsSent(-1)[0]).toMatchObject({type: 'Ready', status: 'True'});
  });

  test('gets no address where no hub wrote it', async () => {
    const {labels: _labels, ...metadata} = anImport().metadata;
    put('imports', {...anImport(), metadata});
    await writer().reconcile('bar/foo', signal);
    expect(conditionsSent(0)[0]).toMatchObject({type: 'Ready', status: 'False', reason: 'NotImported'});
    expect(calls).toHaveLength(1);
  });

  test.each(['kube-system', 'openshift-dns', 'isthmus-system'])(
    'gets no address in protected namespace %s',
    async (namespace) => {
      put('imports', anImport({namespace}));
      await writer().reconcile(`${namespace}/foo`, signal);
      expect(calls.map(({call}) => call)).toEqual(['apply serviceimports/status']);
    },
  );
});

test('nothing is written where nothing changed (design §14)', async () => {
  const object = anImport({spec: {ips: ['10.102.0.7', 'fd00:0:0:2::7'], ipFamilies: ['IPv4', 'IPv6']}});
  const derived = derivedOf(object);
  put('imports', object);
  put('services', derived);
  put('slices', ...slicesOf(derived));
  await writer().reconcile('bar/foo', signal);
  expect(calls.map(({call}) => call)).toEqual(['apply serviceimports/status']);
  put('imports', {...object, status: {...object.status, conditions: conditionsSent(0)}} as KubeObject);
  calls = [];
  await writer().reconcile('bar/foo', signal);
  expect(calls).toEqual([]);
});

describe('a deleted import', () => {
  test('leaves its derived Service for the linger, then it goes by uid', async () => {
    const derived = derivedOf(anImport());
    put('services', derived);
    const under = writer();
    expect(await under.reconcile('bar/foo', signal)).toEqual({requeueAfterMs: 60_000});
    nowMs += 59_999;
    expect(await under.reconcile('bar/foo', signal)).toEqual({requeueAfterMs: 1});
    expect(calls).toEqual([]);
    nowMs += 1;
    await under.reconcile('bar/foo', signal);
    expect(calls.map(({call}) => call)).toEqual(['delete services']);
  });

  test("that another controller's of the same name follows: that one is left alone, and the Service goes", async () => {
    const {labels: _labels, ...metadata} = anImport().metadata;
    put('imports', {...anImport({spec: {ips: ['10.102.9.9']}}), metadata});
    put('services', derivedOf(anImport()));
    const under = writer();
    expect(await under.reconcile('bar/foo', signal)).toEqual({requeueAfterMs: 60_000});
    expect(calls).toEqual([]);
    nowMs += 60_000;
    await under.reconcile('bar/foo', signal);
    expect(calls.map(({call}) => call)).toEqual(['delete services']);
  });

  test('that comes back in time keeps its address, and the linger starts anew afterwards', async () => {
    const object = anImport({spec: {ips: ['10.102.0.7', 'fd00:0:0:2::7'], ipFamilies: ['IPv4', 'IPv6']}});
    put('services', derivedOf(object));
    const under = writer();
    await under.reconcile('bar/foo', signal);
    nowMs += 30_000;
    put('imports', object);
    await under.reconcile('bar/foo', signal);
    expect(calls.map(({call}) => call)).not.toContain('delete services');
    stores.imports.clear();
    nowMs += 40_000;
    expect(await under.reconcile('bar/foo', signal)).toEqual({requeueAfterMs: 60_000});
  });
});

test('an import that turns headless leaves its derived Service for one linger, not for ever anew', async () => {
  put('imports', anImport({spec: {type: 'Headless'}}));
  put('services', derivedOf(anImport()));
  const under = writer();
  await under.reconcile('bar/foo', signal);
  nowMs += 60_000;
  await under.reconcile('bar/foo', signal);
  expect(calls.map(({call}) => call)).toContain('delete services');
});

test('a linger that another replica may have seen the end of begins anew', async () => {
  put('services', derivedOf(anImport()));
  const under = writer();
  await under.reconcile('bar/foo', signal);
  under.forget();
  nowMs += 59_000;
  expect(await under.reconcile('bar/foo', signal)).toEqual({requeueAfterMs: 60_000});
});

test('an import that turns headless gives its addresses back', async () => {
  put('imports', anImport({spec: {type: 'Headless', ips: ['10.102.0.7']}}));
  await writer().reconcile('bar/foo', signal);
  expect(calls.map(({call}) => call)).toEqual(['apply serviceimports', 'apply serviceimports/status']);
  expect(calls[0]?.body).not.toHaveProperty('spec');
});

describe('what is left out in this cluster is told in Ready (design §10)', () => {
  const refusedAddresses = [{cluster: 'cluster-1', reason: 'ServiceRange', count: 1, some: ['10.102.0.1']}] as const;

  test.each(['Headless', 'ClusterSetIP'] as const)('addresses that may not be used: %s', async (type) => {
    view = aView({imports: [anImportView(['cluster-1'], {type, refusedAddresses})]});
    put('imports', anImport({spec: {type}}));
    await writer().reconcile('bar/foo', signal);
    const [ready] = conditionsSent(-1);
    expect(ready).toMatchObject({type: 'Ready', status: 'True'});
    expect(ready?.message).toMatch(/; 10\.102\.0\.1 of cluster-1 can't be used here \(ServiceRange\)$/);
  });

  test('names that do not fit DNS', async () => {
    skipped.set('bar/foo', [{name: 'too.long', reason: 'a name has at most 255 octets'}]);
    put('imports', anImport({spec: {type: 'Headless'}}));
    await writer().reconcile('bar/foo', signal);
    expect(conditionsSent(-1)[0]?.message).toMatch(
      /; names that are not in DNS: too\.long \(a name has at most 255 octets\)$/,
    );
  });
});
