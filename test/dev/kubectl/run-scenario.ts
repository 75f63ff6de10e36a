import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'vitest';
import {eventually} from '../../tools/eventually.ts';
import type {Kubectl, KubectlResult} from '../apiserver/support/kubectl.ts';
import {maskOutput} from './mask-output.ts';
import type {Scenario, Step} from './scenario.ts';

/** One command and what it printed, without what no two runs share. */
export interface Said {
  readonly command: string;
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let made = 0;

/** One that no try of any scenario had before: what a failed try left is in its own. */
export function freshNamespace(): string {
  return `scenario-${++made}`;
}

/**
 * Does what a scenario says, in a namespace that is made for it.
 *
 * @param namespace - {@link freshNamespace}
 * @returns what was said by the commands that can be compared
 */
export async function runScenario(scenario: Scenario, kubectl: Kubectl, namespace: string): Promise<readonly Said[]> {
  await kubectl.ok(['create', 'ns', namespace]);
  const run = new Run(kubectl, namespace);
  for (const step of scenario.steps) await run.step(step);
  return run.said;
}

class Run {
  readonly said: Said[] = [];
  readonly #kubectl: Kubectl;
  readonly #namespace: string;
  readonly #kept: Record<string, string>;

  constructor(kubectl: Kubectl, namespace: string) {
    this.#kubectl = kubectl;
    this.#namespace = namespace;
    this.#kept = {NAMESPACE: namespace};
  }

  async step(step: Step): Promise<void> {
    const command = `kubectl ${step.args.join(' ')}`;
    const result = step.eventually === true ? await this.#until(step) : await this.#run(step);
    this.#judge(step, result, command);
    if (step.keep !== undefined) this.#kept[step.keep] = result.stdout.trim();
    if (step.incomparable === true) return;
    const mask = (text: string): string => maskOutput(text, this.#namespace);
    // One that is ended from outside has a code that says only this.
    const code = step.until === undefined ? result.code : null;
    this.said.push({command, code, stdout: mask(result.stdout), stderr: mask(result.stderr)});
  }

  #until(step: Step): Promise<KubectlResult> {
    return eventually(`kubectl ${step.args.join(' ')}`, async () => {
      const result = await this.#run(step);
      return this.#fits(step, result) ? result : undefined;
    });
  }

  async #run(step: Step): Promise<KubectlResult> {
    const running = this.#kubectl.start(['-n', this.#namespace, ...step.args.map((one) => this.#filled(one))], {
      ...(step.stdin === undefined ? {} : {stdin: this.#filled(step.stdin)}),
      ...(step.editor === undefined ? {} : {env: {KUBE_EDITOR: this.#editor(step.editor)}}),
    });
    const {meanwhile, until} = step;
    if (meanwhile !== undefined) {
      const {once} = meanwhile;
      if (once !== 'started') await eventually(`${String(once)} to be printed`, () => once.test(running.output()));
      for (const one of meanwhile.steps) await this.step(one);
    }
    if (until !== undefined) {
      try {
        await eventually(`${String(until)} in ${running.output()}`, () => until.test(running.output()));
      } finally {
        running.end();
      }
    }
    return running.done;
  }

  #judge(step: Step, result: KubectlResult, command: string): void {
    const printed = result.stdout + result.stderr;
    if (step.until === undefined) expect(result.code, `${command}: ${printed}`).toBe(step.code ?? 0);
    for (const text of step.shows ?? []) {
      expect(printed, command).toMatch(typeof text === 'string' ? this.#filled(text) : text);
    }
    for (const text of step.hides ?? []) expect(printed, command).not.toContain(this.#filled(text));
  }

  #fits(step: Step, result: KubectlResult): boolean {
    try {
      this.#judge(step, result, '');
      return true;
    } catch {
      // Not yet: what is wrong at the end is told by the step itself.
      return false;
    }
  }

  #filled(text: string): string {
    return text.replaceAll(/\$([A-Z]+)/g, (whole, name: string) => this.#kept[name] ?? whole);
  }

  #editor(script: string): string {
    const path = join(this.#kubectl.folder, 'editor');
    writeFileSync(path, `#!/bin/sh\n${script}\n`, {mode: 0o755});
    return path;
  }
}
