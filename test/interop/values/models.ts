import * as fc from 'fast-check';
import * as z from 'zod';
import * as b from './both.js';

export const Numbers = z.union([z.number(), z.nan(), z.literal([Infinity, -Infinity])]);
export const Color = z.enum(b.colors);
export const Level = z.enum(b.levels);
export const Address = z.object({ street: z.string(), zip: z.int().nullable().default(null) });
export const User = z.object({
  name: z.string(),
  age: z.int(),
  score: z.number(),
  admin: z.boolean().default(false),
  tags: z.array(z.string()).default([]),
  nick: z.string().nullable().default(null),
  at: z.iso.datetime(),
  day: z.iso.date(),
  took: z.string().meta({ format: 'duration' }),
  color: Color,
  more: z.record(z.string(), Color).default({}),
  maybe: Color.nullable().default(null),
  either: z.union([z.int(), Color]).default(1),
  home: Address.nullable().default(null),
});
export const dictionary = { 'x-flyte-python': 'dict' };
export const dataclass = { 'x-flyte-python': 'dataclass' };
export const Point = z.object({ x: Numbers, n: z.int() }).meta(dataclass);
export const Shape = z
  .object({
    name: z.string(),
    points: z.array(Point),
    color: Color,
    level: Level,
    raw: z.instanceof(Uint8Array),
    at: z.iso.datetime(),
    day: z.iso.date(),
    took: z.string().meta({ format: 'duration' }),
    sizes: z.record(z.string(), z.bigint()),
    colors: z.array(Color),
    label: z.string().nullable(),
    mixed: z.union([z.number(), z.string()]),
    word: z.union([z.string(), z.float64()]),
    codes: z.record(z.number(), z.string()),
    counts: z.partialRecord(Color, z.int()),
    tone: Color.nullable(),
  })
  .meta(dataclass);
export const Loose = z.object({ data: z.record(z.string(), z.json()), numbers: z.record(z.string(), z.int()) });
export const Local = z.object({ at: z.iso.datetime({ local: true }) });
export const Tone = z.object({
  name: Color,
  level: Level,
  names: z.array(Color),
  pipe: Color.nullable(),
  pair: z.tuple([Color, z.int()]),
  counts: z.partialRecord(Color, z.int()),
});
export const Node = z.object({
  value: z.int(),
  get children(): z.ZodArray<typeof Node> {
    return z.array(Node);
  },
});

export const address = b.object('Address', { street: b.str, zip: b.maybe(b.int) });
export const user = b.object('User', {
  ...{ name: b.str, age: b.int, score: b.finite, admin: b.bool, tags: b.list(b.str), nick: b.maybe(b.str) },
  ...{ at: b.datetime, day: b.day, took: b.took, color: b.color, more: b.dict(b.color), maybe: b.maybe(b.color) },
  ...{ either: fc.oneof(b.int, b.color), home: b.maybe(address) },
});
export const point = b.object('Point', { x: b.float, n: b.int });
export const shape = b.object('Shape', {
  ...{ name: b.str, points: b.list(point), color: b.color, level: b.level, raw: b.bytes },
  ...{ at: b.datetime, day: b.day, took: b.took, sizes: b.dict(b.big) },
  ...{
    colors: b.list(b.color),
    label: b.maybe(b.str),
    mixed: fc.oneof(b.finite, b.str),
    word: fc.oneof(b.str, b.finite),
    codes: b.numbered(b.int, b.str),
    counts: b.colored(b.int),
    tone: b.maybe(b.color),
  },
});
export const node = fc.letrec<{ node: b.Both }>((tie) => ({
  node: b.object('Node', {
    value: b.int,
    children: fc.oneof({ maxDepth: 2 }, fc.constant(b.same([])), b.list(tie('node'))),
  }),
})).node;
