import * as fc from 'fast-check';
import type { FlyteDir, FlyteFile } from 'nestjs-flyte';

/** A value on both sides. */
export interface Both {
  /** As it arrives in TypeScript, and is sent unless `ourGiven` is. */
  readonly ours: unknown;
  /** As it arrives in Python, written as values.py shows it, and is sent unless `theirGiven` is. */
  readonly theirs: unknown;
  /** What TypeScript sends where it arrives in another form. */
  readonly ourGiven?: unknown;
  /** What Python sends where it arrives in another form. */
  readonly theirGiven?: unknown;
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom('', '\0', 'héllo 🔑', '𝒳', 'null', '5.0', '__proto__', 'constructor'),
);
const key = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('', '__proto__', 'constructor', 'a.b', '🔑', '1'));

export const same = (value: unknown): Both => ({ ours: value, theirs: value });
const hex = (value: number): string => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes.toString('hex');
};

export const str = text.map(same);
export const bool = fc.boolean().map(same);
export const none = fc.constant(same(null));
export const int = fc
  .oneof(fc.maxSafeInteger(), fc.constantFrom(0, -1, 255, -(2 ** 31), Number.MAX_SAFE_INTEGER))
  .map((value): Both => ({ ours: value, theirs: { int: String(value) } }));
export const big = fc
  .oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.constantFrom(0n, 5n, 2n ** 53n, 2n ** 53n + 1n))
  .map((value): Both => ({ ours: value, theirs: { int: String(value) } }));
export const float = fc
  .oneof(fc.double(), fc.constantFrom(0, -0, 5, 1e300, 2 ** 53 + 2, NaN, Infinity, -Infinity))
  .map((value): Both => ({ ours: value, theirs: { float: hex(value) } }));
export const finite = fc
  .oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(0, -0, 5, 2 ** 60))
  .map((value): Both => ({ ours: value, theirs: { float: hex(value) } }));

const moment = fc.date({
  min: new Date('0001-01-02T00:00:00Z'),
  max: new Date('9999-12-30T23:59:59.999Z'),
  noInvalidDate: true,
});
const micros = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 999 }));
/** Digits of an instant: to the second, the millisecond or the microsecond, as short as they go. */
const digits = fc.tuple(moment, micros).map(([when, micro]) => {
  const fraction = when.toISOString().slice(20, 23) + String(micro).padStart(3, '0');
  const whole = when.toISOString().slice(0, 19);
  if (fraction === '000000') return { whole, short: '', full: '' };
  return { whole, short: `.${fraction.endsWith('000') ? fraction.slice(0, 3) : fraction}`, full: `.${fraction}` };
});
export const datetime = digits.map(({ whole, short, full }): Both => ({
  ours: `${whole}${short}Z`,
  theirs: { datetime: `${whole}${full}+00:00` },
}));
/** Both sides send it in other zones, and get it in UTC. */
export const offset = digits.map(({ whole, short, full }): Both => {
  const east = new Date(Date.parse(`${whole}Z`) + 5.5 * 3_600_000).toISOString().slice(0, 19);
  return {
    ...{ ours: `${whole}${short}Z`, ourGiven: `${east}${short}+05:30` },
    ...{ theirs: { datetime: `${whole}${full}+00:00` }, theirGiven: { datetime: `${east}${full}+05:30` } },
  };
});
/** A Date has milliseconds. */
export const date = moment.map((when): Both => {
  const [whole, fraction] = [when.toISOString().slice(0, 19), when.toISOString().slice(20, 23)];
  return { ours: when, theirs: { datetime: `${whole}${fraction === '000' ? '' : `.${fraction}000`}+00:00` } };
});
/** A variable is UTC in Python, whatever the schema; inside an object text without a zone is naive there, too. */
export const localVariable = digits.map(({ whole, short, full }): Both => ({
  ours: `${whole}${short}`,
  theirs: { datetime: `${whole}${full}+00:00` },
  theirGiven: { datetime: `${whole}${full}` },
}));
export const localField = digits.map(({ whole, short, full }): Both => ({
  ours: `${whole}${short}`,
  theirs: { datetime: `${whole}${full}` },
}));
export const day = moment.map((when): Both => {
  const date = when.toISOString().slice(0, 10);
  return { ours: date, theirs: { date } };
});
export const took = fc.oneof(fc.integer({ min: -1e6, max: 1e9 }), fc.constantFrom(0, 1, -1)).map((amount): Both => {
  const size = Math.abs(amount);
  const [minutes, rest] = [Math.floor(size / 60e6), size % 60e6];
  const fraction = String(rest % 1e6)
    .padStart(6, '0')
    .replace(/0+$/, '');
  const [hours, minute, second] = [Math.floor(minutes / 60), minutes % 60, Math.floor(rest / 1e6)];
  const parts = [
    hours > 0 ? `${hours}H` : '',
    minute > 0 ? `${minute}M` : '',
    rest > 0 ? `${second}${fraction === '' ? '' : `.${fraction}`}S` : '',
  ];
  const iso = parts.join('');
  return { ours: `${amount < 0 ? '-' : ''}PT${iso === '' ? '0S' : iso}`, theirs: { timedelta: String(amount) } };
});
export const bytes = fc
  .uint8Array({ maxLength: 40 })
  .map((value): Both => ({ ours: value, theirs: { bytes: Buffer.from(value).toString('base64') } }));

export const colors = { RED: 'red', DARK_BLUE: 'dark blue' } as const;
export const levels = { LOW: 1, HIGH: 10 } as const;
export const color = fc
  .constantFrom('RED' as const, 'DARK_BLUE' as const)
  .map((name): Both => ({ ours: colors[name], theirs: { enum: ['Color', name] } }));
export const level = fc
  .constantFrom('LOW' as const, 'HIGH' as const)
  .map((name): Both => ({ ours: levels[name], theirs: { enum: ['Level', name] } }));

export const reference = (type: typeof FlyteFile | typeof FlyteDir, tag: 'File' | 'Dir'): fc.Arbitrary<Both> =>
  fc
    .record({
      name: fc.stringMatching(/^[a-z]{1,8}$/),
      format: fc.constantFrom('', 'csv'),
      hash: fc.constantFrom(undefined, 'ab12'),
    })
    .map(({ name, format, hash }) => ({
      ours: new type({ uri: `s3://bucket/${name}`, format, hash }),
      theirs: { [tag]: { path: `s3://bucket/${name}`, format, hash: hash ?? null } },
    }));

export const both = (items: readonly Both[], make: (values: unknown[]) => Both): Both => {
  const made = make(items.map(({ theirs }) => theirs));
  return { ...made, ours: items.map(({ ours }) => ours) };
};
export const list = (item: fc.Arbitrary<Both>): fc.Arbitrary<Both> =>
  fc.array(item, { maxLength: 4 }).map((items) => both(items, (theirs) => ({ ours: [], theirs })));
export const tuple = (...items: fc.Arbitrary<Both>[]): fc.Arbitrary<Both> =>
  fc.tuple(...items).map((made) => both(made, (theirs) => ({ ours: [], theirs: { tuple: theirs } })));
export const dict = (value: fc.Arbitrary<Both>, keys: fc.Arbitrary<string> = key): fc.Arbitrary<Both> =>
  fc.uniqueArray(fc.tuple(keys, value), { maxLength: 4, selector: ([name]) => name }).map((entries) => ({
    ours: Object.fromEntries(entries.map(([name, { ours }]) => [name, ours])),
    theirs: { dict: entries.map(([name, { theirs }]) => [name, theirs]) },
  }));
const keyed = (entries: readonly (readonly [string, unknown, Both])[]): Both => ({
  ours: Object.fromEntries(entries.map(([key, , { ours }]) => [key, ours])),
  theirs: { dict: entries.map(([, key, { theirs }]) => [key, theirs]) },
});
/** Keys are text here, and numbers there. */
export const numbered = (keys: fc.Arbitrary<Both>, value: fc.Arbitrary<Both>): fc.Arbitrary<Both> =>
  fc
    .uniqueArray(fc.tuple(keys, value), { maxLength: 4, selector: ([{ ours }]) => String(ours) })
    .map((entries) => keyed(entries.map(([{ ours, theirs }, field]) => [String(ours), theirs, field])));
export const colored = (value: fc.Arbitrary<Both>): fc.Arbitrary<Both> =>
  fc
    .uniqueArray(fc.tuple(color, value), { maxLength: 2, selector: ([{ ours }]) => ours })
    .map((entries) => keyed(entries.map(([{ ours, theirs }, field]) => [String(ours), theirs, field])));
/** A class of values.py; a field that is undefined here is its default there. */
export const object = (name: string, fields: Readonly<Record<string, fc.Arbitrary<Both>>>): fc.Arbitrary<Both> =>
  fc.record(fields).map((made) => ({
    ours: Object.fromEntries(Object.entries(made).map(([field, { ours }]) => [field, ours])),
    theirs: { [name]: Object.entries(made).map(([field, { theirs }]) => [field, theirs]) },
  }));
export const typedDict = (fields: Readonly<Record<string, fc.Arbitrary<Both>>>): fc.Arbitrary<Both> =>
  object('dict', fields);
export const maybe = (value: fc.Arbitrary<Both>): fc.Arbitrary<Both> => fc.oneof(none, value);
export const json: fc.Arbitrary<Both> = fc.letrec<{ any: Both }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 2 },
    none,
    bool,
    str,
    int,
    finite.filter(({ ours }) => !Number.isInteger(ours)),
    list(tie('any')),
    dict(tie('any')),
  ),
})).any;
