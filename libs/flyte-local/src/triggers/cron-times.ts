import { Cron } from 'croner';
import type { FiringTimes } from './firing-times.js';
import { timeZone, type TimeZone } from './time-zone.js';

const STEP = String.raw`(?:\/[1-9]\d{0,4})?`;
const field = (value: string): RegExp =>
  new RegExp(String.raw`^(?:(?:\*|\?|${value}(?:-${value})?)${STEP}(?:,|$))+$`, 'i');
const NUMBER = field(String.raw`\d{1,2}`);
const DAY = field('(?:[12]\\d|3[01]|0?[1-9])');
const MONTH = field('(?:1[0-2]|0?[1-9]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)');
const WEEKDAY = field('(?:[0-6]|sun|mon|tue|wed|thu|fri|sat)');

/** What each of the five fields may hold, as the library of Flyte's backend has it: no 7 for Sunday, no L, W or #. */
const FIELDS = [
  ['minute', NUMBER, '0 to 59'],
  ['hour', NUMBER, '0 to 23'],
  ['day of the month', DAY, '1 to 31'],
  ['month', MONTH, '1 to 12, or jan to dec'],
  ['day of the week', WEEKDAY, '0 (Sunday) to 6, or sun to sat'],
] as const;

const NICKNAMES = /^@(?:yearly|annually|monthly|weekly|daily|midnight|hourly)$/;

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
  if (!NICKNAMES.test(text)) {
    const fields = text.split(/\s+/);
    if (fields.length !== FIELDS.length || text === '')
      throw new RangeError(
        `it has ${text === '' ? 0 : fields.length} fields, and takes five: minute, hour, day, month, weekday`,
      );
    for (const [index, [name, form, takes]] of FIELDS.entries()) {
      if (!form.test(fields[index] ?? ''))
        throw new RangeError(`its ${name} is ${JSON.stringify(fields[index])}, and takes ${takes}`);
    }
  }
  try {
    return new Cron(text.replaceAll('?', '*'), {
      timezone: 'Etc/UTC',
      paused: true,
      sloppyRanges: true,
      mode: '5-part',
    });
  } catch (error) {
    throw new RangeError(error instanceof Error ? error.message.replace(/^CronPattern: /, '') : 'it can not be read');
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
