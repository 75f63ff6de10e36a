import {afterAll, beforeAll, describe} from 'vitest';
import {admissionAnswers} from './admission-answers.ts';
import {admissionReviews} from './admission-reviews.ts';
import {embeddedHookedCluster} from './hooked-cluster.ts';
import type {HookedCluster} from './hooked-cluster.ts';

let started: Promise<HookedCluster>;

beforeAll(async () => {
  started = embeddedHookedCluster();
  await started;
});

afterAll(async () => (await started).close());

describe('a webhook:', () => admissionAnswers(() => started));
describe('a review of', () => admissionReviews(() => started));
