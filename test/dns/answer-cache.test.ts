import fc from 'fast-check';
import {encode} from 'dns-packet';
import {describe, expect, test} from 'vitest';
import {AnswerCache, DEFAULT_CACHE_LIMITS} from '../../dns/forward/answer-cache.ts';
import {readAnswer} from '../../dns/wire/answer-reader.ts';
import {question} from './ask.ts';

const QUESTION_END = question('a.org', 'A').length;

function answer(ttl: number, packet: object = {}): Buffer {
  const questions = [{name: 'a.org', type: 'A'}];
  const answers = [{name: 'a.org', type: 'A', ttl, data: '192.0.2.1'}];
  return encode({type: 'response', questions, answers, ...packet});
}

const facts = (message: Buffer) => readAnswer(message, QUESTION_END, 1)!;

describe('the cache of answers', () => {
  test('keeps an answer for its TTL, as an expired one for the time after it, then not at all', () => {
    const cache = new AnswerCache({...DEFAULT_CACHE_LIMITS, staleSeconds: 100});
    cache.store('k', answer(10), facts(answer(10)), 0);
    expect(cache.find('k', 9_999)!.expiresMs).toBe(10_000);
    expect(cache.find('k', 109_999)).toBeDefined();
    expect(cache.find('k', 110_000)).toBeUndefined();
    expect([cache.size, cache.bytes]).toEqual([0, 0]);
  });

  test('cuts long TTLs, and one with the highest bit set is 0 (RFC 2181 §8)', () => {
    const cache = new AnswerCache(DEFAULT_CACHE_LIMITS);
    cache.store('long', answer(86_400), facts(answer(86_400)), 0);
    expect(cache.find('long', 0)!.expiresMs).toBe(3_600_000);
    cache.store('odd', answer(0x80000001), facts(answer(0x80000001)), 0);
    expect(cache.find('odd', 0)).toBeUndefined();
  });

  test('never holds more octets or answers than it may', () => {
    const limits = {...DEFAULT_CACHE_LIMITS, maxEntries: 50, maxBytes: 20_000};
    const cache = new AnswerCache(limits);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(200), fc.nat(40)), {maxLength: 200}), (stores) => {
        for (const [key, count] of stores) {
          const answers = Array.from({length: count}, () => ({name: 'a.org', type: 'A', ttl: 60, data: '192.0.2.1'}));
          const message = answer(60, {answers});
          cache.store(String(key), message, facts(message), 0);
          if (cache.size > limits.maxEntries || cache.bytes > limits.maxBytes) return false;
        }
        return true;
      }),
    );
    expect(cache.size).toBeGreaterThan(0);
  });
});

describe('reading an answer to pass it on', () => {
  test('whatever comes, it ends and says what is there or that it is broken', () => {
    const base = answer(60, {
      authorities: [{type: 'NS', name: 'org', ttl: 9, data: 'ns.org'}],
      additionals: [{type: 'OPT', name: '.', options: []}],
    });
    expect(facts(base)).toMatchObject({answers: 1, authorities: 1, additionals: 0, lifetimeSeconds: 60});
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(base.length - 1), fc.nat(255)), {minLength: 1, maxLength: 8}), (changes) => {
        const message = Buffer.from(base);
        for (const [at, value] of changes) message[at] = value;
        const read = readAnswer(message, QUESTION_END, 1);
        return (
          read === undefined ||
          (read.recordsEnd <= message.length && read.ttlOffsets.every((at) => at + 4 <= read.recordsEnd))
        );
      }),
      {numRuns: 5_000},
    );
    fc.assert(
      fc.property(
        fc.uint8Array({minLength: 12, maxLength: 300}),
        (octets) => void readAnswer(Buffer.from(octets), QUESTION_END, 1),
      ),
    );
  });

  test('65,000 octets of pointers take no time', () => {
    const chain = Buffer.alloc(65_000, Buffer.from([1, 97, 0xc0, 12]));
    answer(60).copy(chain, 0, 0, QUESTION_END);
    chain.fill(255, 6, 12);
    const begun = performance.now();
    expect(readAnswer(chain, QUESTION_END, 1)).toBeUndefined();
    expect(performance.now() - begun).toBeLessThan(50);
  });

  test('what stands behind the OPT record is left out', () => {
    const extra = {type: 'A', name: 'x.org', ttl: 3, data: '192.0.2.9'};
    const message = answer(60, {additionals: [extra, {type: 'OPT', name: '.', options: []}, extra]});
    expect(facts(message)).toMatchObject({additionals: 1});
    expect(facts(message).recordsEnd).toBeLessThan(message.length);
  });
});
