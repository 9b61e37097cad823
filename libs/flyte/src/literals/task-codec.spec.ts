import { create, fromBinary, toBinary, toJson } from '@bufbuild/protobuf';
import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { TypedInterfaceSchema } from '../gen/flyteidl2/core/interface_pb.js';
import { InputsSchema, NamedParameterSchema, type Outputs, OutputsSchema } from '../gen/flyteidl2/task/common_pb.js';
import { FlyteDir } from './dir.js';
import { FlyteFile } from './file.js';
import { TaskCodec } from './task-codec.js';

/** Through the bytes that really travel. */
const viaInputs = async <A, B>(schema: StandardSchemaV1<A, B>, value: A): Promise<B> => {
  const codec = new TaskCodec({ inputs: schema });
  const wire = toBinary(InputsSchema, await codec.encodeInputs(value));
  return codec.decodeInputs(fromBinary(InputsSchema, wire));
};
const viaOutputs = async <A, B>(schema: StandardSchemaV1<A, B>, value: A): Promise<B> => {
  const codec = new TaskCodec({ outputs: schema });
  const wire = toBinary(OutputsSchema, await codec.encodeOutputs(value));
  return codec.decodeOutputs(fromBinary(OutputsSchema, wire));
};
const invalid = (message: string | RegExp): unknown => {
  const text: unknown = expect.stringMatching(message);
  return expect.objectContaining({ code: 'invalid_argument', message: text });
};

const plain = ({ buffer, raw, ...rest }: { buffer: Uint8Array; raw: Uint8Array }): object => ({
  ...rest,
  buffer: [...buffer],
  raw: [...raw],
});

describe('the interface', () => {
  it('lists variables by name, sorted, with their descriptions', () => {
    const codec = new TaskCodec({
      inputs: z.object({ text: z.string().describe('what to sign'), count: z.int(), at: z.date() }),
      outputs: z.object({ signature: z.string() }),
    });
    expect(toJson(TypedInterfaceSchema, codec.interface())).toEqual({
      inputs: {
        variables: [
          { key: 'at', value: { type: { simple: 'DATETIME' } } },
          { key: 'count', value: { type: { simple: 'INTEGER' } } },
          { key: 'text', value: { type: { simple: 'STRING' }, description: 'what to sign' } },
        ],
      },
      outputs: { variables: [{ key: 'signature', value: { type: { simple: 'STRING' } } }] },
    });
  });

  it.each([
    ['any other schema', z.array(z.number()), ['o0']],
    ['a tuple', z.tuple([z.string(), z.int()]), ['o0', 'o1']],
    ['a record', z.record(z.string(), z.int()), ['o0']],
    ['a union of objects', z.union([z.object({ a: z.int() }), z.object({ b: z.int() })]), ['o0']],
    ['no schema', undefined, []],
    ['an empty object', z.object({}), []],
  ])('names the outputs of %s', (_, outputs, names) => {
    const { outputs: found } = new TaskCodec<void, void, unknown, unknown>({ outputs }).interface();
    expect(found?.variables.map(({ key }) => key)).toEqual(names);
  });

  it('describes an object so that Python can rebuild a class from it', () => {
    const schema = z.object({ took: z.iso.duration(), nick: z.string().nullable().default(null), id: z.bigint() });
    const type = new TaskCodec({ inputs: z.object({ user: schema }) }).interface().inputs?.variables[0]?.value?.type;
    expect(type?.metadata).toEqual({
      title: 'user',
      type: 'object',
      properties: {
        took: { type: 'number', format: 'time-delta' },
        nick: { default: null, anyOf: [{ type: 'string' }, { type: 'null' }] },
        id: { type: 'integer', format: 'int64' },
      },
      required: ['took', 'id'],
      additionalProperties: false,
    });
    expect(type?.structure?.tag).toBe('Pydantic Transformer');
  });

  it('publishes defaults, and None for what may be left out', () => {
    let calls = 0;
    const codec = new TaskCodec({
      inputs: z.object({
        epochs: z.int().default(3),
        model: z.string().prefault('small'),
        note: z.string().optional(),
        id: z.string().default(() => `run-${(calls += 1)}`),
        since: z.date().default(new Date(0)),
        size: z.string().transform(Number).default(5),
        needed: z.string(),
      }),
    });
    expect(codec.defaultInputs().map((parameter) => toJson(NamedParameterSchema, parameter))).toMatchObject([
      { name: 'epochs', parameter: { default: { scalar: { primitive: { integer: '3' } } } } },
      { name: 'model', parameter: { default: { scalar: { primitive: { stringValue: 'small' } } } } },
      { name: 'note', parameter: { default: { scalar: { union: { value: { scalar: { noneType: {} } } } } } } },
      { name: 'since', parameter: { default: { scalar: { primitive: { datetime: '1970-01-01T00:00:00Z' } } } } },
    ]);
  });
});

describe('sender and receiver', () => {
  it('sends the value as given and parses it once', async () => {
    let parsed = 0;
    const inputs = z.object({
      text: z.string().transform((text) => ((parsed += 1), text.length)),
      epochs: z.int().default(() => 7),
    });
    const codec = new TaskCodec({ inputs });
    const wire = await codec.encodeInputs({ text: 'four' });
    expect(wire.literals.map(({ name }) => name)).toEqual(['text']);
    parsed = 0;
    expect(await codec.decodeInputs(wire)).toEqual({ text: 4, epochs: 7 });
    expect(parsed).toBe(1);
  });

  it('leaves out inputs that are left out, and sends None for such outputs', async () => {
    const schema = z.object({
      a: z.string().optional(),
      b: z.string().nullish(),
      c: z.string().nullable(),
      d: z.string().default('x'),
    });
    const codec = new TaskCodec({ inputs: schema, outputs: schema });
    expect((await codec.encodeInputs({ c: null })).literals.map(({ name }) => name)).toEqual(['c']);
    const outputs = await codec.encodeOutputs({ c: null });
    expect(outputs.literals.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(await codec.decodeOutputs(outputs)).toEqual({ b: null, c: null, d: 'x' });
    expect(
      await codec.decodeInputs(
        create(InputsSchema, {
          literals: codec
            .defaultInputs()
            .map(({ name, parameter }) => ({
              name,
              value: parameter?.behavior.case === 'default' ? parameter.behavior.value : {},
            }))
            .concat({
              name: 'c',
              value: { value: { case: 'scalar', value: { value: { case: 'noneType', value: {} } } } },
            }),
        }),
      ),
    ).toEqual({ b: null, c: null, d: 'x' });
  });

  it('takes None from Python for left out, where the schema knows no null', async () => {
    const given = new TaskCodec({ outputs: z.object({ a: z.string().nullable(), b: z.null() }) });
    const codec = new TaskCodec({ outputs: z.object({ a: z.string().default('x'), b: z.int().optional() }) });
    expect(await codec.decodeOutputs(await given.encodeOutputs({ a: null, b: null }))).toEqual({ a: 'x' });
  });

  it('takes no inputs and no outputs where there are none', async () => {
    const codec = new TaskCodec({});
    expect((await codec.encodeInputs()).literals).toEqual([]);
    expect(await codec.decodeOutputs(create(OutputsSchema))).toBeUndefined();
    // @ts-expect-error a value would be lost
    await expect(codec.encodeOutputs('lost')).rejects.toThrow(
      invalid(/^outputs: the task has none, so a value would be lost/),
    );
  });

  it('refuses an input the task does not have, and ignores such outputs', async () => {
    const schema = z.object({ a: z.int() });
    const [literal] = (await new TaskCodec({ inputs: schema }).encodeInputs({ a: 1 })).literals;
    const literals = [
      { name: 'a', value: literal?.value ?? {} },
      { name: 'b', value: literal?.value ?? {} },
    ];
    const codec = new TaskCodec({ inputs: schema, outputs: schema });
    await expect(codec.decodeInputs(create(InputsSchema, { literals }))).rejects.toThrow(
      invalid(/^inputs: there is no "b" among "a"/),
    );
    expect(await codec.decodeOutputs(create(OutputsSchema, { literals }))).toEqual({ a: 1 });
    const twice = [...literals.slice(0, 1), ...literals.slice(0, 1)];
    await expect(codec.decodeInputs(create(InputsSchema, { literals: twice }))).rejects.toThrow(
      invalid(/"a" comes twice/),
    );
  });

  it('works with any library that gives JSON schema', async () => {
    const schema: StandardSchemaV1<{ n: number; at: string; more?: unknown }> & StandardJSONSchemaV1 = {
      '~standard': {
        version: 1,
        vendor: 'other',
        validate: (value) => ({ value: z.object({ n: z.int(), at: z.string() }).parse(value) }),
        jsonSchema: {
          input: () => ({
            type: 'object',
            properties: { n: { type: 'integer' }, at: { type: 'string', format: 'date-time' } },
            required: ['n', 'at'],
          }),
          output: () => ({}),
        },
      },
    };
    expect(await viaInputs(schema, { n: 1, at: '2026-01-01T02:00:00+02:00' })).toEqual({
      n: 1,
      at: '2026-01-01T00:00:00Z',
    });
    const bare: StandardSchemaV1 = { '~standard': { version: 1, vendor: 'bare', validate: (value) => ({ value }) } };
    expect(TaskCodec.problems({ inputs: bare })[0]).toMatch(/^inputs: A schema of "bare" gives no JSON schema.+zod 4/);
  });
});

describe('outputs that a NamedTuple of Python names', () => {
  const Named = z.object({ count: z.int(), name: z.string() });
  const given = async (): Promise<Outputs> => new TaskCodec({ outputs: Named }).encodeOutputs({ count: 7, name: 'x' });
  const read = async (outputs: z.ZodType, wire?: Outputs): Promise<unknown> =>
    new TaskCodec<void, void, unknown, unknown>({ outputs }).decodeOutputs(wire ?? (await given()));

  it('are read by their names, whatever their order, and by their places', async () => {
    const { literals } = await given();
    expect(await read(Named, create(OutputsSchema, { literals: literals.toReversed() }))).toEqual({
      count: 7,
      name: 'x',
    });
    expect(await read(z.tuple([z.int(), z.string()]))).toEqual([7, 'x']);
    const single = create(OutputsSchema, { literals: literals.slice(0, 1) });
    expect(await read(z.int(), single)).toBe(7);
    expect(await read(Named.pick({ name: true }))).toEqual({ name: 'x' });
  });

  it('are told where they are others than the schema names', async () => {
    await expect(read(z.object({ total: z.int() }))).rejects.toThrow(
      invalid(/^outputs: there is no "total", but there is "count", "name"\.$/),
    );
    await expect(read(z.tuple([z.int(), z.string(), z.string()]))).rejects.toThrow(
      invalid(/^outputs: there is no "o0"/),
    );
    expect(await read(z.object({ total: z.int().optional() }))).toEqual({});
  });

  it('are not taken by place where one has the name', async () => {
    const [first, second] = (await given()).literals;
    const literals = [
      { name: 'o1', value: first?.value ?? {} },
      { name: 'name', value: second?.value ?? {} },
    ];
    await expect(read(z.tuple([z.string(), z.int()]), create(OutputsSchema, { literals }))).rejects.toThrow(
      invalid(/^outputs: there is no "o0", but there is "name"/),
    );
  });
});

describe('marks and classes', () => {
  it('carries dates, bigints, bytes, files and directories by class or by mark, as variables and inside objects', async () => {
    class Csv extends FlyteFile {}
    const fields = {
      date: z.date(),
      big: z.bigint(),
      raw: z.instanceof(Uint8Array),
      buffer: z.custom<Uint8Array>((value) => value instanceof Uint8Array).meta({ 'x-flyte-type': 'bytes' }),
      file: z.instanceof(FlyteFile),
      dir: z.instanceof(FlyteDir),
    };
    const value = {
      date: new Date('2026-01-01T00:00:00.5Z'),
      big: -(2n ** 63n),
      raw: Uint8Array.of(1, 2),
      buffer: Buffer.from('abc'),
      file: new Csv({ uri: 's3://b/x.csv', hash: 'h' }),
      dir: new FlyteDir({ uri: 's3://b/x/', format: 'csv' }),
    };
    const expected = {
      ...value,
      buffer: Uint8Array.from(value.buffer),
      file: new FlyteFile({ uri: 's3://b/x.csv', hash: 'h' }),
    };
    expect(plain(await viaInputs(z.object(fields), value))).toEqual(plain(expected));
    const { nested } = await viaInputs(z.object({ nested: z.object(fields) }), { nested: value });
    expect(plain(nested)).toEqual(plain(expected));
    expect([expected.file.name, expected.dir.name]).toEqual(['x.csv', 'x']);
  });

  it('chooses the variant of a union by the value, and tells Python its name', async () => {
    const shape = z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('circle'), r: z.number() }),
      z.object({ kind: z.literal('box'), w: z.number(), h: z.number() }).meta({ 'x-flyte-python': 'dataclass' }),
    ]);
    const outputs = await new TaskCodec({ outputs: shape }).encodeOutputs({ kind: 'box', w: 1, h: 2 });
    expect(toJson(OutputsSchema, outputs)).toMatchObject({
      literals: [
        { name: 'o0', value: { scalar: { union: { type: { structure: { tag: 'Object-Dataclass-Transformer' } } } } } },
      ],
    });
    expect(await viaOutputs(shape, { kind: 'box', w: 1, h: 2 })).toEqual({ kind: 'box', w: 1, h: 2 });
    const mixed = z.union([
      z.int(),
      z.iso.datetime(),
      z.string(),
      z.null(),
      z.array(z.string()),
      z.record(z.string(), z.int()),
    ]);
    for (const value of [1, '2026-01-01T00:00:00Z', 'x', null, ['a'], { a: 1 }])
      expect(await viaOutputs(mixed, value)).toEqual(value);
    const either = z.union([z.instanceof(FlyteFile), z.instanceof(FlyteDir)]);
    for (const value of [new FlyteFile({ uri: 's3://b/x' }), new FlyteDir({ uri: 's3://b/x' })])
      expect((await viaOutputs(either, value)).constructor).toBe(value.constructor);
  });

  it('keeps the digits that a date-time schema asks for', async () => {
    for (const precision of [0, 3, 6]) {
      const text = `2026-01-01T00:00:00${precision === 0 ? '' : `.${'0'.repeat(precision)}`}Z`;
      expect(await viaOutputs(z.iso.datetime({ precision }), text)).toBe(text);
    }
    const minute = z.iso.datetime({ precision: -1 });
    expect(await viaOutputs(minute, '2026-01-01T07:30Z')).toBe('2026-01-01T07:30Z');
    expect(
      await viaOutputs(
        z.codec(z.iso.datetime(), z.date(), { decode: (text) => new Date(text), encode: (date) => date.toISOString() }),
        '2026-01-01T00:00:00Z',
      ),
    ).toEqual(new Date('2026-01-01'));
  });

  it('keeps text without a zone, where the schema takes that', async () => {
    const local = z.iso.datetime({ local: true });
    const nested = z.object({ at: z.object({ local }) });
    const zoned = '2026-11-23T18:30:01.5Z';
    for (const text of ['2026-11-23T18:30:01', '2026-11-23T18:30', '2026-11-23T18:30:01.123456']) {
      const whole = text.length === 16 ? `${text}:00` : text;
      expect(await viaOutputs(local, text)).toBe(whole);
      expect(await viaOutputs(z.string().datetime({ local: true, offset: true }), text)).toBe(whole);
      expect(await viaOutputs(nested, { at: { local: text } })).toEqual({ at: { local: whole } });
    }
    const outputs = await new TaskCodec({ outputs: local }).encodeOutputs('2026-11-23T18:30:01');
    expect(toJson(OutputsSchema, outputs)).toEqual({
      literals: [{ name: 'o0', value: { scalar: { primitive: { datetime: '2026-11-23T18:30:01Z' } } } }],
    });
    // A variable tells no zone; inside an object text does.
    expect(await viaOutputs(local, zoned)).toBe('2026-11-23T18:30:01.500');
    expect(await viaOutputs(nested, { at: { local: zoned } })).toEqual({ at: { local: '2026-11-23T18:30:01.500Z' } });
    expect(await viaOutputs(z.iso.datetime({ local: true, precision: 3 }), '2026-11-23T18:30:01.000')).toBe(
      '2026-11-23T18:30:01.000',
    );
  });

  it('reads text without a zone that Python declares as str', async () => {
    const read = async (schema: z.ZodType<string>, given: string): Promise<string> => {
      const wire = await new TaskCodec({ outputs: z.string() }).encodeOutputs(given);
      return new TaskCodec<void, void, unknown, string>({ outputs: schema }).decodeOutputs(wire);
    };
    const local = z.iso.datetime({ local: true });
    expect(await read(local, '2026-11-23T18:30:01')).toBe('2026-11-23T18:30:01');
    await expect(read(local, 'soon')).rejects.toThrow(invalid(/^outputs\.o0: expected a point in time/));
    await expect(read(z.iso.datetime(), '2026-11-23T18:30:01Z')).rejects.toThrow(invalid(/case stringValue/));
  });
});
