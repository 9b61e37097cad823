import { create, toJson } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { BinarySchema, type Literal, PrimitiveSchema } from '../gen/flyteidl2/core/literals_pb.js';
import { LiteralTypeSchema } from '../gen/flyteidl2/core/types_pb.js';
import { NamedParameterSchema, type Outputs, OutputsSchema } from '../gen/flyteidl2/task/common_pb.js';
import { At } from './at.js';
import { packMessage } from './msgpack.js';
import { scalarLiteral } from './shape.js';
import { TaskCodec } from './task-codec.js';

const Color = z.enum({ RED: 'red', BLUE: 'dark blue' });
const Level = z.enum({ LOW: 1, HIGH: 10 });

const codecOf = <T>(schema: z.ZodType<T>): TaskCodec<void, void, unknown, T> => new TaskCodec({ outputs: schema });
const typeOf = (schema: z.ZodType): unknown => {
  const type = codecOf(schema).interface().outputs?.variables[0]?.value?.type;
  return type && toJson(LiteralTypeSchema, type);
};
const outputs = (value: Literal): Outputs => create(OutputsSchema, { literals: [{ name: 'o0', value }] });
const read = async <T>(schema: z.ZodType<T>, value: Literal): Promise<T> =>
  codecOf(schema).decodeOutputs(outputs(value));
const text = (value: string): Literal =>
  scalarLiteral({ case: 'primitive', value: create(PrimitiveSchema, { value: { case: 'stringValue', value } }) });
const whole = (value: bigint): Literal =>
  scalarLiteral({ case: 'primitive', value: create(PrimitiveSchema, { value: { case: 'integer', value } }) });
const packed = (value: unknown): Literal =>
  scalarLiteral({
    case: 'binary',
    value: create(BinarySchema, { value: packMessage(value, new At('x')), tag: 'msgpack' }),
  });
const written = async (schema: z.ZodType, value: unknown): Promise<unknown> =>
  toJson(OutputsSchema, await codecOf(schema).encodeOutputs(value));

describe('an enum with names and values', () => {
  it('travels by name as a variable, as Python has an Enum', async () => {
    expect(typeOf(Color)).toEqual({ enumType: { values: ['RED', 'BLUE'] } });
    expect(typeOf(Level)).toEqual({ enumType: { values: ['LOW', 'HIGH'] } });
    expect(await written(Color, 'dark blue')).toEqual({
      literals: [{ name: 'o0', value: { scalar: { primitive: { stringValue: 'BLUE' } } } }],
    });
    expect(await written(Level, 10)).toEqual({
      literals: [{ name: 'o0', value: { scalar: { primitive: { stringValue: 'HIGH' } } } }],
    });
    expect(await read(Color, text('BLUE'))).toBe('dark blue');
    expect(await read(Level, text('HIGH'))).toBe(10);
  });

  it('is read from its value, too', async () => {
    expect(await read(Color, text('dark blue'))).toBe('dark blue');
    expect(await read(Level, whole(10n))).toBe(10);
    await expect(read(Color, text('GREEN'))).rejects.toThrow('outputs.o0: expected one of "red", "dark blue", got');
    await expect(read(Color, text('constructor'))).rejects.toThrow('outputs.o0: expected one of');
  });

  it('is read from names and values inside an object, and written as values', async () => {
    const Model = z.union([z.object({ color: Color, level: Level, list: z.array(Color), maybe: Color.nullable() })]);
    const value = { color: 'red', level: 10, list: ['dark blue', 'red'], maybe: 'red' };
    // As a dataclass has them, and as a model does.
    expect(await read(Model, packed({ color: 'red', level: 10n, list: ['dark blue', 'red'], maybe: 'red' }))).toEqual(
      value,
    );
    expect(await read(Model, packed({ color: 'RED', level: 'HIGH', list: ['BLUE', 'RED'], maybe: 'RED' }))).toEqual(
      value,
    );
    const literal = packed({ color: 'red', level: 10n, list: ['dark blue', 'red'], maybe: 'red' });
    expect(await written(Model, value)).toEqual(toJson(OutputsSchema, outputs(literal)));
    await expect(read(Model, packed({ color: 7n }))).rejects.toThrow(
      'outputs.o0.color: expected one of "red", "dark blue"',
    );
  });

  it('is read from its values alone beside other kinds, where a name may be something else', async () => {
    const Beside = z.union([z.object({ v: z.union([Color.nullable(), z.string()]) })]);
    expect(await read(Beside, packed({ v: 'RED' }))).toEqual({ v: 'RED' });
    const codec = codecOf(Beside);
    expect(await codec.decodeOutputs(await codec.encodeOutputs({ v: 'RED' }))).toEqual({ v: 'RED' });
    const Number = z.union([z.object({ v: z.union([z.int(), Color]), list: z.array(Color) })]);
    expect(await read(Number, packed({ v: 'red', list: ['RED'] }))).toEqual({ v: 'red', list: ['red'] });
    await expect(read(Number, packed({ v: 'RED', list: [] }))).rejects.toThrow(
      'outputs.o0.v: expected one of 2 variants',
    );
    const Shared = Color.meta({ id: 'Color' });
    const Both = z.union([z.object({ v: z.union([Shared, z.string()]), one: Shared })]);
    expect(await read(Both, packed({ v: 'RED', one: 'RED' }))).toEqual({ v: 'RED', one: 'red' });
  });

  it('is one variant of a union, and texts are another', () => {
    expect(typeOf(z.union([Color, z.literal('a'), z.enum(['b', 'c']), Color]))).toEqual({
      unionType: {
        variants: [
          { enumType: { values: ['RED', 'BLUE'] }, structure: { tag: 'DefaultEnumTransformer' } },
          { enumType: { values: ['a', 'b', 'c'] }, structure: { tag: 'DefaultEnumTransformer' } },
        ],
      },
    });
  });

  it('may be one of TypeScript, and have its own default', async () => {
    enum Mode {
      Fast = 'fast',
      Number = 3,
    }
    expect(typeOf(z.enum(Mode))).toEqual({ enumType: { values: ['Fast', 'Number'] } });
    expect(await read(z.enum(Mode), text('Number'))).toBe(Mode.Number);
    const codec = new TaskCodec({ inputs: z.object({ color: Color.default('dark blue') }) });
    expect(codec.defaultInputs().map((parameter) => toJson(NamedParameterSchema, parameter))).toMatchObject([
      { parameter: { default: { scalar: { primitive: { stringValue: 'BLUE' } } } } },
    ]);
  });

  it('is refused inside an object where a value is the name of another member', () => {
    const Swapped = z.enum({ A: 'B', B: 'A' });
    expect(TaskCodec.problems({ inputs: z.object({ x: Swapped }) })).toEqual([]);
    expect(TaskCodec.problems({ inputs: z.object({ x: z.object({ y: Swapped }) }) })).toEqual([
      'inputs.x.y has a member whose value is "A", another one\'s name: rename one.',
    ]);
  });
});

describe('an enum of texts', () => {
  it('travels as they are', async () => {
    for (const schema of [z.enum(['low', 'high']), z.enum({ low: 'low', high: 'high' })]) {
      expect(typeOf(schema)).toEqual({ enumType: { values: ['low', 'high'] } });
      expect(await read(schema, text('high'))).toBe('high');
      await expect(read(schema, text('LOW'))).rejects.toThrow('expected one of "low", "high"');
    }
  });
});
