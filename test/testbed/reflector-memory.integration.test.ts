import {fork} from 'node:child_process';
import {once} from 'node:events';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';

import {pino} from 'pino';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';

import type {KubeObject} from '../../src/api/meta.ts';
import {namespaces, serviceImports} from '../../src/api/resources.ts';
import {missingForClusters} from '../../src/dev/real/part-cache.ts';
import {Testbed} from '../../src/dev/real/testbed.ts';
import {until} from '../../src/dev/real/until.ts';
import {KubeClient} from '../../src/kube/client.ts';
import {root} from '../e2e/os-processes.ts';
import type {Weighed, Weight} from './drills/weighed-reflector.ts';

/** Ten thousand imports come and go on a real API server; the reflector is a process of its own, so that its memory can be weighed. */

const manager = {fieldManager: 'test'};
const IMPORTS = 10_000;
const WRITERS = 8;
/** What may stay of ten thousand objects: buffers and code that is compiled by now. */
const LEFT_BYTES = 3_000_000;
const missing = await missingForClusters();

if (missing !== undefined) test(`memory of the reflector (${missing})`, ({skip}) => skip());

describe.runIf(missing === undefined)('a reflector of a real API server', () => {
  let testbed: Testbed;
  let writer: KubeClient;
  let tries = 0;

  beforeAll(async () => {
    testbed = await Testbed.start({clusters: ['one'], logger: pino({level: 'silent'})});
    const crd = join(root, 'manifests/crds/multicluster.x-k8s.io_serviceimports.yaml');
    await testbed.get('one').applyManifests(await readFile(crd, 'utf8'));
    writer = new KubeClient({credentials: testbed.get('one').credentials, userAgent: 'writer'});
  }, 120_000);

  afterAll(async () => {
    await writer.close();
    await testbed.close();
  });

  test(
    `filled with ${IMPORTS} ServiceImports and emptied: memory is back where it was, after one list`,
    {timeout: 600_000},
    async () => {
      const namespace = `full-${++tries}`;
      await writer.create(namespaces, {apiVersion: 'v1', kind: 'Namespace', metadata: {name: namespace}}, manager);
      const child = fork(join(import.meta.dirname, 'drills/weighed-reflector.ts'), {execArgv: ['--expose-gc']});
      try {
        const weighed: Weighed = {credentials: testbed.get('one').credentials, namespace};
        child.send(weighed);
        await once(child, 'message');
        const weigh = async (): Promise<Weight> => {
          child.send('weigh');
          return ((await once(child, 'message')) as [Weight])[0];
        };
        const untilObjects = (objects: number): Promise<void> =>
          until(`${objects} objects`, async () => (await weigh()).objects === objects, {deadlineMs: 240_000});
        const each = (count: number, act: (index: number) => Promise<unknown>): Promise<unknown> =>
          Promise.all(
            Array.from({length: WRITERS}, async (_, part) => {
              for (let index = part; index < count; index += WRITERS) await act(index);
            }),
          );
        const fill = (count: number): Promise<unknown> =>
          each(count, (index) => writer.create(serviceImports, anImport(namespace, index), manager));
        // One by one: a collection of ten thousand takes a busy API server longer than it gives any request.
        const empty = (count: number): Promise<unknown> =>
          each(count, (index) => writer.delete(serviceImports, {namespace, name: `svc-${index}`}));
        // Once for code that is compiled and buffers that are made.
        await fill(300);
        await untilObjects(300);
        await empty(300);
        await untilObjects(0);
        const before = await weigh();
        await fill(IMPORTS);
        await untilObjects(IMPORTS);
        const full = await weigh();
        await testbed.etcd.compact();
        await empty(IMPORTS);
        await untilObjects(0);
        const after = await weigh();
        const mb = ({bytes}: Weight): string => `${(bytes / 1e6).toFixed(1)} MB`;
        process.stdout.write(
          `memory: ${mb(before)} empty, ${mb(full)} with ${full.objects} ServiceImports, ${mb(after)} empty again; ` +
            `${after.status.lists} list, ${after.status.watches} watches, ${after.status.events} events\n`,
        );
        expect(full.bytes - before.bytes, 'it was weighed at all').toBeGreaterThan(LEFT_BYTES);
        expect(after.bytes - before.bytes, 'bytes left').toBeLessThan(LEFT_BYTES);
        expect(after.status.lists).toBe(1);
        expect(after.status.events).toBe(2 * (IMPORTS + 300));
      } finally {
        const exited = once(child, 'exit');
        child.disconnect();
        await exited;
      }
    },
  );
});

function anImport(namespace: string, index: number): KubeObject {
  const labels = Object.fromEntries(
    Array.from({length: 10}, (_, at) => [`example.org/label-${at}`, `value-${index}-${at}`]),
  );
  const metadata = {namespace, name: `svc-${index}`, labels};
  const spec = {type: 'ClusterSetIP', ports: [{name: 'http', port: 80, protocol: 'TCP'}]};
  return {apiVersion: 'multicluster.x-k8s.io/v1beta1', kind: 'ServiceImport', metadata, spec} as KubeObject;
}
