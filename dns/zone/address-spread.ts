import type {Address} from '../wire/address.ts';
import {apportion} from '../../src/clusterset/tier-weights.ts';

/** One cluster's addresses and its weight relative to the others; an integer above 0. */
export interface WeightedAddresses {
  readonly weight: number;
  readonly addresses: readonly Address[];
}

/** Answers that take turns: `slots` names the set of each turn, and starts anew after the last. */
export interface AddressSpread {
  readonly sets: readonly (readonly Address[])[];
  readonly slots: readonly number[];
}

/** The finest share is a hundredth, unless more clusters than that share the name. */
const SLOTS = 100;

/**
 * How weights are honoured by DNS: each answer has the addresses of one cluster, and over time each cluster has its share of
 * the answers, spread evenly. One cluster an answer, because clients sort what they get (RFC 6724) and would undo an order.
 * Approximate: who asks keeps an answer for its TTL, and one client may open a thousand connections where another opens one.
 *
 * @returns undefined where all addresses have equal parts anyhow, so that every answer can have all of them
 */
export function spreadOf(clusters: readonly WeightedAddresses[]): AddressSpread | undefined {
  const [first] = clusters;
  if (first === undefined || clusters.every((cluster) => isAlike(cluster, first))) return undefined;
  return {sets: clusters.map(({addresses}) => addresses), slots: interleave(wholeShares(clusters))};
}

function isAlike(a: WeightedAddresses, b: WeightedAddresses): boolean {
  return a.weight === b.weight && ipv4Count(a) === ipv4Count(b) && a.addresses.length === b.addresses.length;
}

function ipv4Count({addresses}: WeightedAddresses): number {
  return addresses.filter(({bytes}) => bytes.length === 4).length;
}

/** Small whole numbers in the proportions of the weights, none of them 0. */
function wholeShares(clusters: readonly WeightedAddresses[]): readonly number[] {
  const weights = clusters.map(({weight}) => weight);
  const divisor = weights.reduce(greatestCommonDivisor);
  const exact = weights.map((weight) => weight / divisor);
  if (exact.reduce((sum, share) => sum + share, 0) <= SLOTS) return exact;
  return apportion(weights, SLOTS).map((share) => Math.max(share, 1));
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Smooth weighted round robin: the share of each is kept in every stretch as well as whole numbers can. */
function interleave(shares: readonly number[]): readonly number[] {
  const total = shares.reduce((sum, share) => sum + share, 0);
  const credit = shares.map(() => 0);
  return Array.from({length: total}, () => {
    shares.forEach((share, i) => (credit[i] = credit[i]! + share));
    const next = credit.indexOf(Math.max(...credit));
    credit[next] = credit[next]! - total;
    return next;
  });
}
