import {pino} from 'pino';
import type {Logger} from 'pino';

/** What hub and agents log, to be asked for refusals of the API server: what nobody logs, nobody was told. */
export class Refusals {
  readonly logger: Logger;
  #lines: string[] = [];

  constructor() {
    const write = (line: string): void => {
      if (line.includes('forbidden')) this.#lines.push(line.replaceAll('\\"', '"'));
    };
    this.logger = pino({level: 'debug'}, {write});
  }

  clear(): void {
    this.#lines = [];
  }

  /** How often all of these texts were said together. */
  count(...texts: readonly string[]): number {
    return this.#lines.filter((line) => texts.every((text) => line.includes(text))).length;
  }

  get tail(): string {
    return this.#lines.slice(-5).join('');
  }
}
