import {afterAll, beforeAll, expect, test} from 'vitest';
import {testCluster} from '../apiserver/support/clusters.ts';
import type {TestCluster} from '../apiserver/support/clusters.ts';
import {GADGET_CRD, GADGETS} from './kinds.ts';

let at: TestCluster;

beforeAll(async () => {
  at = await testCluster({runPods: false});
  await at.cluster.applyManifests(GADGET_CRD);
});

afterAll(() => at.close());

test('the end of a definition ends its watches', async () => {
  const watch = await at.http.watch(`${GADGETS}?watch=true&fieldSelector=metadata.name%3Dnobody`);
  await at.http.delete('/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gadgets.t.dev');
  await watch.until(({ended}) => ended !== undefined);
  expect(watch.events.at(-1)).toMatchObject({type: 'ERROR', object: {code: 410}});
});
