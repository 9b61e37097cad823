import { Cron } from 'croner';
import { cronProblem } from 'nestjs-flyte/protocol';
import type { FiringTimes } from './firing-times.js';
import { timeZone, type TimeZone } from './time-zone.js';

/** How far upstream looks ahead: what has no time until then never fires. */
const HORIZON_MS = 5 * 366 * 86_400_000;

/**
 * The times of a cron expression in a time zone, as Flyte's backend counts them (robfig/cron, flyteorg/flyte runs/schedule): on the clock
 * on the wall. What falls into the hour that a zone leaves out does not fire that day, and what falls into the hour that a zone has twice
 * fires twice.
 *
 * @param expression five fields, or `@daily` and its like
 * @param zone an IANA name
 * @throws RangeError saying what is wrong with either
 */
export function cronTimes(expression: string, zone: string): FiringTimes {
  const wall = wallPattern(expression);
  const local = timeZone(zone);
  return {
    after(instant) {
      let [from, offset] = [instant, local.offsetAt(instant)];
      for (;;) {
        // The wall's clock is read as if it were that of UTC, where no hour is missing and none comes twice.
        const found = wall.nextRun(new Date(from + offset));
        if (found === null) return undefined;
        const at = found.getTime() - offset;
        if (at - instant > HORIZON_MS) return undefined;
        const change = firstChange(local, from, at, offset);
        if (change === undefined) return at;
        // From there on the clock shows another time, which may be one of the expression's already.
        [from, offset] = [change - 1, local.offsetAt(change)];
      }
    },
  };
}

function wallPattern(expression: string): Cron {
  const text = expression.trim();
  const problem = cronProblem(text);
  if (problem !== undefined) throw new RangeError(`it ${problem}`);
  try {
    return new Cron(text.replaceAll('?', '*'), {
      timezone: 'Etc/UTC',
      paused: true,
      sloppyRanges: true,
      mode: '5-part',
    });
  } catch (error) {
    throw new RangeError(
      `it has the expression ${JSON.stringify(text)}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

const DAY_MS = 86_400_000;

/** The first instant behind `from`, and not behind `to`, at which a zone's clock differs from UTC by something else. */
function firstChange(zone: TimeZone, from: number, to: number, offset: number): number | undefined {
  for (let low = from; low < to; low += DAY_MS) {
    let high = Math.min(low + DAY_MS, to);
    if (zone.offsetAt(high) === offset) continue;
    for (let same = low; high - same > 1;) {
      const middle = Math.floor((same + high) / 2);
      if (zone.offsetAt(middle) === offset) same = middle;
      else high = middle;
    }
    return high;
  }
  return undefined;
}
