import type {Terminal} from '../terminal.ts';
import {step} from '../terminal.ts';

export interface Change {
  /** `created ClusterRole isthmus-hub-member in the member` */
  readonly did: 'created' | 'changed';
  readonly what: string;
  /** A command line that takes it back; undefined: it can't be, or needn't. */
  readonly undo: string | undefined;
}

/** What a command has changed so far: told as it happens, and once more, with the way back, where it can't go on. */
export class Changes {
  readonly #terminal: Terminal;
  readonly #dryRun: boolean;
  readonly #made: Change[] = [];

  constructor(terminal: Terminal, dryRun: boolean) {
    this.#terminal = terminal;
    this.#dryRun = dryRun;
  }

  /** @param undo - asked for only where something was changed */
  note(outcome: 'created' | 'changed' | 'unchanged', what: string, undo?: string): void {
    const words = {created: 'create', changed: 'change'} as const;
    if (outcome === 'unchanged') step(this.#terminal, 'as it is', what);
    else if (this.#dryRun) step(this.#terminal, 'would', `${words[outcome]} ${what}`);
    else {
      this.#made.push({did: outcome, what, undo});
      step(this.#terminal, outcome, what);
    }
  }

  /** Says what was done until it went wrong, and how to take it back. */
  explainFailure(): void {
    const print = (line: string): void => this.#terminal.print(line);
    if (this.#made.length === 0) {
      print('\nNothing was changed.');
      return;
    }
    print('\nIt stopped half-way. Done so far:');
    for (const {did, what} of this.#made) print(`  ${did} ${what}`);
    print('Run it again when the cause is mended: what is done is left as it is. To take it back instead:');
    const undo = this.#made.flatMap((change) =>
      change.did === 'created' && change.undo !== undefined ? [change.undo] : [],
    );
    for (const command of undo.toReversed()) print(`  ${command}`);
    const changed = this.#made.filter(({did}) => did === 'changed');
    if (changed.length > 0)
      print(`  (what was changed is not taken back: ${changed.map(({what}) => what).join(', ')})`);
  }
}
