import type {Lease} from '../api/kinds.ts';
import type {HubSignal} from '../clusterset/view.ts';

/** A failover of the hub takes up to 25 s, so a heartbeat is lost only after 40 (design §3). */
export const HEARTBEAT_EXPIRY_MS = 40_000;

/**
 * Judges the heartbeat by when this process saw `renewTime` change, never by comparing clocks of two machines (design §6).
 * A Lease that is there at start counts as renewed at that moment: nothing was observed that says otherwise. But that a hub is
 * there is said only after a change.
 */
export class HubHeartbeat {
  #renewTime: string | undefined;
  #observedMs: number | undefined;
  /** When heartbeats came back; undefined: they never stopped as far as this process has seen. */
  #sinceMs: number | undefined;
  #isConfirmed = false;

  /** To be called with what the store holds, at every change of the Lease. */
  observe(lease: Lease | undefined, nowMs: number): void {
    const renewTime = lease?.spec?.renewTime;
    if (renewTime === undefined || renewTime === this.#renewTime) return;
    if (this.signal(nowMs).state === 'Expired') this.#sinceMs = nowMs;
    this.#isConfirmed = this.#renewTime !== undefined;
    this.#renewTime = renewTime;
    this.#observedMs = nowMs;
  }

  signal(nowMs: number): HubSignal {
    if (this.#observedMs === undefined) return {state: 'Never'};
    if (nowMs - this.#observedMs >= HEARTBEAT_EXPIRY_MS) return {state: 'Expired', observedMs: this.#observedMs};
    const since = this.#sinceMs === undefined ? {} : {sinceMs: this.#sinceMs};
    const unconfirmed = this.#isConfirmed ? {} : ({unconfirmed: true} as const);
    return {state: 'Alive', observedMs: this.#observedMs, ...since, ...unconfirmed};
  }
}
