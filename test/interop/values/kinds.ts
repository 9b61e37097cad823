import * as fc from 'fast-check';
import { FlyteDir, FlyteFile } from 'nestjs-flyte';
import * as z from 'zod';
import * as b from './both.js';
import * as m from './models.js';

/** One type, as each side declares it, and values of it. */
export interface Kind {
  /** The name in TYPES of values.py. */
  readonly python: string;
  /** What the schema is, where there are several for one type. */
  readonly as?: string;
  readonly schema: z.ZodType;
  readonly values: fc.Arbitrary<b.Both>;
}

/** Every type that both sides have. */
export const kinds: readonly Kind[] = [
  { python: 'int', schema: z.int(), values: b.int },
  { python: 'int', as: 'bigint', schema: z.bigint(), values: b.big },
  { python: 'float', schema: m.Numbers, values: b.float },
  { python: 'bool', schema: z.boolean(), values: b.bool },
  { python: 'str', schema: z.string(), values: b.str },
  { python: 'none', schema: z.null(), values: b.none },
  { python: 'datetime', schema: z.iso.datetime(), values: b.datetime },
  { python: 'datetime', as: 'text with an offset', schema: z.iso.datetime({ offset: true }), values: b.offset },
  { python: 'datetime', as: 'Date', schema: z.date(), values: b.date },
  { python: 'datetime', as: 'text without a zone', schema: z.iso.datetime({ local: true }), values: b.localVariable },
  { python: 'date', schema: z.iso.date(), values: b.day },
  { python: 'timedelta', schema: z.string().meta({ format: 'duration' }), values: b.took },
  { python: 'bytes', schema: z.instanceof(Uint8Array), values: b.bytes },
  { python: 'File', schema: z.instanceof(FlyteFile), values: b.reference(FlyteFile, 'File') },
  { python: 'Dir', schema: z.instanceof(FlyteDir), values: b.reference(FlyteDir, 'Dir') },
  { python: 'Color', schema: m.Color, values: b.color },
  { python: 'Level', schema: m.Level, values: b.level },
  { python: 'Literal', schema: z.enum(['low', 'high']), values: fc.constantFrom('low', 'high').map(b.same) },
  { python: 'list[int]', schema: z.array(z.int()), values: b.list(b.int) },
  { python: 'list[list[str]]', schema: z.array(z.array(z.string())), values: b.list(b.list(b.str)) },
  { python: 'list[Color]', schema: z.array(m.Color), values: b.list(b.color) },
  { python: 'list[Point]', schema: z.array(m.Point), values: b.list(m.point) },
  { python: 'list[datetime]', schema: z.array(z.iso.datetime()), values: b.list(b.datetime) },
  { python: 'dict', schema: z.record(z.string(), z.json()), values: b.dict(b.json) },
  { python: 'dict[str,int]', schema: z.record(z.string(), z.int()), values: b.dict(b.int) },
  { python: 'dict[str,int]', as: 'bigints', schema: z.record(z.string(), z.bigint()), values: b.dict(b.big) },
  { python: 'dict[str,float]', schema: z.record(z.string(), m.Numbers), values: b.dict(b.float) },
  { python: 'dict[str,list[int]]', schema: z.record(z.string(), z.array(z.bigint())), values: b.dict(b.list(b.big)) },
  {
    python: 'dict[str,dict[str,int]]',
    schema: z.record(z.string(), z.record(z.string(), z.bigint())),
    values: b.dict(b.dict(b.big)),
  },
  { python: 'dict[int,str]', schema: z.record(z.number(), z.string()), values: b.numbered(b.int, b.str) },
  {
    python: 'dict[int,str]',
    as: 'text and a mark',
    schema: z.record(z.string(), z.string()).meta(m.dictionary),
    values: b.numbered(b.big, b.str),
  },
  { python: 'dict[Color,int]', schema: z.partialRecord(m.Color, z.int()), values: b.colored(b.int) },
  { python: 'dict', as: 'bigints', schema: z.record(z.string(), z.bigint()).meta(m.dictionary), values: b.dict(b.big) },
  {
    python: 'dict[str,int]',
    as: 'numbers and bigints',
    schema: z.record(z.string(), z.union([z.int(), z.bigint()])),
    values: b.dict(
      fc.oneof(
        b.int,
        b.big.filter(({ ours }) => typeof ours === 'bigint' && !Number.isSafeInteger(Number(ours))),
      ),
    ),
  },
  { python: 'dict[str,int]', as: 'any JSON', schema: z.record(z.string(), z.unknown()), values: b.dict(b.int) },
  { python: 'dict[str,Color]', schema: z.record(z.string(), m.Color), values: b.dict(b.color) },
  { python: 'dict[str,User]', schema: z.record(z.string(), m.User), values: b.dict(m.user) },
  { python: 'int?', schema: z.bigint().nullable(), values: b.maybe(b.big) },
  { python: 'str?', schema: z.string().nullable(), values: b.maybe(b.str) },
  { python: 'datetime?', schema: z.iso.datetime().nullable(), values: b.maybe(b.datetime) },
  { python: 'list[int]?', schema: z.array(z.int()).nullable(), values: b.maybe(b.list(b.int)) },
  { python: 'Color?', schema: m.Color.nullable(), values: b.maybe(b.color) },
  { python: 'Point?', schema: m.Point.nullable(), values: b.maybe(m.point) },
  { python: 'User?', schema: m.User.nullable(), values: b.maybe(m.user) },
  {
    python: 'int|str|bool',
    schema: z.union([z.int(), z.string(), z.boolean()]),
    values: fc.oneof(b.int, b.str, b.bool),
  },
  { python: 'float|str', schema: z.union([z.number(), z.string()]), values: fc.oneof(b.finite, b.str) },
  {
    python: 'list[int]|dict[str,int]',
    schema: z.union([z.array(z.bigint()), z.record(z.string(), z.bigint())]),
    values: fc.oneof(b.list(b.big), b.dict(b.big)),
  },
  { python: 'Point|Address', schema: z.union([m.Point, m.Address]), values: fc.oneof(m.point, m.address) },
  { python: 'User', schema: z.union([m.User]), values: m.user },
  { python: 'Shape', schema: z.union([m.Shape]), values: m.shape },
  {
    python: 'Loose',
    schema: z.union([m.Loose]),
    values: b.object('Loose', { data: b.dict(b.json), numbers: b.dict(b.int) }),
  },
  {
    python: 'Bag',
    schema: z.union([m.Loose.extend({ numbers: z.record(z.string(), z.bigint()) }).meta(m.dataclass)]),
    values: b.object('Bag', { data: b.dict(b.json), numbers: b.dict(b.big) }),
  },
  { python: 'Local', schema: z.union([m.Local]), values: b.object('Local', { at: b.localField }) },
  {
    python: 'LocalData',
    schema: z.union([m.Local.meta(m.dataclass)]),
    values: b.object('LocalData', { at: b.localField }),
  },
  {
    python: 'Tone',
    schema: z.union([m.Tone]),
    values: b.object('Tone', {
      name: b.color,
      level: b.level,
      names: b.list(b.color),
      pipe: b.maybe(b.color),
      pair: b.tuple(b.color, b.int),
      counts: b.colored(b.int),
    }),
  },
  { python: 'Node', schema: z.union([m.Node]), values: m.node },
  { python: 'tuple[int,str]', schema: z.union([z.tuple([z.bigint(), z.string()])]), values: b.tuple(b.big, b.str) },
  {
    python: 'Pair',
    schema: z.union([z.object({ count: z.int(), name: z.string() })]),
    values: b.object('Pair', { count: b.int, name: b.str }),
  },
  {
    python: 'Options',
    schema: z.union([z.object({ count: z.int(), name: z.string() })]),
    values: b.typedDict({ count: b.int, name: b.str }),
  },
  { python: 'Address', schema: z.union([m.Address]), values: m.address },
  { python: 'Point', schema: z.union([m.Point]), values: m.point },
  {
    python: 'Holder',
    schema: z.union([z.object({ file: z.instanceof(FlyteFile), dir: z.instanceof(FlyteDir).nullable() })]),
    values: b.object('Holder', { file: b.reference(FlyteFile, 'File'), dir: b.maybe(b.reference(FlyteDir, 'Dir')) }),
  },
  {
    python: 'HolderData',
    schema: z.union([z.object({ files: z.array(z.instanceof(FlyteFile)) }).meta(m.dataclass)]),
    values: b.object('HolderData', { files: b.list(b.reference(FlyteFile, 'File')) }),
  },
];
