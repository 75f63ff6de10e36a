import {encode} from 'dns-packet';
import {describe, expect, test} from 'vitest';
import {readAnswer} from '../../dns/wire/answer-reader.ts';
import {question} from './ask.ts';

const A = 1;
const CNAME = 5;
const asked = question('www.example.org', 'A');
/** Where the first record begins. */
const FIRST = asked.length;
const FIXED = 10;

interface Raw {
  /** Octets of the name; left out: a pointer to the question's. */
  readonly owner?: readonly number[];
  readonly type: number;
  readonly ttl?: number;
  readonly data: readonly number[];
}

function record({owner = [0xc0, 12], type, ttl = 60, data}: Raw): Buffer {
  const fixed = Buffer.alloc(FIXED);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([Buffer.from(owner), fixed, Buffer.from(data)]);
}

/** An answer with these records in its first section. */
function answer(...records: readonly Raw[]): Buffer {
  const message = Buffer.concat([asked, ...records.map(record)]);
  message.writeUInt16BE(0x8180, 2);
  message.writeUInt16BE(records.length, 6);
  return message;
}

const isRead = (message: Buffer) => readAnswer(message, FIRST, A) !== undefined;
const pointer = (to: number) => [0xc0 | (to >> 8), to & 0xff];
/** Where the data of the first record begins, whose owner is a pointer. */
const DATA = FIRST + 2 + FIXED;
const address = (owner: readonly number[]): Raw => ({owner, type: A, data: [192, 0, 2, 1]});
const text = 16;

describe('names of an answer that is passed on', () => {
  test.each<readonly [string, readonly Raw[]]>([
    ['the question as owner', [address(pointer(12))]],
    ['a part of it behind labels of its own', [address([1, 0x61, ...pointer(16)])]],
    ['a root', [address([0])]],
    [
      'a name in the data of a record before it',
      [{type: CNAME, data: [1, 0x78, ...pointer(16)]}, address(pointer(DATA))],
    ],
    ['an alias that is its own target: that is data', [{type: CNAME, data: pointer(12)}]],
    [
      'two aliases that are each other’s',
      [
        {type: CNAME, data: [1, 0x78, 0]},
        {owner: pointer(DATA), type: CNAME, data: pointer(12)},
      ],
    ],
    ['a pointer to a pointer', [{type: CNAME, data: pointer(16)}, address(pointer(DATA))]],
    ['a type that nobody knows, whatever is in it', [{type: 65_280, data: [0xc0, 0xff, 0xc0]}]],
  ])('may be %s', (_name, records) => {
    expect(isRead(answer(...records))).toBe(true);
  });

  /** Octets in data that nobody reads, for pointers to lead into: there, one leads forwards. */
  const trap: Raw = {type: text, data: [3, ...pointer(DATA + 8), 0]};
  test.each<readonly [string, readonly Raw[]]>([
    ['a pointer to itself', [address(pointer(FIRST))]],
    ['a pointer forwards', [address(pointer(FIRST + 20))]],
    ['a pointer into the header', [address(pointer(4))]],
    ['a pointer behind the end', [address(pointer(0x3000))]],
    ['a pointer into earlier data that points forwards again', [trap, address(pointer(DATA + 1))]],
    ['a pointer into the middle of a label', [address(pointer(14))]],
    ['a pointer into the type of the question', [address(pointer(FIRST - 4))]],
    [
      'a pointer into a TTL, which is another one when it is passed on',
      [{type: text, ttl: 1, data: [0]}, address(pointer(FIRST + 9))],
    ],
    ['a label that never ends', [address([63, 0x61])]],
    ['a label of 64 octets', [address([64, ...Array<number>(64).fill(0x61), 0])]],
    [
      'more than 255 octets with what it points to',
      [address([...label(63), ...label(63), ...label(63), ...label(46), ...pointer(12)])],
    ],
  ])('may not be %s', (_name, records) => {
    expect(isRead(answer(...records))).toBe(false);
  });

  test('may have 255 octets with what it points to', () => {
    expect(isRead(answer(address([...label(63), ...label(63), ...label(63), ...label(45), ...pointer(12)])))).toBe(
      true,
    );
  });

  const withName: readonly (readonly [string, number, readonly number[], readonly number[]])[] = [
    ['NS', 2, [], []],
    ['CNAME', 5, [], []],
    ['SOA, primary server', 6, [], [0, ...Array<number>(20).fill(1)]],
    ['SOA, mailbox', 6, [0], Array<number>(20).fill(1)],
    ['PTR', 12, [], []],
    ['MX', 15, [0, 1], []],
    ['SRV', 33, [0, 0, 0, 0, 0, 80], []],
    ['NAPTR', 35, [0, 0, 0, 0, 1, 0x73, 0, 0], []],
    ['DNAME', 39, [], []],
    ['RRSIG', 46, Array<number>(18).fill(1), [1, 2, 3]],
    ['NSEC', 47, [], [0, 1, 64]],
    ['SVCB', 64, [0, 1], []],
  ];
  test.each(withName)('are read in the data of %s', (_name, type, before, after) => {
    const dataOf = (name: readonly number[]) => isRead(answer({type, data: [...before, ...name, ...after]}));
    expect(dataOf([1, 0x78, 0])).toBe(true);
    expect(dataOf(pointer(12))).toBe(true);
    expect(dataOf(pointer(DATA + before.length)), 'itself').toBe(false);
    expect(dataOf(pointer(DATA + before.length + 2)), 'forwards').toBe(false);
    expect(dataOf([9, 0x78]), 'longer than the data').toBe(false);
    expect(isRead(answer({type, data: before})), 'none').toBe(false);
  });

  test.each(withName.filter(([, type]) => type < 46))(
    'are all there is in the data of %s',
    (_name, type, before, after) => {
      expect(isRead(answer({type, data: [...before, 0, ...after, 7]}))).toBe(false);
    },
  );

  test.each([
    ['A', 1, 4],
    ['AAAA', 28, 16],
  ])('an %s record has its octets, no more and no less', (_name, type, octets) => {
    const has = (length: number) => isRead(answer({type, data: Array<number>(length).fill(1)}));
    expect([has(octets - 1), has(octets), has(octets + 1)]).toEqual([false, true, false]);
  });

  test('64 kB of records that point to each other take no time, and a chain of pointers has an end', () => {
    const chained = (count: number) =>
      answer(
        ...Array.from({length: count}, (_, i): Raw => ({
          owner: i === 0 ? [0xc0, 12] : pointer(FIRST + (i - 1) * 16),
          type: A,
          data: [1, 2, 3, 4],
        })),
      );
    expect(isRead(chained(127))).toBe(true);
    expect(isRead(chained(128))).toBe(false);
    const many = answer(...Array.from({length: 4_000}, (): Raw => ({type: CNAME, data: [1, 0x78, ...pointer(12)]})));
    const begun = performance.now();
    expect(isRead(many)).toBe(true);
    // A hundredth of what a stalled machine would need to make this wrong, and a thousandfold of what it takes.
    expect(performance.now() - begun).toBeLessThan(2_000);
  });

  test('what an ordinary encoder compresses is read', () => {
    const message = encode({
      type: 'response',
      questions: [{name: 'www.example.org', type: 'A'}],
      answers: [
        {type: 'CNAME', name: 'www.example.org', ttl: 1, data: 'x.example.org'},
        {type: 'A', name: 'x.example.org', ttl: 1, data: '192.0.2.1'},
      ],
      authorities: [{type: 'NS', name: 'example.org', ttl: 1, data: 'ns.example.org'}],
      additionals: [{type: 'AAAA', name: 'ns.example.org', ttl: 1, data: '2001:db8::1'}],
    });
    expect(isRead(message)).toBe(true);
  });
});

function label(octets: number): readonly number[] {
  return [octets, ...Array<number>(octets).fill(0x61)];
}
