import {createInterface} from 'node:readline/promises';

import {IsthmusError} from '../src/errors.ts';

/** Who a command talks to: a person, a script, or a test. */
export interface Terminal {
  /** False: nobody would answer a question. */
  readonly isInteractive: boolean;
  print(line: string): void;
  /** @returns what was typed, without blanks around it */
  ask(question: string): Promise<string>;
}

const WORD_WIDTH = 10;

/** A line whose first word says what kind of thing it tells. */
export function step(terminal: Terminal, word: string, text: string): void {
  terminal.print(`${word.padEnd(WORD_WIDTH)}${text}`);
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  return {
    isInteractive: process.stdin.isTTY && process.stdout.isTTY,
    print: (line) => void process.stdout.write(`${line}\n`),
    ask: async (question) => {
      const prompt = createInterface({input: process.stdin, output: process.stdout});
      try {
        return (await prompt.question(question)).trim();
      } finally {
        prompt.close();
      }
    },
  };
}

/**
 * Goes on only where somebody said so.
 *
 * @param agreed - it was said on the command line, by --yes
 * @throws IsthmusError ISTHMUS_USAGE where nobody can be asked; ISTHMUS_COMMAND_REFUSED for a no
 */
export async function agree(terminal: Terminal, question: string, agreed: boolean): Promise<void> {
  if (agreed) return;
  if (!terminal.isInteractive) throw new IsthmusError('ISTHMUS_USAGE', `${question} Say so with --yes`);
  const answer = await terminal.ask(`${question} [y/N] `);
  if (/^y(es)?$/i.test(answer)) return;
  throw new IsthmusError('ISTHMUS_COMMAND_REFUSED', 'it was not agreed to; nothing was changed');
}
