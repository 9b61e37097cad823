import { create } from '@bufbuild/protobuf';
import { type Duration, DurationSchema, type Timestamp, TimestampSchema } from '@bufbuild/protobuf/wkt';
import { SimpleType } from '../gen/flyteidl2/core/types_pb.js';
import type { Primitive } from '../gen/flyteidl2/core/literals_pb.js';
import { primitiveShape } from './scalars.js';
import { type Opened, type Shape, simpleType } from './shape.js';

const DATE_TIME = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?([Zz]|[+-]\d\d:?\d\d)?$/;
const DURATION = /^(-)?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,](\d{1,9}))?S)?)?$/;
/** The seconds of 0001-01-01 and 9999-12-31, between which both Python and protobuf have dates. */
const FIRST = -62_135_596_800;
const LAST = 253_402_300_799;
const GIGA = 1_000_000_000n;

/** An instant: whole seconds since 1970, and the nanoseconds after them. */
interface Instant {
  readonly seconds: number;
  readonly nanos: number;
  /** Whether it was text that names no zone. */
  readonly isLocal?: boolean;
}

/** The instant of a Date or of ISO 8601 text; without a zone it is UTC, as Python sends its naive datetimes. */
function instantOf(value: unknown): Instant | undefined {
  if (value instanceof Date) return instant(value.getTime(), 0);
  const match = typeof value === 'string' ? DATE_TIME.exec(value) : null;
  if (match === null) return undefined;
  const [, day, minute, second = '00', fraction = '', zone] = match;
  const local = `${day}T${minute}:${second}.000Z`;
  const ms = Date.parse(local);
  // Date.parse takes the 30th of February for a day in March.
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== local) return undefined;
  const found = instant(ms - offsetMs(zone ?? 'Z'), Number(fraction.padEnd(9, '0')));
  return found && { ...found, isLocal: zone === undefined };
}

function offsetMs(zone: string): number {
  if (zone.toUpperCase() === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}

/** @param nanos what comes after whole seconds, where the milliseconds don't tell */
function instant(ms: number, nanos: number): Instant | undefined {
  const seconds = Math.floor(ms / 1000);
  if (!(seconds >= FIRST && seconds <= LAST)) return undefined;
  return { seconds, nanos: ms % 1000 === 0 ? nanos : (ms - seconds * 1000) * 1e6 };
}

function timestampOf({ seconds, nanos }: Instant): Timestamp {
  return create(TimestampSchema, { seconds: BigInt(seconds), nanos });
}

function instantIn(opened: Opened): Instant | undefined {
  return opened.case === 'datetime' ? { seconds: Number(opened.value.seconds), nanos: opened.value.nanos } : undefined;
}

/** ISO 8601 with as few digits as it needs, or as many as the schema's pattern asks for. */
function isoOf(when: Instant, zone: string, pattern?: RegExp): string {
  const { nanos } = when;
  const shortest = spell(when, nanos === 0 ? 0 : nanos % 1_000_000 === 0 ? 3 : nanos % 1000 === 0 ? 6 : 9, zone);
  if (pattern === undefined || pattern.test(shortest)) return shortest;
  return spellings(when, zone).find((text) => pattern.test(text)) ?? shortest;
}

/** @param length how many digits of the second's fraction */
function spell({ seconds, nanos }: Instant, length: number, zone: string): string {
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return whole + (length === 0 ? '' : `.${String(nanos).padStart(9, '0').slice(0, length)}`) + zone;
}

/** Every way to write it that loses nothing. */
function spellings(when: Instant, zone: string): readonly string[] {
  const { seconds, nanos } = when;
  const lengths = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].filter((length) => nanos % 10 ** (9 - length) === 0);
  const minutes = nanos === 0 && seconds % 60 === 0 ? [new Date(seconds * 1000).toISOString().slice(0, 16) + zone] : [];
  return [...lengths.map((length) => spell(when, length, zone)), ...minutes];
}

/** Whether a schema takes text without a zone, as `z.iso.datetime({ local: true })` does. */
function takesLocal(pattern: RegExp | undefined): boolean {
  return pattern !== undefined && spellings({ seconds: 0, nanos: 0 }, '').some((text) => pattern.test(text));
}

function datetimeOf(value: unknown): Primitive['value'] | undefined {
  const when = instantOf(value);
  return when === undefined ? undefined : { case: 'datetime', value: timestampOf(when) };
}

/**
 * A point in time; `datetime` in Python, aware and in UTC when it arrives there. Inside an object it is ISO 8601 text
 * with `+00:00`, which Python 3.10 reads too.
 *
 * A schema that takes text without a zone gets such text: a variable has none to tell, and neither has Python's naive
 * `datetime`. Inside an object text without a zone stays without one, and is naive in Python.
 *
 * @param native what the schema takes: a Date, of milliseconds, or ISO text, whose offset and digits may change form
 * @param pattern what the schema wants such text to look like
 */
export function dateTimeShape(native: 'date' | 'text', pattern?: RegExp): Shape {
  const isLocal = takesLocal(pattern);
  const nativeOf = (value: Instant | undefined, zone: string): unknown => {
    if (value === undefined) return undefined;
    return native === 'text'
      ? isoOf(value, zone, pattern)
      : new Date(value.seconds * 1000 + Math.floor(value.nanos / 1_000_000));
  };
  const fromText = (text: unknown): unknown => {
    const when = instantOf(text);
    return nativeOf(when, isLocal && when?.isLocal ? '' : 'Z');
  };
  return primitiveShape({
    type: simpleType(SimpleType.DATETIME),
    tag: 'datetime',
    expected: 'a point in time between the years 1 and 9999',
    to: datetimeOf,
    // What has no zone, Python may well declare as `str`.
    from: (opened) =>
      isLocal && opened.case === 'stringValue'
        ? fromText(opened.value)
        : nativeOf(instantIn(opened), isLocal ? '' : 'Z'),
    pack(value) {
      const when = instantOf(value);
      return when === undefined ? undefined : isoOf(when, isLocal && when.isLocal ? '' : '+00:00');
    },
    unpack: fromText,
  });
}

const dayOf = (value: unknown): string | undefined => {
  const when = typeof value === 'string' ? instantOf(`${value}T00:00:00Z`) : undefined;
  return when === undefined ? undefined : isoOf(when, '').slice(0, 10);
};

/** A day of the calendar as text, `2026-11-23`; `date` in Python, which sends the day's midnight in UTC. */
export const dayShape: Shape = primitiveShape({
  type: simpleType(SimpleType.DATETIME),
  tag: 'date',
  expected: 'a day such as "2026-11-23"',
  to(value) {
    const when = dayOf(value) === undefined ? undefined : instantOf(`${String(value)}T00:00:00Z`);
    return when === undefined ? undefined : { case: 'datetime', value: timestampOf(when) };
  },
  from(opened) {
    const when = instantIn(opened);
    return when === undefined ? undefined : isoOf(when, '').slice(0, 10);
  },
  pack: dayOf,
  unpack: dayOf,
});

/** Nanoseconds of ISO 8601 text; undefined for years and months, which have no fixed length. */
function nanosOf(value: unknown): bigint | undefined {
  const match = typeof value === 'string' ? DURATION.exec(value) : null;
  if (match === null || !/\d/.test(match[0]) || match[0].endsWith('T')) return undefined;
  const [, sign, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0, fraction = ''] = match;
  const whole =
    ((BigInt(weeks) * 7n + BigInt(days)) * 24n + BigInt(hours)) * 3600n + BigInt(minutes) * 60n + BigInt(seconds);
  // Protobuf's limit, about 10,000 years.
  if (whole > 315_576_000_000n) return undefined;
  const nanos = whole * GIGA + BigInt(fraction.padEnd(9, '0'));
  return sign === undefined ? nanos : -nanos;
}

function isoDuration(nanos: bigint): string {
  const size = nanos < 0n ? -nanos : nanos;
  const [hours, minutes, seconds] = [size / GIGA / 3600n, (size / GIGA / 60n) % 60n, (size / GIGA) % 60n];
  const fraction = String(size % GIGA)
    .padStart(9, '0')
    .replace(/0+$/, '');
  const tail = seconds > 0n || fraction !== '' ? `${seconds}${fraction === '' ? '' : `.${fraction}`}S` : '';
  const parts = (hours > 0n ? `${hours}H` : '') + (minutes > 0n ? `${minutes}M` : '') + tail;
  return `${nanos < 0n ? '-' : ''}PT${parts === '' ? '0S' : parts}`;
}

function durationOf(nanos: bigint): Duration {
  return create(DurationSchema, { seconds: nanos / GIGA, nanos: Number(nanos % GIGA) });
}

/**
 * A length of time as ISO 8601 text, which may change form: `P1D` arrives as `PT24H`. `timedelta` in Python, which has
 * microseconds. Inside an object it is a number of seconds, which both dataclasses and Pydantic read.
 */
export const durationShape: Shape = primitiveShape({
  type: simpleType(SimpleType.DURATION),
  tag: 'timedelta',
  expected: 'a duration such as "PT1H30M", without years and months, which have no fixed length',
  to(value) {
    const nanos = nanosOf(value);
    return nanos === undefined ? undefined : { case: 'duration', value: durationOf(nanos) };
  },
  from: (opened) =>
    opened.case === 'duration' ? isoDuration(opened.value.seconds * GIGA + BigInt(opened.value.nanos)) : undefined,
  pack(value) {
    const nanos = nanosOf(value);
    return nanos === undefined ? undefined : Number(nanos) / 1e9;
  },
  unpack(packed) {
    const seconds = typeof packed === 'bigint' ? Number(packed) : packed;
    if (typeof seconds === 'number') {
      const micros = Math.round(seconds * 1e6);
      return Number.isSafeInteger(micros) ? isoDuration(BigInt(micros) * 1000n) : undefined;
    }
    const nanos = nanosOf(packed);
    return nanos === undefined ? undefined : isoDuration(nanos);
  },
});
