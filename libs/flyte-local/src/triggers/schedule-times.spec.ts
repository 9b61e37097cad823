import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { FixedRateUnit, TriggerAutomationSpecSchema, type TriggerAutomationSpec } from 'nestjs-flyte/idl/task/common';
import { describe, expect, it } from 'vitest';
import { firingTimes } from './schedule-times.js';

const rate = (value: number, unit: FixedRateUnit, start?: string): TriggerAutomationSpec =>
  create(TriggerAutomationSpecSchema, {
    automation: {
      case: 'schedule',
      value: {
        expression: {
          case: 'rate',
          value: { value, unit, startTime: start === undefined ? undefined : timestampFromDate(new Date(start)) },
        },
      },
    },
  });
const text = (value: string): TriggerAutomationSpec =>
  create(TriggerAutomationSpecSchema, {
    automation: { case: 'schedule', value: { expression: { case: 'cronExpression', value } } },
  });

const after = (spec: TriggerAutomationSpec, last: string, instant: string): string | undefined => {
  const at = firingTimes(spec, Date.parse(last))?.after(Date.parse(instant));
  return at === undefined ? undefined : new Date(at).toISOString().replace(':00.000Z', 'Z');
};

describe('firingTimes', () => {
  const { MINUTE, HOUR, DAY, UNSPECIFIED } = FixedRateUnit;

  it.each([
    [rate(5, MINUTE), '2026-01-01T00:00:00.999Z', '2026-01-01T00:00:30Z', '2026-01-01T00:05Z'],
    [rate(5, MINUTE), '2026-01-01T00:00Z', '2026-01-01T00:05Z', '2026-01-01T00:10Z'],
    [rate(2, HOUR), '2026-01-01T00:00Z', '2026-01-05T03:00Z', '2026-01-05T04:00Z'],
    [rate(1, DAY, '2026-02-01T06:00Z'), '2026-01-01T00:00Z', '2026-01-01T00:00Z', '2026-02-01T06:00Z'],
    [rate(1, DAY, '2026-02-01T06:00Z'), '2026-01-01T00:00Z', '2026-02-01T06:00Z', '2026-02-02T06:00Z'],
    [text('TZ=Asia/Tokyo 0 0 * * *'), '2026-01-01T00:00Z', '2026-01-01T00:00Z', '2026-01-01T15:00Z'],
    [text('CRON_TZ=Asia/Tokyo @daily'), '2026-01-01T00:00Z', '2026-01-01T00:00Z', '2026-01-01T15:00Z'],
    [text('@every 1h30m'), '2026-01-01T00:00Z', '2026-01-01T00:00Z', '2026-01-01T01:30Z'],
  ])('%# counts as upstream', (spec, last, instant, expected) => {
    expect(after(spec, last, instant)).toBe(expected);
  });

  it('refuses what has no length, and knows none of what nothing fires', () => {
    expect(() => firingTimes(rate(0, HOUR), 0)).toThrow('its rate is zero');
    expect(() => firingTimes(rate(1, UNSPECIFIED), 0)).toThrow('no unit');
    expect(firingTimes(create(TriggerAutomationSpecSchema), 0)).toBeUndefined();
    expect(firingTimes(undefined, 0)).toBeUndefined();
  });
});
