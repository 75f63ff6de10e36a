import {spawn} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

export interface KubectlResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunningKubectl {
  readonly done: Promise<KubectlResult>;
  /** What it has printed so far. */
  output(): string;
  end(): void;
}

/** kubectl with a kubeconfig and a home of its own: neither the user's configuration nor their cache is touched. */
export class Kubectl {
  readonly folder: string;
  readonly #binary: string;

  constructor(binary: string, kubeconfig: string) {
    this.#binary = binary;
    this.folder = mkdtempSync(join(tmpdir(), 'isthmus-kubectl-'));
    writeFileSync(join(this.folder, 'kubeconfig'), kubeconfig);
  }

  /** @param stdin - for `-f -` */
  run(args: readonly string[], stdin?: string): Promise<KubectlResult> {
    return this.start(args, stdin === undefined ? {} : {stdin}).done;
  }

  /** Starts one that may be talked about while it runs; it is ended after 30 s at the latest. */
  start(args: readonly string[], {stdin = '', env = {}}: StartOptions = {}): RunningKubectl {
    const child = spawn(this.#binary, args, {
      env: {PATH: process.env['PATH'], HOME: this.folder, KUBECONFIG: join(this.folder, 'kubeconfig'), ...env},
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: 30_000,
    });
    child.stdin.end(stdin);
    const output = {stdout: '', stderr: ''};
    child.stdout.on('data', (chunk) => (output.stdout += String(chunk)));
    child.stderr.on('data', (chunk) => (output.stderr += String(chunk)));
    const done = new Promise<KubectlResult>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({code, ...output}));
    });
    return {done, output: () => output.stdout + output.stderr, end: () => void child.kill()};
  }

  /** The output of a command that must succeed. */
  async ok(args: readonly string[], stdin?: string): Promise<string> {
    const {code, stdout, stderr} = await this.run(args, stdin);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
    return stdout;
  }

  close(): void {
    rmSync(this.folder, {recursive: true, force: true});
  }
}
