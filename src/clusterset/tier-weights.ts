import {DRAIN_PARTS} from './drain.ts';

/** A cluster in a tier with the weight that the policy gives it, and how much of that is drained (thousandths). */
export interface WeightedCluster {
  readonly cluster: string;
  /** An integer above 0. */
  readonly weight: number;
  readonly drained: number;
}

/** Envoy adds up the weights of a tier in 32 bits. */
export const MAX_TIER_WEIGHT = 4_294_967_295;

interface Exact<T> {
  readonly at: T;
  readonly weight: bigint;
}

/**
 * The weights that traffic is sent by. What a cluster has drained goes to the others of its tier in their own proportions; a
 * tier in which every cluster is draining gives it to the next tier, which it is joined with meanwhile, so that a ramp is
 * gradual across tiers too. Integers of exact proportions; rounded (by less than one part in 4·10⁹) only where the exact
 * ones would not fit 32 bits. Without a drain the weights stay as the policy says.
 *
 * @param tiers - in order of use; clusters that are drained altogether are not in them
 */
export function drainedTiers<T extends WeightedCluster>(tiers: readonly (readonly T[])[]): readonly (readonly T[])[] {
  if (tiers.every((tier) => tier.every(({drained}) => drained === 0))) return tiers;
  return spill(tiers).map((tier) => {
    const whole = reduced(tier);
    return tier.map(({at}, index) => ({...at, weight: whole[index] ?? 1}));
  });
}

function spill<T extends WeightedCluster>(tiers: readonly (readonly T[])[]): readonly (readonly Exact<T>[])[] {
  const [first, ...others] = tiers;
  if (first === undefined) return [];
  const [next, ...rest] = spill(others);
  const kept = first.map((at) => ({at, weight: BigInt(at.weight) * BigInt(DRAIN_PARTS - at.drained)}));
  const after = next === undefined ? [] : [next, ...rest];
  if (next === undefined || first.some(({drained}) => drained === 0)) return [kept, ...after];
  const freed = first.reduce((sum, at) => sum + BigInt(at.weight) * BigInt(at.drained), 0n);
  const total = sumOf(next);
  const joined = [
    ...kept.map(({at, weight}) => ({at, weight: weight * total})),
    ...next.map(({at, weight}) => ({at, weight: weight * freed})),
  ];
  return [joined, ...rest];
}

function sumOf(tier: readonly {readonly weight: bigint}[]): bigint {
  return tier.reduce((sum, {weight}) => sum + weight, 0n);
}

function reduced(tier: readonly {readonly weight: bigint}[]): readonly number[] {
  const divisor = tier.reduce((common, {weight}) => gcd(common, weight), 0n);
  const weights = tier.map(({weight}) => weight / divisor);
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  if (total <= BigInt(MAX_TIER_WEIGHT)) return weights.map(Number);
  return apportion(weights, MAX_TIER_WEIGHT - weights.length).map((weight) => Math.max(weight, 1));
}

function gcd(a: bigint, b: bigint): bigint {
  let [high, low] = [a, b];
  while (low > 0n) [high, low] = [low, high % low];
  return high;
}

/**
 * Whole parts of a total in the given proportions: the sum is the total exactly, and no part is off by one or more (largest
 * remainder; of equal remainders the earlier gets it). For whoever can't use relative weights, such as percentages.
 *
 * @param weights - relative, not negative, at least one above 0
 * @param total - a whole number
 */
export function apportion(weights: readonly (number | bigint)[], total: number): readonly number[] {
  const exact = weights.map(BigInt);
  const sum = exact.reduce((all, weight) => all + weight, 0n);
  if (sum === 0n) return exact.map(() => 0);
  const parts = exact.map((weight, index) => {
    const scaled = weight * BigInt(total);
    return {index, whole: Number(scaled / sum), rest: scaled % sum};
  });
  let missing = total - parts.reduce((all, {whole}) => all + whole, 0);
  const byRest = parts.toSorted((a, b) => (a.rest === b.rest ? a.index - b.index : a.rest > b.rest ? -1 : 1));
  const result = parts.map(({whole}) => whole);
  for (const {index} of byRest) {
    if (missing === 0) break;
    result[index] = (result[index] ?? 0) + 1;
    missing -= 1;
  }
  return result;
}
