import { create, fromBinary, toBinary, toJson } from '@bufbuild/protobuf';
import { encode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { BinarySchema, type Literal, LiteralMapSchema, LiteralSchema } from '../gen/flyteidl2/core/literals_pb.js';
import { LiteralTypeSchema } from '../gen/flyteidl2/core/types_pb.js';
import { OutputsSchema } from '../gen/flyteidl2/task/common_pb.js';
import { At } from './at.js';
import { bigintShape } from './scalars.js';
import { scalarLiteral } from './shape.js';
import { TaskCodec } from './task-codec.js';

const LARGE = 2n ** 60n + 1n;

const codecOf = (schema: z.ZodType): TaskCodec<void, void, unknown, unknown> =>
  new TaskCodec<void, void, unknown, unknown>({ outputs: z.object({ x: schema }) });
const read = async (schema: z.ZodType, value: Literal): Promise<unknown> => {
  const sent = toBinary(OutputsSchema, create(OutputsSchema, { literals: [{ name: 'x', value }] }));
  return z.object({ x: z.unknown() }).parse(await codecOf(schema).decodeOutputs(fromBinary(OutputsSchema, sent))).x;
};
const written = async (schema: z.ZodType, value: unknown): Promise<Literal> =>
  (await codecOf(schema).encodeOutputs({ x: value })).literals[0]?.value ?? create(LiteralSchema);

/** As Python writes an untyped dict, or an object: integers as short as they go. */
const message = (value: unknown): Literal =>
  scalarLiteral({
    case: 'binary',
    value: create(BinarySchema, { value: encode(value, { useBigInt64: true }), tag: 'msgpack' }),
  });
/** As Python writes a `dict[str, int]`. */
const map = (entries: Readonly<Record<string, bigint>>): Literal => {
  const literals = Object.fromEntries(
    Object.entries(entries).map(([key, value]) => [key, bigintShape.toLiteral(value, new At('x'))]),
  );
  return create(LiteralSchema, { value: { case: 'map', value: create(LiteralMapSchema, { literals }) } });
};

const records = {
  bigint: z.record(z.string(), z.bigint()),
  either: z.record(z.string(), z.union([z.int(), z.bigint()])),
  number: z.record(z.string(), z.union([z.number(), z.bigint()])),
  unknown: z.record(z.string(), z.unknown()),
};

describe('whole numbers beyond 2^53 in a map', () => {
  it.each([
    ['typed', map({ a: 5n, b: LARGE })],
    ['untyped', message({ a: 5, b: LARGE })],
  ])('of a dict that is %s are bigints where the schema takes them', async (_, literal) => {
    expect(await read(records.bigint, literal)).toEqual({ a: 5n, b: LARGE });
    expect(await read(records.either, literal)).toEqual({ a: 5, b: LARGE });
    expect(await read(records.number, literal)).toEqual({ a: 5, b: LARGE });
    expect(await read(records.unknown, literal)).toEqual({ a: 5, b: LARGE });
  });

  it('are sent as they are', async () => {
    for (const schema of Object.values(records)) {
      const value = schema === records.bigint ? { a: 5n, b: LARGE } : { a: 5, b: LARGE };
      // oxlint-disable-next-line no-await-in-loop -- a few
      expect(await read(schema, await written(schema, value))).toEqual(value);
    }
  });

  it.each([
    ['z.int()', z.int(), 'x.b: expected a whole number up to 2^53, got a whole number beyond 2^53'],
    ['z.number()', z.number(), 'x.b: expected a number, got a whole number beyond 2^53'],
    ['z.json()', z.json(), 'x.b: expected one of 6 variants, got a whole number beyond 2^53'],
    ['a union', z.union([z.int(), z.string()]), 'x.b: expected one of int, str, got a whole number beyond 2^53'],
  ])('are refused by %s, which would round them', async (_, schema, problem) => {
    const hint = ', which only a bigint schema carries.';
    const record = z.record(z.string(), schema);
    await expect(read(record, map({ a: 5n, b: LARGE }))).rejects.toThrow(`outputs.${problem}${hint}`);
    const packed = problem.replace('int, str', '2 variants');
    const inside = read(z.union([z.object({ m: record })]), message({ m: { a: 5, b: LARGE } }));
    await expect(inside).rejects.toThrow(`outputs.${packed.replace('x.b', 'x.m.b')}${hint}`);
  });

  it('are named by their place however deep they are', async () => {
    await expect(read(z.record(z.string(), z.json()), message({ a: { list: [1, { b: LARGE }] } }))).rejects.toThrow(
      'outputs.x.a.list[1].b: expected one of 6 variants, got a whole number beyond 2^53',
    );
    const sum = { m: { a: 1n << 70n } };
    const Union = z.union([z.object({ m: z.record(z.string(), z.bigint()) }), z.object({ n: z.int() })]);
    await expect(written(z.object({ list: z.array(Union) }), { list: [sum] })).rejects.toThrow(
      'outputs.x.list[0].m.a: expected a whole number of 64 bits, got a bigint beyond 64 bits',
    );
  });
});

describe('numbers and bigints', () => {
  it('are one type, whose value tells', async () => {
    const either = z.union([z.int(), z.bigint()]);
    const type = codecOf(either).interface().outputs?.variables[0]?.value?.type;
    expect(type && toJson(LiteralTypeSchema, type)).toEqual({ simple: 'INTEGER' });
    for (const value of [5, LARGE]) {
      // oxlint-disable-next-line no-await-in-loop -- two
      expect(await read(either, await written(either, value))).toBe(value);
    }
    const listed = z.union([z.literal(1), z.literal(2), z.string()]);
    for (const value of [1, 2, 'x']) {
      // oxlint-disable-next-line no-await-in-loop -- three
      expect(await read(listed, await written(listed, value))).toBe(value);
    }
  });

  it('that Python has written as float are whole where they are, such as the default 5.0 of an int', async () => {
    const Model = z.union([
      z.object({ n: z.int(), b: z.bigint(), one: z.literal(5), or: z.union([z.string(), z.int()]) }),
    ]);
    const floats = encode({ n: 5, b: 5, one: 5, or: 5 }, { forceIntegerToFloat: true });
    const literal = scalarLiteral({ case: 'binary', value: create(BinarySchema, { value: floats, tag: 'msgpack' }) });
    expect(await read(Model, literal)).toEqual({ n: 5, b: 5n, one: 5, or: 5 });
    await expect(read(Model, message({ n: 5.5 }))).rejects.toThrow('outputs.x.n: expected a whole number up to 2^53');
  });

  it('stay floats beside text where the schema says float64', async () => {
    const bytesOf = async (schema: z.ZodType): Promise<unknown> =>
      toJson(LiteralSchema, await written(z.object({ v: z.union([z.string(), schema]) }), { v: 5 }));
    const asMessage = (value: unknown, options: object): unknown =>
      toJson(
        LiteralSchema,
        scalarLiteral({
          case: 'binary',
          value: create(BinarySchema, { value: encode(value, options), tag: 'msgpack' }),
        }),
      );
    expect(await bytesOf(z.float64())).toEqual(asMessage({ v: 5 }, { forceIntegerToFloat: true }));
    expect(await bytesOf(z.number())).toEqual(asMessage({ v: 5n }, { useBigInt64: true }));
  });
});

describe('keys that are no text in Python', () => {
  const Color = z.enum({ RED: 'red', BLUE: 'blue' });

  it('are text here, however large a number is', async () => {
    // {5: "x", 2**60: "y", 1.5: "z"}
    const bytes = Uint8Array.from([
      ...[0x83, 5, 0xa1, 0x78],
      ...[0xcf, 0x10, 0, 0, 0, 0, 0, 0, 0, 0xa1, 0x79],
      ...[0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xa1, 0x7a],
    ]);
    const literal = scalarLiteral({ case: 'binary', value: create(BinarySchema, { value: bytes, tag: 'msgpack' }) });
    const expected = { '5': 'x', '1152921504606846976': 'y', '1.5': 'z' };
    expect(await read(z.record(z.string(), z.string()), literal)).toEqual(expected);
    await expect(read(z.record(z.number(), z.string()), literal)).rejects.toThrow(
      'outputs.x["1152921504606846976"]: the key is a whole number beyond 2^53',
    );
  });

  it('are refused where they are neither text nor numbers', async () => {
    // {True: 1}
    const bytes = Uint8Array.from([0x81, 0xc3, 1]);
    const literal = scalarLiteral({ case: 'binary', value: create(BinarySchema, { value: bytes, tag: 'msgpack' }) });
    await expect(read(z.record(z.string(), z.int()), literal)).rejects.toThrow(
      'outputs.x: has a boolean as a key, where only text and numbers can be one',
    );
  });

  it('travel in one message, as Python reads them', async () => {
    const ofNumbers = z.record(z.number(), z.string());
    const ofColors = z.partialRecord(Color, z.int());
    const untyped = z.record(z.string(), z.bigint()).meta({ 'x-flyte-python': 'dict' });
    for (const [schema, value, packed] of [
      [ofNumbers, { 5: 'x' }, { 5: 'x' }],
      [ofColors, { red: 5 }, { red: 5n }],
      [untyped, { a: 5n }, { a: 5n }],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- a few
      const literal = await written(schema, value);
      const bytes = encode(packed, { useBigInt64: true });
      expect(literal).toEqual(
        scalarLiteral({ case: 'binary', value: create(BinarySchema, { value: bytes, tag: 'msgpack' }) }),
      );
      // oxlint-disable-next-line no-await-in-loop -- a few
      expect(await read(schema, literal)).toEqual(value);
    }
    // As a model of Pydantic has an Enum.
    expect(await read(z.union([z.object({ m: ofColors })]), message({ m: { RED: 5 } }))).toEqual({ m: { red: 5 } });
  });
});
