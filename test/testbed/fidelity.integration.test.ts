import {afterAll, beforeAll, describe, expect, test} from 'vitest';

import {missingForClusters} from '../../src/dev/real/part-cache.ts';
import {admissionAnswers, answerRows} from '../dev/fidelity/admission-answers.ts';
import {admissionReviews, reviewRows} from '../dev/fidelity/admission-reviews.ts';
import {allTables} from '../dev/fidelity/all-tables.ts';
import {compareAnswers, compareEvents} from '../dev/fidelity/compare-answers.ts';
import {hookedCluster} from '../dev/fidelity/hooked-cluster.ts';
import type {HookedCluster} from '../dev/fidelity/hooked-cluster.ts';
import {DifferenceJudge} from '../dev/fidelity/judge-differences.ts';
import {answersTo} from '../dev/fidelity/replay.ts';
import {watchEvents} from '../dev/fidelity/watch-row.ts';
import {startFidelityServers} from './fidelity-servers.ts';
import type {FidelityServers} from './fidelity-servers.ts';

const {requests, watches} = await allTables();
const missing = await missingForClusters();

if (missing !== undefined) test(`fidelity (${missing})`, ({skip}) => skip());

describe.runIf(missing === undefined)('a real and an embedded API server', () => {
  const differences = new DifferenceJudge();
  let servers: FidelityServers;
  let hooked: Promise<HookedCluster>;
  let rows = 0;

  beforeAll(async () => {
    servers = await startFidelityServers();
    hooked = hookedCluster(servers.real.http);
    await hooked;
  }, 90_000);

  afterAll(async () => {
    await (await hooked).close();
    await servers.close();
  });

  describe.each(requests)('$name', ({name: table, rows: those}) => {
    test.each(those)('$name', async (row) => {
      rows++;
      if (row.forgotten === true) await servers.forget();
      const [real, embedded] = await Promise.all([
        answersTo(row, servers.real.http, row.answer),
        answersTo(row, servers.embedded.http, row.embedded ?? row.answer),
      ]);
      const found = real.flatMap((answer, at) => {
        const other = embedded[at];
        return other === undefined ? [] : compareAnswers(answer, other);
      });
      expect(differences.unknown(`${table} › ${row.name}`, found)).toEqual([]);
    });
  });

  describe.each(watches)('$name', ({name: table, rows: those}) => {
    test.concurrent.each(those)('$name', async (row) => {
      rows++;
      const [real, embedded] = await Promise.all([
        watchEvents(row, servers.real.http),
        watchEvents(row, servers.embedded.http),
      ]);
      expect(differences.unknown(`${table} › ${row.name}`, compareEvents(real, embedded))).toEqual([]);
    });
  });

  describe('a webhook of the real one:', () => admissionAnswers(() => hooked));
  describe('the real one asks for a review of', () => admissionReviews(() => hooked));

  test('differ in what is known, and all of that is needed', () => {
    const asked = rows + answerRows.length + reviewRows.length;
    process.stdout.write(
      `fidelity: ${asked} rows, ${differences.found} differences, ${differences.left} of them left unknown\n`,
    );
    expect(differences.unused().map(({row, path}) => `${row}: ${path}`)).toEqual([]);
  });
});
