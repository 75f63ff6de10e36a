import {IsthmusError} from '../errors.ts';
import type {ErrorCode} from '../errors.ts';

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface KubeErrorFacts {
  /** HTTP status, or the `code` of a Status inside a watch; 0 = there was no answer. */
  readonly status: number;
  readonly reason: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterMs?: number | undefined;
  /** 404 of the type itself: it says nothing about any object. */
  readonly kindMissing?: boolean;
}

const OVERLOADED: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

/** Everything that can go wrong between us and a kube-apiserver. Built by the functions of `status-error.ts`. */
export class KubeError extends IsthmusError {
  readonly status: number;
  readonly reason: string;
  readonly causes: readonly StatusCause[];
  readonly retryAfterMs: number | undefined;
  readonly #kindMissing: boolean;

  constructor(code: ErrorCode, message: string, facts: KubeErrorFacts, options?: {cause?: unknown}) {
    super(code, message, {status: facts.status, reason: facts.reason}, options);
    this.name = 'KubeError';
    this.status = facts.status;
    this.reason = facts.reason;
    this.causes = facts.causes ?? [];
    this.retryAfterMs = facts.retryAfterMs;
    this.#kindMissing = facts.kindMissing ?? false;
  }

  /** A 409 heals by reading again; a 500 is retried too, although an apply with an undeclared field answers so for ever. */
  override get retryable(): boolean {
    return super.retryable || OVERLOADED.has(this.status) || this.isConflict;
  }

  /** The object (or its namespace) does not exist, said by an API server that serves the type. */
  get isNotFound(): boolean {
    return this.status === 404 && this.reason === 'NotFound' && !this.#kindMissing;
  }

  /** The type is not served: unknown, which is neither absent nor deleted (design §5). */
  get isKindMissing(): boolean {
    return this.#kindMissing;
  }

  /** A stale resourceVersion or a uid precondition: read again. Field conflicts of server-side apply are not meant. */
  get isConflict(): boolean {
    return this.status === 409 && this.reason === 'Conflict' && !this.isFieldConflict;
  }

  /** Server-side apply: another manager owns the field (KEP-555). Reading again does not help: give way, or force. */
  get isFieldConflict(): boolean {
    return this.status === 409 && this.causes.some((cause) => cause.reason === 'FieldManagerConflict');
  }

  get isAlreadyExists(): boolean {
    return this.status === 409 && this.reason === 'AlreadyExists';
  }

  /** The resource version or continue token is too old: list again. */
  get isExpired(): boolean {
    return this.status === 410 || this.reason === 'Expired' || this.reason === 'Gone';
  }

  get isForbidden(): boolean {
    return this.status === 403;
  }

  get isInvalid(): boolean {
    return this.status === 422;
  }

  /** No answer came: refused, reset, TLS, timeout. It never means that something is gone. */
  get isTransport(): boolean {
    return this.status === 0 && this.code !== 'ISTHMUS_KUBE_ABORTED';
  }

  get isTimeout(): boolean {
    return this.code === 'ISTHMUS_KUBE_TIMEOUT';
  }

  /** The caller's own signal ended the call. */
  get isAborted(): boolean {
    return this.code === 'ISTHMUS_KUBE_ABORTED';
  }
}
