import { describe, expect, it } from 'vitest';
import { cronTimes } from './cron-times.js';

/** Zone, expression, from when, and what github.com/robfig/cron v3.0.1, which Flyte's backend has, answers: each time behind the one before. */
const AS_UPSTREAM = [
  [
    'Europe/Zurich',
    '30 2 * * *',
    '2026-03-27T12:00Z',
    '2026-03-28T01:30Z 2026-03-30T00:30Z 2026-03-31T00:30Z 2026-04-01T00:30Z',
  ],
  [
    'Europe/Zurich',
    '30 2 * * *',
    '2026-10-23T12:00Z',
    '2026-10-24T00:30Z 2026-10-25T00:30Z 2026-10-25T01:30Z 2026-10-26T01:30Z 2026-10-27T01:30Z',
  ],
  [
    'Europe/Zurich',
    '0 * * * *',
    '2026-03-28T23:30Z',
    '2026-03-29T00:00Z 2026-03-29T01:00Z 2026-03-29T02:00Z 2026-03-29T03:00Z',
  ],
  [
    'Europe/Zurich',
    '0 * * * *',
    '2026-10-24T22:30Z',
    '2026-10-24T23:00Z 2026-10-25T00:00Z 2026-10-25T01:00Z 2026-10-25T02:00Z 2026-10-25T03:00Z',
  ],
  [
    'Europe/Zurich',
    '*/20 2 * * *',
    '2026-10-24T12:00Z',
    '2026-10-25T00:00Z 2026-10-25T00:20Z 2026-10-25T00:40Z 2026-10-25T01:00Z 2026-10-25T01:20Z 2026-10-25T01:40Z 2026-10-26T01:00Z 2026-10-26T01:20Z',
  ],
  ['Europe/Zurich', '0 3 * * *', '2026-03-28T12:00Z', '2026-03-29T01:00Z 2026-03-30T01:00Z 2026-03-31T01:00Z'],
  ['Europe/Zurich', '0 2 * * *', '2026-03-28T12:00Z', '2026-03-30T00:00Z 2026-03-31T00:00Z 2026-04-01T00:00Z'],
  ['Europe/Zurich', '0 0 29 2 *', '2026-01-01T00:00Z', '2028-02-28T23:00Z 2032-02-28T23:00Z 2036-02-28T23:00Z'],
  ['', '0 0 31 2 *', '2026-01-01T00:00Z', 'never'],
  [
    'America/Sao_Paulo',
    '0 0 * * *',
    '2018-11-02T12:00Z',
    '2018-11-03T03:00Z 2018-11-05T02:00Z 2018-11-06T02:00Z 2018-11-07T02:00Z',
  ],
  [
    'Asia/Beirut',
    '0 0 * * *',
    '2026-03-27T12:00Z',
    '2026-03-27T22:00Z 2026-03-29T21:00Z 2026-03-30T21:00Z 2026-03-31T21:00Z',
  ],
  [
    'Africa/Casablanca',
    '30 2 * * *',
    '2026-02-13T12:00Z',
    '2026-02-14T01:30Z 2026-02-15T01:30Z 2026-02-15T02:30Z 2026-02-16T02:30Z 2026-02-17T02:30Z',
  ],
  [
    'Australia/Lord_Howe',
    '45 1 * * *',
    '2026-04-03T12:00Z',
    '2026-04-03T14:45Z 2026-04-04T14:45Z 2026-04-04T15:15Z 2026-04-05T15:15Z',
  ],
  [
    'Australia/Lord_Howe',
    '15 2 * * *',
    '2026-10-02T12:00Z',
    '2026-10-02T15:45Z 2026-10-04T15:15Z 2026-10-05T15:15Z 2026-10-06T15:15Z',
  ],
  ['', '5/15 * * * *', '2026-01-01T00:00Z', '2026-01-01T00:05Z 2026-01-01T00:20Z 2026-01-01T00:35Z 2026-01-01T00:50Z'],
  ['', '0 0 13 * 5', '2026-01-01T00:00Z', '2026-01-02T00:00Z 2026-01-09T00:00Z 2026-01-13T00:00Z 2026-01-16T00:00Z'],
  ['', '0 0 */2 * 1', '2026-01-01T00:00Z', '2026-01-03T00:00Z 2026-01-05T00:00Z 2026-01-07T00:00Z 2026-01-09T00:00Z'],
  ['', '0 0 1 * */2', '2026-01-01T00:00Z', '2026-01-03T00:00Z 2026-01-04T00:00Z 2026-01-06T00:00Z 2026-01-08T00:00Z'],
  ['', '0 0 * * */2', '2026-01-01T00:00Z', '2026-01-03T00:00Z 2026-01-04T00:00Z 2026-01-06T00:00Z 2026-01-08T00:00Z'],
  ['UTC', '@daily', '2026-01-01T00:00Z', '2026-01-02T00:00Z 2026-01-03T00:00Z'],
  ['', '0 0 1 jan ?', '2026-01-01T00:00Z', '2027-01-01T00:00Z 2028-01-01T00:00Z'],
  ['', '0 0 1-31 * 1', '2026-01-01T00:00Z', '2026-01-02T00:00Z 2026-01-03T00:00Z 2026-01-04T00:00Z'],
  ['', '0 0 * * sun-sat', '2026-01-01T00:00Z', '2026-01-02T00:00Z 2026-01-03T00:00Z 2026-01-04T00:00Z'],
  [
    'America/New_York',
    '*/30 1-3 * * *',
    '2026-03-07T12:00Z',
    '2026-03-08T06:00Z 2026-03-08T06:30Z 2026-03-08T07:00Z 2026-03-08T07:30Z 2026-03-09T05:00Z 2026-03-09T05:30Z 2026-03-09T06:00Z 2026-03-09T06:30Z 2026-03-09T07:00Z',
  ],
  [
    'America/New_York',
    '*/30 1-3 * * *',
    '2026-10-31T12:00Z',
    '2026-11-01T05:00Z 2026-11-01T05:30Z 2026-11-01T06:00Z 2026-11-01T06:30Z 2026-11-01T07:00Z 2026-11-01T07:30Z 2026-11-01T08:00Z 2026-11-01T08:30Z 2026-11-02T06:00Z',
  ],
  [
    'Europe/Zurich',
    '0 12 * 2 mon-fri/2',
    '2026-01-01T00:00Z',
    '2026-02-02T11:00Z 2026-02-04T11:00Z 2026-02-06T11:00Z 2026-02-09T11:00Z',
  ],
  ['Asia/Kolkata', '15 5 * * *', '2026-06-01T00:00Z', '2026-06-01T23:45Z 2026-06-02T23:45Z'],
  ['Europe/Zurich', '59 23 31 12 *', '2026-06-01T00:00Z', '2026-12-31T22:59Z 2027-12-31T22:59Z'],
  ['Europe/Zurich', '0 0 1,15 * ?', '2026-03-10T00:00Z', '2026-03-14T23:00Z 2026-03-31T22:00Z 2026-04-14T22:00Z'],
  [
    'Europe/Zurich',
    '7-59/13 */6 * * *',
    '2026-03-28T23:00Z',
    '2026-03-28T23:07Z 2026-03-28T23:20Z 2026-03-28T23:33Z 2026-03-28T23:46Z 2026-03-28T23:59Z 2026-03-29T04:07Z 2026-03-29T04:20Z 2026-03-29T04:33Z',
  ],
] as const;

/** The first times behind an instant, to the minute. */
function timesOf(zone: string, expression: string, from: string, count: number): string {
  const times = cronTimes(expression, zone);
  const found: string[] = [];
  let at: number | undefined = Date.parse(from);
  while (found.length < count) {
    at = times.after(at);
    if (at === undefined) return [...found, 'never'].join(' ');
    expect(at % 60_000).toBe(0);
    found.push(`${new Date(at).toISOString().slice(0, 16)}Z`);
  }
  return found.join(' ');
}

describe('cronTimes', () => {
  it.each(AS_UPSTREAM)('counts as upstream in %j: %s from %s', (zone, expression, from, expected) => {
    expect(timesOf(zone, expression, from, expected.split(' ').length)).toBe(expected);
  });

  it('takes an instant between two minutes for what it is', () => {
    expect(timesOf('', '* * * * *', '2026-01-01T00:00:59.999Z', 1)).toBe('2026-01-01T00:01Z');
    expect(timesOf('', '* * * * *', '2026-01-01T00:01:00.000Z', 1)).toBe('2026-01-01T00:02Z');
  });

  it.each([
    ['', 'of 0 fields'],
    ['* * * *', 'of 4 fields'],
    ['0 0 * * * *', 'of 6 fields'],
    ['60 * * * *', 'minute is "60"'],
    ['* 24 * * *', 'hour is "24"'],
    ['* * 0 * *', 'day of the month is "0"'],
    ['* * 32 * *', 'day of the month is "32"'],
    ['* * * 13 *', 'month is "13"'],
    ['* * * 0 *', 'month is "0"'],
    ['0 0 * * 7', 'day of the week is "7"'],
    ['0 0 L * *', 'day of the month is "L"'],
    ['0 0 15W * *', 'day of the month is "15W"'],
    ['0 0 * * 1#2', 'day of the week is "1#2"'],
    ['0 0 * * 5-1', 'day of the week is "5-1"'],
    ['*/0 * * * *', 'minute is "*/0"'],
    ['/5 * * * *', 'minute is "/5"'],
    ['1, * * * *', 'minute is "1,"'],
    ['a b c d e', 'minute is "a"'],
    ['@reboot', 'of 1 fields'],
    ['@every 5m', 'of 2 fields'],
    ['*/70 * * * *', 'it has the expression "*/70 * * * *": CronPattern: '],
  ])('refuses %j', (expression, why) => {
    expect(() => cronTimes(expression, '')).toThrow(why);
  });

  it.each(['Nowhere/Land', '+01:00', 'Europe/Zurich ', '\\0'])('refuses the zone %j', (zone) => {
    expect(() => cronTimes('0 0 * * *', zone)).toThrow(/time zone .* is unknown/);
  });
});
