import type {Step, StepResult, TourOutput} from './tour.ts';
import {STEPS} from './tour.ts';

interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** A wait that is shorter than this needs no line of its own where lines can't be taken back. */
const WORTH_A_LINE_MS = 2_000;
const MEGABYTE = 1024 * 1024;

/** What the tour says, a line for each thing observed, and what it waits for while it waits. */
export class TourPrinter implements TourOutput {
  readonly #output: Output;
  #waitingTimer: NodeJS.Timeout | undefined;
  #firstAnswerMs: number | undefined;

  constructor(output: Output) {
    this.#output = output;
  }

  title(members: readonly string[], real: boolean): void {
    const what = real ? 'a clusterset of real kube-apiservers' : 'an embedded clusterset in this process';
    this.#line(`Isthmus: ${what}: a hub cluster and the members ${members.join(', ')}.`);
  }

  running(clusters: number): void {
    this.#line(`${clusters} API servers, the hub and ${clusters - 1} agents run after ${seconds(performance.now())}.`);
  }

  started(step: Step): void {
    this.#line(`\n${step.number}  ${step.title}`);
  }

  observed(line: string): void {
    if (line.includes('(UDP and TCP)')) this.#firstAnswerMs ??= performance.now();
    this.#line(`   ${line}`);
  }

  waiting(what: string | undefined): void {
    clearTimeout(this.#waitingTimer);
    if (what === undefined) {
      if (this.#output.isTTY === true) this.#output.write('\r\u001B[K');
    } else if (this.#output.isTTY === true) this.#output.write(`\r\u001B[K   ... ${what}`);
    else this.#waitingTimer = setTimeout(() => this.#line(`   ... waiting for ${what}`), WORTH_A_LINE_MS).unref();
  }

  ended(result: StepResult): void {
    const took = seconds(result.tookMs);
    this.#line(result.ok ? `   ok (${took})` : `   FAILED (${took}): ${result.error}`);
  }

  summary(results: readonly StepResult[]): void {
    const passed = results.filter(({ok}) => ok).length;
    const memory = Math.round(process.memoryUsage().rss / MEGABYTE);
    const answer =
      this.#firstAnswerMs === undefined ? '' : `, first DNS answers checked after ${seconds(this.#firstAnswerMs)}`;
    this.#line(
      `\n${passed} of ${STEPS.length} steps showed what they should, ${seconds(performance.now())} after the start${answer}; ${memory} MB of memory`,
    );
    const failedStep = results.find(({ok}) => !ok);
    if (failedStep !== undefined)
      this.#line(`step ${failedStep.step.number} (${failedStep.step.title}) failed: ${failedStep.error}`);
  }

  #line(text: string): void {
    if (this.#output.isTTY === true) this.#output.write('\r\u001B[K');
    this.#output.write(`${text}\n`);
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
