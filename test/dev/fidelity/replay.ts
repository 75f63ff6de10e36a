import {expect, test} from 'vitest';
import type {Answer, HttpClient} from '../apiserver/support/http-client.ts';
import {judge} from './judge.ts';
import {filledIn, remember} from './kept-values.ts';
import type {Call, Expected, Row} from './row.ts';

/** A real server remembers a good token for ten seconds. */
const WITHIN_MS = 15_000;
const EVERY_MS = 50;
/** A definition that was just written is served a moment later, and its first create takes two seconds more (apiserver §8). */
const DEFINITION = /^\/apis\/apiextensions\.k8s\.io\/v1\/customresourcedefinitions/;

/**
 * Makes a test of every row, for an embedded server.
 *
 * @param forget - for rows whose server is to forget the past
 */
export function replay(rows: readonly Row[], http: () => HttpClient, forget?: () => void): void {
  test.each(rows)('$name', async (row) => {
    if (row.forgotten === true) forget?.();
    await answersTo(row, http(), row.embedded ?? row.answer);
  });
}

/**
 * Asks as the row says, and fails unless the answer is as expected.
 * @returns the answers to the steps before and to the call itself
 */
export async function answersTo(row: Row, http: HttpClient, expected: Expected): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (const step of row.before ?? []) answers.push(await prepare(http, step));
  const holds = (answer: Answer): void => judge(answer, expected);
  answers.push(await askUntil(http, row.call, {holds, again: row.eventually === true}));
  return answers;
}

export async function send(http: HttpClient, call: Call): Promise<Answer> {
  const {method, path, keep = {}, ...options} = filledIn(http, call);
  const answer = await http.call(method, path, options);
  remember(http, answer.body, keep);
  return answer;
}

/** A request that must succeed; where it writes a definition, what it names is in force when this returns. */
export async function prepare(http: HttpClient, step: Call): Promise<Answer> {
  const isDefinition = DEFINITION.test(step.path) && step.method !== 'DELETE';
  const done = await askUntil(http, step, {
    holds: ({status, text}) => expect(status, `${step.method} ${step.path}: ${text}`).toBeLessThan(300),
    // Objects of a type that is not served yet get 404, those of one whose storage warms up 429.
    again: step.path.startsWith('/apis/'),
  });
  if (isDefinition) await untilInForce(http, done.body);
  return done;
}

/** Asks again, where `again` says so, until `holds` does not throw; its last word is the failure of the test. */
export async function askUntil(
  http: HttpClient,
  call: Call,
  {holds, again}: {holds: (answer: Answer) => void; again: boolean},
): Promise<Answer> {
  const deadline = performance.now() + WITHIN_MS;
  for (;;) {
    const answer = await send(http, call);
    try {
      holds(answer);
      return answer;
    } catch (error) {
      if (!again || performance.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}

/** The names are judged, and the served document is the one of this definition. */
async function untilInForce(http: HttpClient, {metadata}: any): Promise<void> {
  await askUntil(
    http,
    {method: 'GET', path: `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${metadata.name}`},
    {
      holds: ({body}) => {
        const established = body.status.conditions?.find(({type}: any) => type === 'Established');
        expect(established, JSON.stringify(body.status)).toBeDefined();
        expect(established.reason).not.toBe('Installing');
      },
      again: true,
    },
  );
}
