/** A length of time with its unit: `'90s'`, `'5m'`, `'1.5h'`. */
export type DurationText = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

// What protobuf's Duration holds, some 10 000 years.
const MAX_MS = 315_576_000_000_000;

/** A number of milliseconds, or what is wrong with the value, to put behind the name of its option. */
export type ParsedDuration =
  { readonly ms: number; readonly problem?: undefined } | { readonly ms?: undefined; readonly problem: string };

/**
 * Reads a length of time. A bare number is refused: Python's SDK would mean seconds, and JavaScript reads milliseconds.
 *
 * @param zero whether zero has a meaning of its own here
 */
export function parseDuration(value: unknown, zero: 'allowed' | 'refused' = 'refused'): ParsedDuration {
  if (typeof value === 'number') {
    return { problem: `is the bare number ${value}, of which nobody knows the unit; write it as "5m" or "90s"` };
  }
  const match = typeof value === 'string' ? DURATION.exec(value) : null;
  const [, count, unit] = match ?? [];
  const size = unit === undefined ? undefined : UNITS[unit];
  if (count === undefined || size === undefined) {
    const given = typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : `a value of type ${typeof value}`;
    return { problem: `is ${given}; write a number with its unit, ms, s, m, h or d: "5m"` };
  }
  const ms = Number(count) * size;
  if (ms > MAX_MS) return { problem: 'is longer than Flyte can count; leave it out for no limit' };
  if (ms === 0 && zero === 'refused') return { problem: 'is zero, which Flyte takes for no limit; leave it out' };
  return { ms };
}
