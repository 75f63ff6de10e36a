import {afterAll, beforeAll, describe} from 'vitest';
import {testCluster} from '../apiserver/support/clusters.ts';
import type {TestCluster} from '../apiserver/support/clusters.ts';
import {GADGET_CRD} from './kinds.ts';
import {replay} from './replay.ts';
import {definitions} from './tables/definitions.ts';
import {documents} from './tables/documents.ts';
import {kubectl} from './tables/kubectl.ts';
import {reads} from './tables/reads.ts';

let at: TestCluster;

beforeAll(async () => {
  at = await testCluster({runPods: false});
  await at.cluster.applyManifests(GADGET_CRD);
});

afterAll(() => at.close());

describe('a read:', () => replay(reads, () => at.http));
describe('a document:', () => replay(documents, () => at.http));
describe('kubectl:', () => replay(kubectl, () => at.http));
describe('a definition:', () => replay(definitions, () => at.http));
