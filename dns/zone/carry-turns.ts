import {ANSWER_HEADER_BYTES} from './encode-group.ts';

/** Octets of a header that say what an answer is; its turn comes behind them. */
const TURN_AT = 10;

/** Where the answers of a name begin. */
export interface AnswersAt {
  readonly slab: Buffer;
  readonly at: number;
}

/**
 * Lets the answers of a name go on with the turns that those had that they replace. A name that is compiled again and again would begin
 * with its first turn each time, and whose turn that is would get more than its share.
 */
export function carryTurns(from: AnswersAt, to: AnswersAt): void {
  let toAt = to.at + 1;
  for (let left = to.slab[to.at]!; left > 0; left--) {
    const type = to.slab.readUInt16BE(toAt);
    let fromAt = from.at + 1;
    for (let others = from.slab[from.at]!; others > 0; others--) {
      if (from.slab.readUInt16BE(fromAt) === type) carryTurn({slab: from.slab, at: fromAt}, {slab: to.slab, at: toAt});
      fromAt += octetsOf(from.slab, fromAt);
    }
    toAt += octetsOf(to.slab, toAt);
  }
}

function carryTurn(from: AnswersAt, to: AnswersAt): void {
  const isSchedule = isScheduleAt(to);
  if (isSchedule !== isScheduleAt(from)) return;
  const turn = from.slab.readUInt16BE(from.at + TURN_AT);
  to.slab.writeUInt16BE(turn % turnsOf(to), to.at + TURN_AT);
  if (isSchedule) carrySets(from, to);
}

/** The sets of a schedule have turns of their own, which go on where the sets are as they were. */
function carrySets(from: AnswersAt, to: AnswersAt): void {
  const octets = octetsOf(to.slab, to.at);
  if (octetsOf(from.slab, from.at) !== octets || turnsOf(from) !== turnsOf(to)) return;
  let offset = ANSWER_HEADER_BYTES + 2 * turnsOf(to);
  while (offset < octets) {
    const [a, b] = [
      {slab: from.slab, at: from.at + offset},
      {slab: to.slab, at: to.at + offset},
    ];
    const same = a.slab.compare(b.slab, b.at, b.at + TURN_AT, a.at, a.at + TURN_AT) === 0;
    if (!same) return;
    carryTurn(a, b);
    offset += octetsOf(b.slab, b.at);
  }
}

/** An answer that says 0 records (see encode-group.ts). */
function isScheduleAt({slab, at}: AnswersAt): boolean {
  return slab.readUInt16BE(at + 2) === 0;
}

function turnsOf({slab, at}: AnswersAt): number {
  return Math.max(1, slab.readUInt16BE(at + 2) || slab.readUInt16BE(at + 6));
}

function octetsOf(slab: Buffer, at: number): number {
  return ANSWER_HEADER_BYTES + slab.readUInt16BE(at + 4) + slab.readUInt16BE(at + 8);
}
