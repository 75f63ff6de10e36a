import {beforeEach, describe, expect, test} from 'vitest';
import {DeliveryNews} from '../../src/hub/delivery-news.ts';
import type {Delivery} from '../../src/hub/plan-export-status.ts';

const KEY = 'bar/foo';
const DELIVERED: Delivery = {state: 'Delivered'};
const PENDING: Delivery = {state: 'Pending', cluster: 'cluster-3'};

describe('what exporters are told of the imports of their exports', () => {
  let told: string[];
  let undelivered: Set<string>;
  let exporters: readonly string[];
  let delivery: Delivery;
  let news: DeliveryNews;

  beforeEach(() => {
    told = [];
    undelivered = new Set();
    exporters = ['cluster-1', 'cluster-2'];
    delivery = PENDING;
    const sessionOf = (id: string) => ({
      session: {
        isUndelivered: () => undelivered.has(id),
        enqueue: (kind: string, keys: Iterable<string>) => told.push(...[...keys].map((key) => `${id} ${kind} ${key}`)),
      },
    });
    const members = new Map(['cluster-1', 'cluster-2', 'cluster-3'].map((id) => [id, sessionOf(id)]));
    news = new DeliveryNews({
      members: members as unknown as ConstructorParameters<typeof DeliveryNews>[0]['members'],
      exportersOf: () => exporters,
      delivery: () => delivery,
    });
  });

  /** And what is told in that turn of the event loop. */
  async function note(): Promise<void> {
    news.note(KEY);
    await new Promise((resolve) => setImmediate(resolve));
  }

  const BOTH = [`cluster-1 export ${KEY}`, `cluster-2 export ${KEY}`];

  test('all of them hear what is new', async () => {
    await note();
    expect(told).toEqual(BOTH);
  });

  test('one more member that got it, while others are still to come, is no news', async () => {
    await note();
    told = [];
    for (let i = 0; i < 50; i++) await note();
    expect(told).toEqual([]);
    delivery = DELIVERED;
    await note();
    expect(told).toEqual(BOTH);
  });

  test.each<{name: string; now: Delivery; hears: boolean}>([
    {name: 'that all have it', now: DELIVERED, hears: true},
    {name: 'that one refuses it', now: {state: 'Failed', cluster: 'cluster-3', message: 'no'}, hears: true},
    {name: 'nothing while it is pending: that is what it was told', now: PENDING, hears: false},
  ])('an exporter that came later, and was told that it waits, hears $name', async ({now, hears}) => {
    delivery = now;
    await note();
    told = [];
    undelivered.add('cluster-2');
    await note();
    expect(told).toEqual(hears ? [`cluster-2 export ${KEY}`] : []);
  });

  test('where nobody exports it any more nobody is told, and the next export begins anew', async () => {
    await note();
    exporters = [];
    told = [];
    await note();
    expect(told).toEqual([]);
    exporters = ['cluster-1'];
    await note();
    expect(told).toEqual([`cluster-1 export ${KEY}`]);
  });

  test('what else their conditions speak of is told whatever was told before', async () => {
    await note();
    told = [];
    news.tell(KEY);
    expect(told).toEqual(BOTH);
  });

  test('what comes in one turn of the event loop is told once, as it is at its end', async () => {
    news.note(KEY);
    delivery = DELIVERED;
    await note();
    expect(told).toEqual(BOTH);
  });
});
