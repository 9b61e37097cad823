import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { FlyteError } from '../errors/flyte-error.js';
import { OutputsSchema } from '../gen/flyteidl2/task/common_pb.js';
import { FlyteFile } from './file.js';
import { hideProtoKeys, showProtoKeys } from './proto-key.js';
import { TaskCodec } from './task-codec.js';

/** A schema and the values it takes, each made together. */
interface Pair {
  readonly schema: z.ZodType;
  readonly value: fc.Arbitrary<unknown>;
}

const text = fc.string({ unit: 'binary' });
const key = fc.oneof(
  fc.string(),
  fc.constantFrom('constructor', 'toString', 'hasOwnProperty', 'length', '', '__proto__'),
);
/** zod itself takes an absent field of such a name for the one that every object inherits. */
const field = key.filter((name) => !(name in {}));
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const date = fc.date({
  min: new Date('0001-01-01T00:00:00Z'),
  max: new Date('9999-12-31T23:59:59.999Z'),
  noInvalidDate: true,
});
const instant = date.map((when) => when.toISOString().replace('.000Z', 'Z'));
const duration = fc.integer({ min: 0, max: 1e9 }).map((seconds) => {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const parts = (hours > 0 ? `${hours}H` : '') + (minutes > 0 ? `${minutes}M` : '') + (rest > 0 ? `${rest}.25S` : '');
  return `PT${parts === '' ? '0S' : parts}`;
});
const float = fc.double();

const leaves: Pair[] = [
  { schema: z.string(), value: text },
  { schema: z.int(), value: fc.maxSafeInteger().map((number) => number + 0) },
  { schema: z.bigint(), value: int64 },
  { schema: z.union([z.number(), z.nan(), z.literal([Infinity, -Infinity])]), value: float },
  { schema: z.boolean(), value: fc.boolean() },
  { schema: z.null(), value: fc.constant(null) },
  { schema: z.date(), value: date },
  { schema: z.iso.datetime(), value: instant },
  { schema: z.iso.date(), value: date.map((when) => when.toISOString().slice(0, 10)) },
  { schema: z.iso.duration(), value: duration },
  { schema: z.instanceof(Uint8Array), value: fc.uint8Array() },
  { schema: z.iso.datetime({ local: true }), value: instant.map((when) => when.slice(0, -1)) },
  { schema: z.union([z.int(), z.bigint()]), value: fc.oneof(fc.maxSafeInteger(), fc.constant(2n ** 60n)) },
  { schema: z.enum({ one: 'a', two: 'b', three: 3 }), value: fc.constantFrom('a', 'b', 3) },
  {
    schema: z.union([z.enum({ one: 'a', two: 'b' }), z.string(), z.float64()]),
    value: fc.oneof(fc.constantFrom('one', 'a', 'b', 'c', 5, 0.5)),
  },
  { schema: z.record(z.number(), z.int()), value: fc.constantFrom({}, { '5': 1, '-1': 2, '0.5': 3 }) },
  { schema: z.enum(['a', 'b', 'constructor']), value: fc.constantFrom('a', 'b', 'constructor') },
  {
    schema: z.instanceof(FlyteFile),
    value: fc
      .record({
        uri: fc.webUrl(),
        format: fc.string(),
        hash: fc.option(fc.constantFrom('ab', 'cd'), { nil: undefined }),
      })
      .map((fields) => new FlyteFile(fields)),
  },
];

const pairs: fc.Arbitrary<Pair> = fc.letrec<{ pair: Pair }>((tie) => ({
  pair: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constantFrom(...leaves),
    tie('pair').map(({ schema, value }): Pair => ({
      schema: z.array(schema),
      value: fc.array(value, { maxLength: 3 }),
    })),
    tie('pair').map(({ schema, value }): Pair => ({
      schema: z.record(z.string(), schema),
      value: fc.dictionary(key, value, { maxKeys: 3, noNullPrototype: true }),
    })),
    tie('pair').map(({ schema, value }): Pair => ({ schema: schema.nullable(), value: fc.option(value) })),
    fc
      // An output that may be null and is left out arrives as null.
      .uniqueArray(
        fc
          .tuple(field, tie('pair'), fc.boolean())
          .map(([name, pair, optional]) => [name, pair, optional && !pair.schema.safeParse(null).success] as const),
        {
          minLength: 1,
          maxLength: 3,
          selector: ([name]) => name,
        },
      )
      .map((fields): Pair => ({
        schema: z.object(
          Object.fromEntries(
            fields.map(([name, { schema }, optional]) => [name, optional ? schema.optional() : schema]),
          ),
        ),
        value: fc.record(Object.fromEntries(fields.map(([name, { value }]) => [name, value])), {
          requiredKeys: fields.filter(([, , optional]) => !optional).map(([name]) => name),
          noNullPrototype: true,
        }),
      })),
    fc.array(tie('pair'), { minLength: 1, maxLength: 3 }).map((items): Pair => {
      const [first, ...rest] = items.map(({ schema }) => schema);
      return {
        schema: z.object({ tuple: z.tuple(first === undefined ? [z.null()] : [first, ...rest]) }),
        value: fc.tuple(...items.map(({ value }) => value)).map((tuple) => ({ tuple })),
      };
    }),
  ),
})).pair;

const through = async (schema: z.ZodType, value: unknown): Promise<unknown> => {
  const codec = new TaskCodec<void, void, unknown, unknown>({ outputs: schema });
  const wire = toBinary(OutputsSchema, await codec.encodeOutputs(value));
  return codec.decodeOutputs(fromBinary(OutputsSchema, wire));
};

const outcome = async (act: Promise<unknown>): Promise<unknown> =>
  act.then(
    () => 'fine',
    (error: unknown) => (FlyteError.is(error) ? error.code : error),
  );

describe('any value of any schema', () => {
  it('arrives as it was sent', async () => {
    const sent = pairs.chain(({ schema, value }) => value.map((made) => ({ schema, value: made })));
    await fc.assert(
      fc.asyncProperty(sent, async ({ schema, value }) => {
        // zod alone drops the key "__proto__".
        expect(await through(schema, value)).toEqual(showProtoKeys(schema.parse(hideProtoKeys(value))));
      }),
      { numRuns: 400 },
    );
  });

  it('of JSON arrives as it was sent, inside an object', async () => {
    const Json = z.object({ json: z.json(), loose: z.looseObject({}) });
    const json = fc.jsonValue({ maxDepth: 4 });
    await fc.assert(
      fc.asyncProperty(json, fc.dictionary(key, json, { noNullPrototype: true }), async (value, loose) => {
        expect(await through(z.object({ inside: Json }), { inside: { json: value, loose } })).toEqual({
          inside: { json: value, loose },
        });
      }),
      { numRuns: 200 },
    );
  });
});

describe('anything at all', () => {
  const schema = z.object({
    int: z.int(),
    list: z.array(z.date()),
    big: z.bigint().optional(),
    any: z.looseObject({}),
    one: z.union([z.string(), z.array(z.int())]),
  });
  const codec = new TaskCodec<void, void, unknown, unknown>({ outputs: schema });

  it('is sent, or refused by a FlyteError', async () => {
    const wild = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withTypedArray: true,
      withSparseArray: true,
      withNullPrototype: true,
      key: fc.oneof(fc.string(), fc.constant('__proto__')),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.record({ int: fc.oneof(fc.integer(), wild), list: fc.oneof(fc.array(date), wild), any: wild, one: wild }),
        async (value) => {
          expect(await outcome(codec.encodeOutputs(value))).toMatch(/^(?:fine|invalid_argument)$/);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('that comes from the wire is read, or refused by a FlyteError', async () => {
    const name = fc.constantFrom('int', 'list', 'big', 'any', 'one');
    const scalar = fc.oneof(
      fc.uint8Array().map((value) => ({ case: 'binary' as const, value: { value, tag: 'msgpack' } })),
      fc
        .uint8Array()
        .map((value) => ({ case: 'binary' as const, value: { value: Uint8Array.from([128, 4, ...value]) } })),
      fc.constant({ case: 'noneType' as const, value: {} }),
      fc.constant({ case: 'union' as const, value: {} }),
      int64.map((value) => ({ case: 'primitive' as const, value: { value: { case: 'integer' as const, value } } })),
      float.map((value) => ({ case: 'primitive' as const, value: { value: { case: 'floatValue' as const, value } } })),
      int64.map((seconds) => ({
        case: 'primitive' as const,
        value: { value: { case: 'datetime' as const, value: { seconds } } },
      })),
    );
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.tuple(name, scalar), { selector: ([field]) => field }), async (fields) => {
        const literals = fields.map(([field, value]) => ({
          name: field,
          value: { value: { case: 'scalar' as const, value: { value } } },
        }));
        expect(await outcome(codec.decodeOutputs(create(OutputsSchema, { literals })))).toMatch(
          /^(?:fine|invalid_argument)$/,
        );
      }),
      { numRuns: 300 },
    );
  });
});
