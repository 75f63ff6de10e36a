import {dnsperf} from './dnsperf.ts';
import type {LoadResult} from './dnsperf.ts';
import {usageOf} from './processes.ts';
import type {Row} from './rows.ts';
import {median} from './statistics.ts';

interface Block extends LoadResult {
  /** CPU time of the server for one answer, microseconds. */
  readonly cpuUs: number;
}

export interface TableOptions {
  readonly rounds: number;
  /** Of each block. */
  readonly seconds: number;
  readonly print: (line: string) => void;
}

const WARM_UP_SECONDS = 0.5;

/**
 * The blocks of all rows, round by round. A ratio is the median of those of blocks of the same round: what the machine does
 * besides changes from round to round, and hits the two of one round alike.
 */
export class Table {
  readonly #rows: readonly Row[];
  /** By name of the row, then by number of the round; rows may be left out of rounds. */
  readonly #blocks: ReadonlyMap<string, Map<number, Block>>;

  private constructor(rows: readonly Row[]) {
    this.#rows = rows;
    this.#blocks = new Map(rows.map(({name}) => [name, new Map<number, Block>()]));
  }

  static async measure(rows: readonly Row[], {rounds, seconds, print}: TableOptions): Promise<Table> {
    const table = new Table(rows);
    for (const row of rows) await dnsperf({...row, seconds: WARM_UP_SECONDS});
    for (let round = 0; round < rounds; round++) {
      const due = rows.filter(({every}) => round % every === 0);
      // There and back: nobody always has the same neighbour before it.
      for (const row of round % 2 === 0 ? due : due.reverse()) {
        table.#blocks.get(row.name)!.set(round, await measureBlock(row, seconds));
      }
      print(`round ${round + 1} of ${rounds}`);
    }
    return table;
  }

  /** Queries a second, the median of the rounds. */
  qps(name: string): number {
    return median(this.#of(name).map(([, {qps}]) => qps));
  }

  /** Of queries a second. NaN: one of the two was not measured. */
  ratio(name: string, base: string): number {
    return this.#ratio(name, base, (block, other) => block.qps / other.qps);
  }

  /** How much less CPU an answer takes than one of the base. */
  cpuRatio(name: string, base: string): number {
    return this.#ratio(name, base, (block, other) => other.cpuUs / block.cpuUs);
  }

  print(print: (line: string) => void): void {
    const width = Math.max(...this.#rows.map(({name}) => name.length));
    print(`${'server'.padEnd(width)} queries/s  of echo  of echo's CPU  CPU/answer     RSS   lost`);
    for (const row of this.#rows) print(`${row.name.padEnd(width)} ${this.#cells(row).join(' ')}`);
  }

  #cells({name, server, sharesCores}: Row): readonly string[] {
    const blocks = this.#of(name).map(([, block]) => block);
    const echo = sharesCores ? 'echo, both cores' : 'echo';
    return [
      this.qps(name).toFixed(0).padStart(9),
      this.ratio(name, echo).toFixed(3).padStart(8),
      this.cpuRatio(name, echo).toFixed(3).padStart(14),
      `${median(blocks.map(({cpuUs}) => cpuUs)).toFixed(2)} us`.padStart(11),
      `${Math.round((usageOf(server.pid)?.rss ?? 0) / 1e6)} MB`.padStart(7),
      String(blocks.reduce((sum, {lost}) => sum + lost, 0)).padStart(6),
    ];
  }

  #ratio(name: string, base: string, of: (block: Block, other: Block) => number): number {
    const others = this.#blocks.get(base);
    return median(
      this.#of(name).flatMap(([round, block]) => {
        const other = others?.get(round);
        return other ? [of(block, other)] : [];
      }),
    );
  }

  #of(name: string): readonly (readonly [number, Block])[] {
    return [...(this.#blocks.get(name) ?? [])];
  }
}

async function measureBlock(row: Row, seconds: number): Promise<Block> {
  if (row.hasStorm) row.server.tell('storm');
  const before = usageOf(row.server.pid);
  const result = await dnsperf({...row, seconds});
  const after = usageOf(row.server.pid);
  if (row.hasStorm) await row.server.ask('calm');
  return {...result, cpuUs: before && after ? (after.cpuUs - before.cpuUs) / result.completed : NaN};
}
