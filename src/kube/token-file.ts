import {readFileSync} from 'node:fs';

/** The kubelet rewrites a bound token well before it expires; once a minute is what other clients do too. */
const REREAD_AFTER_MS = 60_000;

/** A token that somebody rotates in a file. While the file cannot be read, the last token is kept: it may still be good. */
export class TokenFile {
  readonly #path: string;
  readonly #nowMs: () => number;
  #token: string;
  #readAtMs: number;

  /** Throws the file system's error when the file cannot be read the first time. */
  constructor(path: string, nowMs: () => number = () => performance.now()) {
    this.#path = path;
    this.#nowMs = nowMs;
    this.#token = readFileSync(path, 'utf8').trim();
    this.#readAtMs = nowMs();
  }

  get token(): string {
    const now = this.#nowMs();
    if (now - this.#readAtMs >= REREAD_AFTER_MS) {
      this.#readAtMs = now;
      this.#reread();
    }
    return this.#token;
  }

  #reread(): void {
    try {
      this.#token = readFileSync(this.#path, 'utf8').trim() || this.#token;
    } catch {
      // Kept: if it has expired, the API server says so (401), which is seen by whoever makes the call.
    }
  }
}
