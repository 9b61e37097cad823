/** What several rounds gave: the middle one, and the two at the ends. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * Measures sides in turn, and every other round in the opposite order, A B, B A, A B, …: what else this machine does, and
 * what drifts, meets all alike.
 *
 * @returns per side, what it gave in each round
 */
export async function inTurn<T>(rounds: number, sides: readonly (() => Promise<T>)[]): Promise<T[][]> {
  const given: T[][] = sides.map(() => []);
  const order = sides.map((measure, side) => ({ measure, side }));
  for (let round = 0; round < rounds; round++) {
    for (const { measure, side } of round % 2 === 0 ? order : order.toReversed()) {
      // oxlint-disable-next-line no-await-in-loop -- side by side they would measure each other
      given[side]?.push(await measure());
    }
  }
  return given;
}

/**
 * The same for two.
 *
 * @returns per round, what A and what B gave
 */
export async function inPairs<T>(
  rounds: number,
  a: () => Promise<T>,
  b: () => Promise<T>,
): Promise<readonly (readonly [T, T])[]> {
  const [ofA = [], ofB = []] = await inTurn(rounds, [a, b]);
  return ofA.map((one, round) => [one, ofB[round] as T] as const);
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
