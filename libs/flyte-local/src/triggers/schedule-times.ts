import { timestampMs } from '@bufbuild/protobuf/wkt';
import { FixedRateUnit, type FixedRate, type Schedule, type TriggerAutomationSpec } from 'nestjs-flyte/idl/task/common';
import { cronTimes } from './cron-times.js';
import type { FiringTimes } from './firing-times.js';

/**
 * The times of a trigger; undefined for one that nothing fires.
 *
 * @param last when it fired last or was activated: from there a fixed rate counts that has no start of its own
 * @throws RangeError saying what is wrong with its schedule, as the end of a sentence
 */
export function firingTimes(automation: TriggerAutomationSpec | undefined, last: number): FiringTimes | undefined {
  if (automation?.automation.case !== 'schedule') return undefined;
  const { expression } = automation.automation.value;
  switch (expression.case) {
    case 'cron':
      return timesOf(expression.value.expression, expression.value.timezone);
    case 'cronExpression':
      return timesOf(expression.value, '');
    case 'rate':
      return rateTimes(delayOf(expression.value), expression.value.startTime, last);
    default:
      return undefined;
  }
}

/** What may stand before an expression in place of its field for the time zone. */
const ZONE = /^(?:CRON_TZ|TZ)=(\S+)\s+/;
const EVERY = /^@every\s+((?:\d+(?:\.\d+)?(?:h|m|s))+)$/;
const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000 };

function timesOf(given: string, zone: string): FiringTimes {
  const prefix = zone === '' ? ZONE.exec(given) : null;
  const expression = prefix === null ? given.trim() : given.slice(prefix[0].length).trim();
  const [, lengths] = EVERY.exec(expression) ?? [];
  if (lengths === undefined) return cronTimes(expression, prefix?.[1] ?? zone);
  const parts = Array.from(
    lengths.matchAll(/([\d.]+)([hms])/g),
    ([, count, unit = '']) => Number(count) * Number(UNIT_MS[unit]),
  );
  const ms = parts.reduce((sum, part) => sum + part, 0);
  const delay = Math.max(1000, Math.floor(ms / 1000) * 1000);
  return { after: (instant) => wholeSecond(instant) + delay };
}

const RATE_MS: ReadonlyMap<FixedRateUnit, number> = new Map([
  [FixedRateUnit.MINUTE, 60_000],
  [FixedRateUnit.HOUR, 3_600_000],
  [FixedRateUnit.DAY, 86_400_000],
]);

function delayOf({ value, unit }: FixedRate): number {
  const size = RATE_MS.get(unit);
  if (size === undefined) throw new RangeError('its rate has no unit of minutes, hours or days');
  if (value === 0) throw new RangeError('its rate is zero');
  return value * size;
}

/** With a start, every so often from then on, the start included. */
function rateTimes(delay: number, start: FixedRate['startTime'], last: number): FiringTimes {
  const first = start === undefined ? wholeSecond(last) + delay : timestampMs(start);
  return {
    after: (instant) => (instant < first ? first : first + (Math.floor((instant - first) / delay) + 1) * delay),
  };
}

function wholeSecond(instant: number): number {
  return Math.floor(instant / 1000) * 1000;
}

/** The input that is given the time at which a run was due; empty for none. */
export function kickoffInputOf(automation: TriggerAutomationSpec | undefined): string {
  const schedule: Schedule | undefined =
    automation?.automation.case === 'schedule' ? automation.automation.value : undefined;
  return schedule?.kickoffTimeInputArg ?? '';
}
