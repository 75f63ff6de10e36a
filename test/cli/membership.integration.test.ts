import {isDeepStrictEqual} from 'node:util';

import {afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi} from 'vitest';

import type {LeaveOptions} from '../../cli/leave/run-leave.ts';
import {runLeave} from '../../cli/leave/run-leave.ts';
import {runConfirm} from '../../cli/run-confirm.ts';
import {collectStatus} from '../../cli/status/collect-status.ts';
import {statusText} from '../../cli/status/status-text.ts';
import type {OperatorHub} from '../../cli/operator-hub.ts';
import {memberRecordName} from '../../src/api/names.ts';
import {
  clusters,
  configMaps,
  leases,
  remoteClusters,
  secrets,
  serviceAccounts,
  serviceExports,
  serviceImports,
} from '../../src/api/resources.ts';
import type {RunningHub, TestCluster, TestClusterset} from '../hub/clusterset.ts';
import {exportYaml, synced} from '../hub/clusterset.ts';
import {eventually} from '../tools/eventually.ts';
import type {OperatedClusterset} from './operated-clusterset.ts';
import {joined, said, startOperated} from './operated-clusterset.ts';
import {RecordedTerminal} from './recorded-terminal.ts';

vi.setConfig({testTimeout: 60_000});

const {signal} = new AbortController();

let operated: OperatedClusterset;
let set: TestClusterset;
let one: TestCluster;
let two: TestCluster;
let hub: OperatorHub;
let running: RunningHub;

beforeAll(async () => {
  operated = await startOperated();
  ({set, one, two, hub, running} = operated);
});

afterAll(() => operated.close());

describe('confirm', () => {
  const WITHIN_MS = 20_000;
  let namespace: string;
  let tries = 0;
  const confirm = (terminal: RecordedTerminal, changes: {name?: string; agreed?: boolean} = {}): Promise<string> =>
    said(terminal, runConfirm({name: 'cluster-1', hub, agreed: false, waitMs: 20_000, terminal, signal, ...changes}));

  test('of a Cluster that is not registered is refused', async () => {
    expect(await confirm(new RecordedTerminal(), {name: 'nobody'})).toContain('no Cluster nobody is registered');
  });

  test('says so where nothing is held back', async () => {
    expect(await confirm(new RecordedTerminal())).toBe('Nothing of cluster-1 is held back.');
  });

  describe('after all exports went at once', () => {
    /** Which of them are held back, in order: the rest was let through before there were ten. */
    let held: readonly string[];

    const heldNow = async (): Promise<readonly string[]> =>
      [...((await hub.record('cluster-1', signal)).held?.keys ?? [])].sort();
    const imports = async (): Promise<number> => (await two.client.list(serviceImports, {namespace})).items.length;

    beforeEach(async () => {
      namespace = `shop-${++tries}`;
      const names = Array.from({length: 12}, (_, index) => `svc-${String(index).padStart(2, '0')}`);
      await one.namespace(namespace);
      for (const name of names) await one.apply(exportYaml(namespace, name));
      await eventually('imported', async () => (await imports()) === names.length, WITHIN_MS);
      await Promise.all(names.map(async (name) => one.client.delete(serviceExports, {namespace, name})));
      // What is held only grows, and what is imported only shrinks: they are as many once every deletion was judged and done.
      held = await eventually(
        'all were judged',
        async () => {
          const keys = await heldNow();
          return keys.length > 0 && keys.length === (await imports()) && keys;
        },
        WITHIN_MS,
      );
    });

    afterEach(async () => {
      if ((await heldNow()).length > 0) await confirm(new RecordedTerminal(), {agreed: true});
      await eventually('nothing is left', async () => (await imports()) === 0, WITHIN_MS);
    });

    test('status shows what is held back', async () => {
      await eventually('the condition', async () => {
        const text = statusText(await collectStatus(hub, undefined, signal), {nowMs: Date.now(), full: false});
        return (
          text.includes(`cluster-1: ${held.length} deletions are held back; isthmus confirm cluster-1 shows them`) &&
          text.includes('MassDeletion=True (HeldBack)')
        );
      });
    });

    test('nobody to ask, and no --yes: nothing is confirmed', async () => {
      const text = await confirm(new RecordedTerminal());
      for (const key of held) expect(text).toContain(`  ${key}`);
      expect(text).toContain('Say so with --yes');
      expect(await imports()).toBe(held.length);
      expect(await heldNow()).toEqual(held);
    });

    test('a no is a no', async () => {
      const terminal = new RecordedTerminal(['n']);
      expect(await confirm(terminal)).toContain('it was not agreed to; nothing was changed');
      expect(terminal.questions).toEqual(['Are they meant to be gone, from all clusters? [y/N] ']);
      expect(await heldNow()).toEqual(held);
    });

    test('a yes lets them through, and it is seen', async () => {
      expect(await confirm(new RecordedTerminal(['yes']))).toContain(
        "The hub's record of cluster-1 holds none of them back any more.",
      );
      await eventually('imports are gone', async () => (await imports()) === 0, WITHIN_MS);
    });
  });
});

describe('status', () => {
  test('of a Cluster that is not registered is refused', async () => {
    await expect(collectStatus(hub, 'nobody', signal)).rejects.toThrow('no Cluster nobody is registered');
  });

  test('counts what members show, and names conflicts', async () => {
    for (const member of [one, two]) await member.namespace('pair');
    const gone = async (): Promise<void> => {
      for (const {client} of [one, two]) await client.delete(serviceExports, {namespace: 'pair', name: 'db'});
      await eventually('no import', async () => (await two.client.list(serviceImports)).items.length === 0);
    };
    onTestFinished(gone);
    await one.apply(exportYaml('pair', 'db'));
    await eventually('imported', async () => two.find(serviceImports, {namespace: 'pair', name: 'db'}));
    await two.apply(exportYaml('pair', 'db').replace('port: 80', 'port: 90'));
    const wanted = [
      ['cluster-1', 'True', 'True', 'Unknown(NotProbed)', 'False(GatewayNotProbed)'],
      ['1', '1', '1', '0', '0%'],
    ];
    let shown: unknown;
    await eventually('the conflict is seen', async () => {
      const text = statusText(await collectStatus(hub, undefined, signal), {nowMs: Date.now(), full: false});
      const row = text.split('\n').find((line) => line.startsWith('cluster-1 ')) ?? '';
      shown = [row.split(/ {2,}/).slice(0, 5), row.split(/ {2,}/).slice(6)];
      return text.includes('cluster-1: exports in conflict: pair/db') && isDeepStrictEqual(shown, wanted);
    }).catch(() => expect(shown).toEqual(wanted));
    const full = statusText(await collectStatus(hub, 'cluster-2', signal), {nowMs: Date.now(), full: true});
    expect(full).toContain('cluster-2 exports: pair/db');
    expect(full).not.toContain('cluster-1 ');
  });

  test('what a member that does not answer would show is unknown, not none', async () => {
    await two.cluster.stop();
    try {
      const status = await collectStatus(hub, undefined, signal);
      const silent = status.clusters.find(({cluster}) => cluster === 'cluster-2');
      expect(silent?.member).toBeUndefined();
      const text = statusText(status, {nowMs: Date.now(), full: false});
      const row = text.split('\n').find((line) => line.startsWith('cluster-2 ')) ?? '';
      expect(row.split(/ {2,}/).slice(6, 9)).toEqual(['?', '?', '?']);
      expect(text).toContain('cluster-2: it could not be asked what it exports and imports');
    } finally {
      await two.cluster.start();
      await synced(running, [one, two]);
    }
  });
});

describe('leave', () => {
  const leave = (terminal: RecordedTerminal, changes: Partial<LeaveOptions> = {}): Promise<string> => {
    const options = {name: 'cluster-2', hub, member: undefined, forget: false, agreed: true, waitMs: 20_000};
    return said(terminal, runLeave({...options, terminal, signal, ...changes}));
  };
  const registered = async (name: string): Promise<boolean> =>
    (await set.hubCluster.find(clusters, {name})) !== undefined;

  afterEach(async () => {
    await two.cluster.start();
    await eventually('it has left or stayed', async () => {
      const found = await set.hubCluster.find(clusters, {name: 'cluster-2'});
      return found?.metadata.deletionTimestamp === undefined;
    });
    if (!(await registered('cluster-2'))) await joined(hub, two);
    await synced(running, [one, two]);
  });

  interface Row {
    readonly name: string;
    readonly changes: () => Partial<LeaveOptions>;
    readonly answers?: readonly string[];
    readonly says: readonly string[];
  }
  const rows: readonly Row[] = [
    {
      name: 'a Cluster that nobody knows is refused',
      changes: () => ({name: 'nobody'}),
      says: ['no Cluster nobody is registered'],
    },
    {name: 'nobody to ask, and no --yes', changes: () => ({agreed: false}), says: ['Let cluster-2 leave?', '--yes']},
    {name: 'a no', changes: () => ({agreed: false}), answers: ['no'], says: ['nothing was changed']},
    {
      name: 'a kubeconfig of another cluster than the one that leaves',
      changes: () => ({member: one.cluster.credentials}),
      says: ['--member-kubeconfig is of another cluster'],
    },
  ];
  test.each(rows)('$name: nothing happens', async ({changes, answers, says}) => {
    const text = await leave(new RecordedTerminal(answers), changes());
    for (const words of says) expect(text).toContain(words);
    expect(text).toContain('FAILED');
    expect(await registered('cluster-2')).toBe(true);
  });

  test('follows the hub until nothing is kept, and removes the account where it may', async () => {
    const account = {namespace: 'isthmus-system', name: 'isthmus-hub'};
    expect(await two.find(serviceAccounts, account)).toBeDefined();
    const text = await leave(new RecordedTerminal(['y']), {agreed: false, member: two.cluster.credentials});
    expect(text).toContain('cluster-2 has left, and the hub keeps nothing of it. ');
    expect(text).toContain('It left: everything that was written into it was taken back.');
    expect(text).toContain('deleted   ServiceAccount isthmus-system/isthmus-hub in the member');
    expect(text).not.toContain('FAILED');
    expect(await two.find(serviceAccounts, account)).toBeUndefined();
    expect((await two.client.list(remoteClusters)).items).toEqual([]);
    const at = {namespace: 'isthmus-system', name: memberRecordName('cluster-2')};
    expect(await set.hubCluster.find(secrets, at)).toBeUndefined();
    expect(await set.hubCluster.find(configMaps, at)).toBeUndefined();
  });

  test('of a member that does not answer says that it was not cleared; --forget gives it up', async () => {
    await two.cluster.stop();
    const text = await leave(new RecordedTerminal());
    expect(text).toContain('FAILED');
    expect(text).toContain('is no member any more, but could not be cleared');
    expect(text).toContain('isthmus leave cluster-2 --forget');
    const status = await collectStatus(hub, undefined, signal);
    expect(status.left.map(({cluster}) => cluster)).toEqual(['cluster-2']);
    const given = await leave(new RecordedTerminal(), {forget: true});
    expect(given).toContain('deleted   ConfigMap isthmus-system/isthmus-member-cluster-2');
    expect(given).toContain('cluster-2 is given up: whatever the hub wrote into it stays there.');
    const at = {namespace: 'isthmus-system', name: memberRecordName('cluster-2')};
    await eventually('its kubeconfig goes', async () => (await set.hubCluster.find(secrets, at)) === undefined);
    await two.cluster.start();
    expect((await two.client.list(remoteClusters)).items).not.toEqual([]);
  });

  test('--forget with no hub running leaves no kubeconfig behind', async () => {
    await two.cluster.stop();
    expect(await leave(new RecordedTerminal())).toContain('could not be cleared');
    await running.stop();
    try {
      const at = {namespace: 'isthmus-system', name: memberRecordName('cluster-2')};
      expect(await set.hubCluster.find(secrets, at)).toBeDefined();
      expect(await leave(new RecordedTerminal(), {forget: true})).toContain('cluster-2 is given up');
      expect(await set.hubCluster.find(secrets, at)).toBeUndefined();
      expect(await set.hubCluster.find(configMaps, at)).toBeUndefined();
    } finally {
      // The hub that was stopped could not give it back.
      await two.cluster.start();
      await two.client.delete(leases, {namespace: 'isthmus-system', name: 'isthmus-hub'});
      running = set.startHub();
    }
  });

  test('one that another hub has by now is not said to have been cleared', async () => {
    const mark = {metadata: {annotations: {'isthmus.dev/hub-epoch': '7'}}};
    const lease = {namespace: 'isthmus-system', name: 'isthmus-hub'};
    await two.client.patch(leases, lease, {type: 'merge', body: mark}, {fieldManager: 'kubectl'});
    try {
      const text = await leave(new RecordedTerminal());
      expect(text).toContain('It left: another hub has it now, so nothing was taken from it.');
      expect((await two.client.list(remoteClusters)).items).not.toEqual([]);
    } finally {
      await two.client.delete(leases, lease);
    }
  });

  test('with no hub running it says that nobody follows', async () => {
    await running.stop();
    try {
      const text = await leave(new RecordedTerminal(), {waitMs: 600});
      expect(text).toContain('is being deleted; no hub said anything about it within 0.6 s; is one running?');
    } finally {
      running = set.startHub();
    }
    expect(await leave(new RecordedTerminal())).toContain('has left');
  });
});
