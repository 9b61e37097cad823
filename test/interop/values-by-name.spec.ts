import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { LiteralSchema } from 'nestjs-flyte/idl/core/literals';
import { LiteralTypeSchema } from 'nestjs-flyte/idl/core/types';
import { InputsSchema, NamedParameterSchema, OutputsSchema } from 'nestjs-flyte/idl/task/common';
import { TaskCodec } from 'nestjs-flyte/testing';
import { afterAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { PythonSession } from './support/python-session.js';
import { sorted } from './values/sorted.js';

const python = new PythonSession('values', { cwd: import.meta.dirname, env: process.env });
afterAll(() => python[Symbol.asyncDispose]());

const Color = z.enum({ RED: 'red', DARK_BLUE: 'dark blue' });
const Address = z.object({ street: z.string(), zip: z.int().nullable().default(null) });
const int = (value: number): object => ({ int: String(value) });
const address = { Address: [['street', 'x'] as const, ['zip', int(5)] as const] };

describe('what a Python function returns', () => {
  const returned = async (task: string, value: object, outputs: z.ZodType): Promise<unknown> => {
    const sent = String(await python.call('outputs', { task, value }));
    const codec = new TaskCodec<void, void, unknown, unknown>({ outputs });
    return codec.decodeOutputs(fromBinary(OutputsSchema, Buffer.from(sent, 'base64')));
  };
  const pair = { Pair: [['count', int(7)] as const, ['name', 'x'] as const] };
  const rich = {
    Rich: [
      ['color', { enum: ['Color', 'DARK_BLUE'] }],
      ['home', address],
      ['sizes', [int(1)]],
    ],
  };

  it('is read by the names of a NamedTuple', async () => {
    const Pair = z.object({ name: z.string(), count: z.int() });
    expect(await returned('named', pair, Pair)).toEqual({ count: 7, name: 'x' });
    const Rich = z.object({ sizes: z.array(z.int()), color: Color, home: Address.nullable() });
    expect(await returned('rich', rich, Rich)).toEqual({
      sizes: [1],
      color: 'dark blue',
      home: { street: 'x', zip: 5 },
    });
  });

  it('is read by its places, too', async () => {
    expect(await returned('named', pair, z.tuple([z.int(), z.string()]))).toEqual([7, 'x']);
    expect(await returned('lone', { tuple: [address] }, z.union([Address]))).toEqual({ street: 'x', zip: 5 });
    expect(await returned('plain', { tuple: [int(7), 'x'] }, z.tuple([z.int(), z.string()]))).toEqual([7, 'x']);
    expect(await returned('plain', { tuple: [int(7), 'x'] }, z.object({ o1: z.string(), o0: z.int() }))).toEqual({
      o0: 7,
      o1: 'x',
    });
  });

  it('is told where the schema names it otherwise', async () => {
    await expect(returned('named', pair, z.object({ total: z.int() }))).rejects.toThrow(
      'outputs: there is no "total", but there is "count", "name"',
    );
    await expect(returned('plain', { tuple: [int(7), 'x'] }, z.object({ count: z.int() }))).rejects.toThrow(
      'outputs: there is no "count", but there is "o0", "o1"',
    );
  });
});

describe('what a Python function is given', () => {
  const received = async <T>(task: string, inputs: z.ZodType<unknown, T>, value: T): Promise<unknown> => {
    const codec = new TaskCodec<T, unknown>({ inputs });
    const sent = toBinary(InputsSchema, await codec.encodeInputs(value));
    return sorted(await python.call('inputs', { task, inputs: Buffer.from(sent).toString('base64') }));
  };

  it('arrives by name', async () => {
    const Inputs = z.object({ c: z.int().nullable(), b: z.number(), a: z.int() });
    const seen = [
      ['a', int(5)],
      ['b', { float: '4014000000000000' }],
      ['c', null],
    ];
    expect(await received('named', Inputs, { a: 5, b: 5, c: null })).toEqual(sorted({ dict: seen }));
    const other = [
      ['a', { enum: ['Color', 'RED'] }],
      ['b', { Address: [['street', 'y'] as const, ['zip', null] as const] }],
    ];
    expect(await received('rich', z.object({ a: Color, b: Address }), { a: 'red', b: { street: 'y' } })).toEqual(
      sorted({ dict: other }),
    );
  });

  it('is its default where it is left out, which is the one that our schema gives', async () => {
    const Inputs = z.object({
      a: Color.default('red'),
      b: Address.default({ street: 'x', zip: 5 }),
    });
    const codec = new TaskCodec<unknown, unknown>({ inputs: Inputs });
    const deployed = z.array(z.string()).parse(await python.call('defaults', { task: 'rich' }));
    const literals = deployed.map((text) => {
      const { name, parameter } = fromBinary(NamedParameterSchema, Buffer.from(text, 'base64'));
      return { name, value: parameter?.behavior.case === 'default' ? parameter.behavior.value : create(LiteralSchema) };
    });
    expect(await codec.decodeInputs(create(InputsSchema, { literals }))).toEqual(Inputs.parse({}));
  });
});

describe('what a caller from Python sends who knows the interface alone', () => {
  const rows: [what: string, schema: z.ZodType, value: unknown][] = [
    ['a whole number', z.int().default(5), 5],
    ['a bigint', z.bigint().default(5n), 5n],
    ['a number', z.number().default(0.5), 0.5],
    ['one of some numbers', z.literal([5, 6]).default(5), 5],
    ['a whole number or null', z.int().nullable().default(5), 5],
    ['text or a whole number', z.union([z.string(), z.int()]).default(5), 5],
    ['whole numbers', z.array(z.int()).default([5]), [5]],
    ['whole numbers by name', z.record(z.string(), z.int()).default({ a: 5 }), { a: 5 }],
    ['an enum', Color.default('red'), 'red'],
    ['an enum of numbers', z.enum({ LOW: 1, HIGH: 10 }).default(10), 10],
    ['an object', z.object({ n: z.int().default(5) }).default({ n: 5 }), { n: 5 }],
    ['a duration', z.iso.duration().default('PT1S'), 'PT1S'],
    ['a time without a zone', z.iso.datetime({ local: true }).default('2026-11-23T18:30:01'), '2026-11-23T18:30:01'],
  ];

  it.each(rows)('has our defaults, whose numbers are floats there: %s', async (_, schema, value) => {
    for (const mark of ['pydantic', 'dataclass']) {
      const outputs = z.union([z.object({ field: schema }).meta({ 'x-flyte-python': mark })]);
      const codec = new TaskCodec<void, void, unknown, unknown>({ outputs });
      const type = codec.interface().outputs?.variables[0]?.value?.type ?? create(LiteralTypeSchema);
      const given = { type: Buffer.from(toBinary(LiteralTypeSchema, type)).toString('base64'), value: { dict: [] } };
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const literal = fromBinary(LiteralSchema, Buffer.from(String(await python.call('guess', given)), 'base64'));
      const sent = create(OutputsSchema, { literals: [{ name: 'o0', value: literal }] });
      // oxlint-disable-next-line no-await-in-loop -- as above
      expect(await codec.decodeOutputs(sent)).toEqual({ field: value });
    }
  });
});
