import { readFileSync } from 'node:fs';
import { create, fromBinary, toBinary, toJson } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { LiteralSchema } from '../gen/flyteidl2/core/literals_pb.js';
import { LiteralTypeSchema } from '../gen/flyteidl2/core/types_pb.js';
import { OutputsSchema } from '../gen/flyteidl2/task/common_pb.js';
import { FlyteDir } from './dir.js';
import { FlyteFile } from './file.js';
import { TaskCodec } from './task-codec.js';

const Vectors = z.object({ rows: z.array(z.object({ row: z.string(), type: z.base64(), literal: z.base64() })) });
const file = new URL('../../test-data/python-literals.json', import.meta.url);
const vectors = new Map(Vectors.parse(JSON.parse(readFileSync(file, 'utf8'))).rows.map((row) => [row.row, row]));

const bytes = z.instanceof(Uint8Array);
const at = '2026-11-23T18:30:01.123456Z';
const user = z.object({
  name: z.string(),
  age: z.int(),
  score: z.number(),
  tags: z.array(z.string()).default([]),
  nick: z.string().nullable().default(null),
  at: z.iso.datetime(),
  took: z.iso.duration(),
});
const ada = { name: 'Ada', age: 36, score: 1, tags: ['x'], nick: null, at, took: 'PT1H30.5S' };

const Color = z.enum({ RED: 'red', BLUE: 'blue' });
const Level = z.enum({ LOW: 1, HIGH: 10 });
const enums = z.object({
  color: Color,
  level: Level,
  colors: z.array(Color),
  maybe: Color.nullable(),
  either: z.union([z.int(), Color]),
  counts: z.partialRecord(Color, z.int()),
  at: z.iso.datetime({ local: true }),
});
const naive = '2026-11-23T18:30:01.500';
const members = {
  color: 'red',
  level: 10,
  colors: ['blue'],
  maybe: 'red',
  either: 'blue',
  counts: { red: 5 },
  at: naive,
};
const dict = { 'x-flyte-python': 'dict' };
const proto = (value: unknown): object => Object.fromEntries([['__proto__', value]]);

/** Each row: the schema that says the same as the Python type, the value, and whether our bytes equal Python's. */
const rows: [row: string, schema: z.ZodType, value: unknown, same: 'type and literal' | 'type' | 'neither'][] = [
  ['string', z.string(), 'héllo 🔑', 'type and literal'],
  ['integer', z.int(), 42, 'type and literal'],
  ['integer-large', z.bigint(), 2n ** 60n, 'type and literal'],
  ['float', z.number(), 1, 'type and literal'],
  ['float-nan', z.nan(), NaN, 'type and literal'],
  ['float-negative-zero', z.number(), -0, 'type and literal'],
  ['boolean', z.boolean(), true, 'type and literal'],
  ['datetime', z.iso.datetime(), at, 'type and literal'],
  ['date', z.iso.date(), '2026-11-23', 'type and literal'],
  ['duration', z.iso.duration(), 'PT1H30.5S', 'type and literal'],
  ['duration-negative', z.string().meta({ format: 'duration' }), '-PT1H30.5S', 'type and literal'],
  ['none', z.null(), null, 'type and literal'],
  ['list', z.array(z.int()), [1, 2, 3], 'type and literal'],
  ['list-list', z.array(z.array(z.string())), [['a'], []], 'type and literal'],
  ['map', z.record(z.string(), z.number()), { a: 1.5 }, 'type and literal'],
  ['dict', z.record(z.string(), z.json()), { a: 1, b: [1.5, null, 'x'] }, 'type'],
  ['enum', z.enum(['RED', 'BLUE']), 'BLUE', 'type and literal'],
  ['literal', z.enum(['low', 'high']), 'low', 'type and literal'],
  ['optional-set', z.string().nullable(), 'x', 'type and literal'],
  ['optional-none', z.string().nullable(), null, 'type and literal'],
  ['union', z.union([z.int(), z.string(), z.boolean()]), true, 'type and literal'],
  ['union-list', z.union([z.array(z.int()), z.record(z.string(), z.int())]), { a: 1 }, 'type and literal'],
  ['pydantic', z.union([user]), ada, 'neither'],
  ['optional-pydantic', user.nullable(), { ...ada, tags: [] }, 'neither'],
  [
    'dataclass',
    z.union([
      z.object({
        x: z.number(),
        n: z.int(),
        at: z.iso.datetime(),
        took: z.iso.duration(),
        raw: bytes,
        label: z.string().optional(),
      }),
    ]),
    { x: 2, n: 7, at, took: 'PT1H30.5S', raw: Uint8Array.of(0, 255) },
    'neither',
  ],
  [
    'file',
    z.instanceof(FlyteFile),
    new FlyteFile({ uri: 's3://bucket/data.csv', format: 'csv', hash: 'abc' }),
    'type and literal',
  ],
  [
    'dir',
    z.instanceof(FlyteDir),
    new FlyteDir({ uri: 's3://bucket/data', format: 'csv', hash: 'abc' }),
    'type and literal',
  ],
  ['bytes', bytes, Uint8Array.of(0, 255, 128, ...Buffer.from('hello')), 'neither'],
  ['tuple', z.union([z.tuple([z.int(), z.string()])]), [1, 'a'], 'neither'],
  ['datetime-naive', z.iso.datetime({ local: true }), naive, 'type and literal'],
  ['int-enum', Level, 10, 'type and literal'],
  ['pydantic-enums', z.union([enums]), members, 'neither'],
  ['dataclass-enums', z.union([enums]), members, 'neither'],
  ['dict-large', z.record(z.string(), z.union([z.int(), z.bigint()])).meta(dict), { a: 5, b: 2n ** 60n + 1n }, 'type'],
  ['dict-int-keys', z.record(z.string(), z.string()).meta(dict), { '5': 'x', '1152921504606846977': 'y' }, 'type'],
  ['dict-enum-keys', z.partialRecord(Color, z.int()), { red: 1 }, 'type'],
  ['map-proto', z.record(z.string(), z.bigint()), { ...proto(1n), a: 2n ** 60n }, 'type and literal'],
  ['dict-proto', z.record(z.string(), z.json()), proto(proto(1)), 'type'],
];

describe('what the official Python SDK writes', () => {
  it.each(rows)('%s', async (row, schema, value, same) => {
    const codec = new TaskCodec({ outputs: schema });
    const { type, literal } = vectors.get(row) ?? { type: '', literal: '' };
    const theirs = fromBinary(LiteralSchema, Buffer.from(literal, 'base64'));
    const read = await codec.decodeOutputs(create(OutputsSchema, { literals: [{ name: 'o0', value: theirs }] }));
    expect(read).toEqual(value);

    const ours = (await codec.encodeOutputs(value)).literals[0]?.value;
    expect(ours?.value.case).toBe(theirs.value.case);
    const equalLiteral =
      ours !== undefined && Buffer.from(toBinary(LiteralSchema, ours)).toString('base64') === literal;
    const ourType = codec.interface().outputs?.variables[0]?.value?.type ?? create(LiteralTypeSchema);
    const theirType = fromBinary(LiteralTypeSchema, Buffer.from(type, 'base64'));
    const equalType =
      JSON.stringify(toJson(LiteralTypeSchema, ourType)) === JSON.stringify(toJson(LiteralTypeSchema, theirType));
    expect([equalType, equalLiteral]).toEqual([same !== 'neither', same === 'type and literal']);

    const again = await codec.decodeOutputs(await codec.encodeOutputs(value));
    expect(again).toEqual(value);
  });

  it('covers every vector', () => {
    expect(rows.map(([row]) => row)).toEqual([...vectors.keys()]);
  });
});
