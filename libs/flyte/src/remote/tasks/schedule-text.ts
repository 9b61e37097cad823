import { timestampDate } from '@bufbuild/protobuf/wkt';
import { type FixedRate, FixedRateUnit, type TriggerAutomationSpec } from '../../gen/flyteidl2/task/common_pb.js';

const UNITS: ReadonlyMap<FixedRateUnit, string> = new Map([
  [FixedRateUnit.MINUTE, 'minute'],
  [FixedRateUnit.HOUR, 'hour'],
  [FixedRateUnit.DAY, 'day'],
]);

/** When a trigger fires, in words; empty for one that no clock fires. */
export function scheduleText(spec: TriggerAutomationSpec | undefined): string {
  if (spec?.automation.case !== 'schedule') return '';
  const { expression } = spec.automation.value;
  switch (expression.case) {
    case 'cron':
      return `cron ${expression.value.expression} (${expression.value.timezone || 'UTC'})`;
    case 'cronExpression':
      return `cron ${expression.value} (UTC)`;
    case 'rate':
      return rateText(expression.value);
    default:
      return '';
  }
}

function rateText({ value, unit, startTime }: FixedRate): string {
  const name = UNITS.get(unit) ?? 'of an unknown unit';
  const every = `every ${value === 1 ? name : `${value} ${name}s`}`;
  return startTime === undefined ? every : `${every} from ${timestampDate(startTime).toISOString()}`;
}
