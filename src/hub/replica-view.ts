import type {Lease} from '../api/kinds.ts';
import {HOLDS_ANNOTATION} from '../api/names.ts';
import {observe, type ObservedLease} from '../kube/lease-decision.ts';

/** What the Leases of all replicas say at one moment. */
export interface ReplicaView {
  /** Identities, with the members that each of them says it writes to; the own one only where its renewals are seen. */
  readonly live: ReadonlyMap<string, ReadonlySet<string>>;
  /** Somebody is silent for longer than its Lease lasts, and whether that is so or nothing is seen any more isn't proven yet. */
  readonly isDoubted: boolean;
  /** When the next of them is over if nothing is heard of it, milliseconds of the monotonic clock. */
  readonly nextExpiryMs: number | undefined;
  /** Names of Leases that were released, or over long ago. */
  readonly garbage: readonly string[];
}

/** A Lease of a replica that died is removed when nobody has renewed it for so many of its durations. */
const GARBAGE_AFTER_DURATIONS = 20;

/**
 * Keeps when each Lease was first seen in the state that it is in: that a replica lives is judged by what is observed here, never by
 * comparing clocks. The own one is judged like all others, by what comes back from the watch: where a watch has stopped telling
 * anything, this replica is as dead to itself as the others are, and it knows that it can't tell. Another one counts as dead only when
 * the own renewal was seen after its time was over: else all of them would die for each other when the hub's API does.
 */
export class ReplicaObserver {
  readonly #leaseDurationMs: number;
  readonly #observed = new Map<string, {readonly lease: Lease; readonly seen: ObservedLease}>();

  /** @param leaseDurationMs - of Leases that say none */
  constructor(leaseDurationMs: number) {
    this.#leaseDurationMs = leaseDurationMs;
  }

  /** @param lease - undefined: it is gone */
  note(name: string, lease: Lease | undefined, nowMs: number): void {
    if (lease === undefined) this.#observed.delete(name);
    else this.#observed.set(name, {lease, seen: observe(this.#observed.get(name)?.seen, lease, nowMs)});
  }

  /** @param own - the identity of this replica */
  view(nowMs: number, own: string): ReplicaView {
    const live = new Map<string, ReadonlySet<string>>();
    const garbage: string[] = [];
    const expiries: number[] = [];
    let isDoubted = false;
    const all = [...this.#observed].map(([name, {lease, seen}]) => ({
      ...{name, lease, holder: lease.spec?.holderIdentity ?? ''},
      ...{seenMs: seen.atMs, durationMs: this.#durationOf(lease)},
    }));
    const ownSeenMs = all.find(({holder}) => holder === own)?.seenMs ?? -Infinity;
    for (const {name, lease, holder, seenMs, durationMs} of all) {
      const overMs = seenMs + durationMs;
      if (holder === '' || nowMs >= seenMs + durationMs * GARBAGE_AFTER_DURATIONS) garbage.push(name);
      if (holder === '') continue;
      if (nowMs < overMs) expiries.push(overMs);
      else if (holder === own || ownSeenMs >= overMs) continue;
      else isDoubted = true;
      live.set(holder, holdsOf(lease));
    }
    const nextExpiryMs = expiries.length === 0 ? undefined : Math.min(...expiries);
    return {live, isDoubted, nextExpiryMs, garbage};
  }

  #durationOf({spec}: Lease): number {
    return typeof spec?.leaseDurationSeconds === 'number' ? spec.leaseDurationSeconds * 1_000 : this.#leaseDurationMs;
  }
}

function holdsOf({metadata}: Lease): ReadonlySet<string> {
  const said = metadata.annotations?.[HOLDS_ANNOTATION] ?? '';
  return new Set(said === '' ? [] : said.split(','));
}
