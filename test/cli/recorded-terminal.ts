import type {Terminal} from '../../cli/terminal.ts';

/** A terminal that remembers what was printed, and answers questions as it was told. */
export class RecordedTerminal implements Terminal {
  readonly isInteractive: boolean;
  readonly lines: string[] = [];
  readonly questions: string[] = [];
  readonly #answers: string[];

  /** @param answers - to the questions, in order; none given: nobody sits there */
  constructor(answers?: readonly string[]) {
    this.isInteractive = answers !== undefined;
    this.#answers = [...(answers ?? [])];
  }

  get text(): string {
    return this.lines.join('\n');
  }

  print(line: string): void {
    this.lines.push(line);
  }

  ask(question: string): Promise<string> {
    this.questions.push(question);
    const answer = this.#answers.shift();
    return answer === undefined ? Promise.reject(new Error(`no answer to ${question}`)) : Promise.resolve(answer);
  }
}
