import type {World} from './world.ts';

/** Something that hub or agent do, which a right is kept for. */
export interface Behaviour {
  /** As a sentence. */
  readonly what: string;
  /** The process that has to begin anew with the right missing: it asks for it only then. */
  readonly restarts?: 'hub' | 'agent';
  /** Before the right is taken away. */
  readonly prepare?: (world: World) => Promise<void>;
  /** Brings about what it is seen by. */
  readonly provoke?: (world: World) => Promise<void>;
  readonly holds: (world: World) => Promise<boolean>;
  /** Back to where the next one begins. */
  readonly tidy?: (world: World) => Promise<void>;
  /**
   * How the API server's refusal has to be seen before the behaviour counts as broken. `logged` (twice: it was tried again) is the
   * rule; `once`: it isn't tried again, so after the right is back it is provoked anew; `unlogged`: the test itself asks.
   */
  readonly refusal?: 'logged' | 'once' | 'unlogged';
  /** What the refusal says, where it isn't RBAC that refuses. */
  readonly says?: string;
}
