/** What several rounds gave: the middle one, and the two at the ends. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * Measures two sides in turn, A B, B A, A B, …: what else this machine does, and what drifts, meets both alike.
 *
 * @returns per round, what A and what B gave
 */
export async function inPairs<A, B>(
  rounds: number,
  a: () => Promise<A>,
  b: () => Promise<B>,
): Promise<readonly (readonly [A, B])[]> {
  const pairs: (readonly [A, B])[] = [];
  for (let round = 0; round < rounds; round++) {
    // One at a time: side by side they would measure each other.
    // oxlint-disable no-await-in-loop
    if (round % 2 === 0) {
      const first = await a();
      pairs.push([first, await b()]);
    } else {
      const first = await b();
      pairs.push([await a(), first]);
    }
    // oxlint-enable no-await-in-loop
  }
  return pairs;
}

/** @throws RangeError where there is nothing to choose from, or something that is no number */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0 || !values.every(Number.isFinite))
    throw new RangeError(`No spread of [${values.join(', ')}]`);
  const sorted = values.toSorted((a, b) => a - b);
  return { median: quantile(sorted, 0.5), min: quantile(sorted, 0), max: quantile(sorted, 1) };
}

/**
 * @param sorted in ascending order, not empty
 * @param part 0.5 for the median, 0.99 for what 99 of 100 do not exceed
 * @returns the value there, between its two neighbours where there is none
 */
export function quantile(sorted: ArrayLike<number>, part: number): number {
  const place = (sorted.length - 1) * part;
  const below = sorted[Math.floor(place)] ?? NaN;
  const above = sorted[Math.ceil(place)] ?? NaN;
  return below + (above - below) * (place % 1);
}
