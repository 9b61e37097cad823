import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { OutputsSchema } from '../gen/flyteidl2/task/common_pb.js';
import { TaskCodec } from './task-codec.js';

const invalid = (message: string | RegExp): unknown => {
  const text: unknown = expect.stringMatching(message);
  return expect.objectContaining({ code: 'invalid_argument', message: text });
};

const scalar = (value: object): object => ({ value: { case: 'scalar', value: { value } } });
const binary = (bytes: Uint8Array, tag: string): object => scalar({ case: 'binary', value: { value: bytes, tag } });
const primitive = (value: object): object => scalar({ case: 'primitive', value: { value } });

const unsupported = {
  inputs: z.object({
    a: z.map(z.string(), z.int()),
    b: z.object({ c: z.array(z.set(z.string())) }),
    d: z.custom<URL>(),
    e: z.unknown(),
    f: z.file(),
    g: z.array(z.any()),
    h: z.string().or(z.undefined()),
  }),
  outputs: z.looseObject({ a: z.string() }),
};

describe('a bad value', () => {
  const inputs = z.object({
    user: z.object({ name: z.string(), tags: z.array(z.string()) }),
    count: z.int().optional(),
    when: z.coerce.date().optional(),
  });

  it('is named by its path, and not shown', async () => {
    const codec = new TaskCodec({ inputs, outputs: z.tuple([z.int(), z.string()]) });
    // @ts-expect-error a number among the tags
    const wrong = codec.encodeInputs({ user: { name: 'secret', tags: ['x', 7] } });
    await expect(wrong).rejects.toThrow(
      invalid(/^inputs\.user\.tags\[1\]: Invalid input: expected string, received number$/),
    );
    // @ts-expect-error a text for a number
    await expect(codec.encodeOutputs(['hunter2', 'x'])).rejects.toThrow(
      invalid(/^outputs\.o0: [^:]*: expected int(eger)?|number, received string$/),
    );
    // @ts-expect-error a text for a list
    await expect(new TaskCodec({ outputs: z.array(z.int()) }).encodeOutputs('hunter2')).rejects.toThrow(
      invalid(/^outputs\.o0: /),
    );
  });

  it.each([
    [
      'text for a number that zod would coerce',
      z.object({ n: z.coerce.number() }),
      { n: '5' },
      /^inputs\.n: expected a number, got text/,
    ],
    ['an unsafe integer', z.object({ n: z.number() }).transform(String), { n: '' }, /^inputs\.n: /],
    [
      'a bigint beyond 64 bits',
      z.object({ n: z.bigint() }),
      { n: 2n ** 63n },
      /^inputs\.n: expected a whole number of 64 bits, got a bigint/,
    ],
    [
      'half of a surrogate pair',
      z.object({ s: z.string() }),
      { s: 'a\ud800' },
      /^inputs\.s: expected text of well-formed/,
    ],
    [
      'such text inside an object',
      z.object({ o: z.object({ s: z.string() }) }),
      { o: { s: '\udc00' } },
      /^inputs\.o\.s: expected text/,
    ],
    [
      'a month as duration',
      z.object({ d: z.iso.duration() }),
      { d: 'P1M' },
      /^inputs\.d: expected a duration .+ without years and months/,
    ],
    [
      'a function in any JSON',
      z.object({ o: z.looseObject({}) }),
      { o: { f: () => 1 } },
      /^inputs\.o\.f: expected something that JSON can hold/,
    ],
  ])('%s', async (_, schema, value, message) => {
    const codec = new TaskCodec<unknown, unknown>({ inputs: schema });
    await expect(codec.encodeInputs(value)).rejects.toThrow(invalid(message));
  });

  it('nests too deeply, or contains itself', async () => {
    const codec = new TaskCodec({ inputs: z.object({ o: z.looseObject({}) }) });
    const round: Record<string, unknown> = {};
    round['again'] = round;
    await expect(codec.encodeInputs({ o: round })).rejects.toThrow(
      invalid(/nests deeper than 100 levels|contains itself/),
    );
    const Tree = z.object({
      get kids(): z.ZodArray {
        return z.array(Tree);
      },
    });
    let deep: z.input<typeof Tree> = { kids: [] };
    for (let level = 0; level < 5000; level += 1) deep = { kids: [deep] };
    await expect(new TaskCodec({ inputs: z.object({ deep: Tree }) }).encodeInputs({ deep })).rejects.toThrow(
      invalid(/nests/),
    );
  });

  it('on the wire is named too', async () => {
    const codec = new TaskCodec({
      outputs: z.object({ n: z.int(), o: z.object({ s: z.string() }), b: z.instanceof(Uint8Array) }).partial(),
    });
    const read = (name: string, value: object): Promise<unknown> =>
      codec.decodeOutputs(create(OutputsSchema, { literals: [{ name, value }] }));
    await expect(read('n', primitive({ case: 'stringValue', value: 'x' }))).rejects.toThrow(
      invalid(/^outputs\.n: expected one of int, none/),
    );
    await expect(read('n', primitive({ case: 'integer', value: 2n ** 60n }))).rejects.toThrow(invalid(/^outputs\.n: /));
    await expect(read('o', binary(Uint8Array.of(0xc1), 'msgpack'))).rejects.toThrow(invalid(/^outputs\.o: /));
    await expect(read('b', binary(Buffer.from('cos\nsystem\n(S"true"\ntR.'), ''))).rejects.toThrow(
      invalid(/^outputs\.b: /),
    );
    await expect(read('n', { value: { case: 'offloadedMetadata', value: { uri: 's3://x' } } })).rejects.toThrow(
      expect.objectContaining({ code: 'unimplemented' }),
    );
  });
});

describe('a schema that Flyte cannot hold', () => {
  it('is an error that names each path and the fix', () => {
    expect(() => new TaskCodec(unsupported)).toThrow(
      expect.objectContaining({
        code: 'invalid_configuration',
        message: [
          'inputs.a is of a kind that Flyte cannot hold (map): use z.record(z.string(), …).',
          'inputs.b.c[] is of a kind that Flyte cannot hold (set): use z.array(…).',
          'inputs.d is of a kind that Flyte cannot hold (custom): say what travels: .meta({ "x-flyte-type": "date" | "bigint" | "bytes" | "file" | "dir" }), or .meta({ type: "string" }).',
          'inputs.e takes anything: say what travels, or put it into an object, whose fields may hold any JSON.',
          'inputs.f is of a kind that Flyte cannot hold (file): use z.instanceof(FlyteFile), which carries the URI of a stored file.',
          'inputs.g[] takes anything: say what travels, or put it into an object, whose fields may hold any JSON.',
          'inputs.h is of a kind that Flyte cannot hold (undefined): use .optional().',
          'outputs takes fields without a name of their own, which cannot be variables: list them all.',
        ].join('\n'),
      }),
    );
  });

  it.each([
    ['refers to itself', z.object({ list: z.json() }), 'inputs.list[] refers to itself, which only an object may'],
    [
      'nests too deeply',
      z.object({ x: Array.from({ length: 20 }).reduce<z.ZodType>((inner) => z.array(inner), z.string()) }),
      'nests too deeply: put it into an object',
    ],
    [
      'holds a map of maps',
      z.object({ x: z.record(z.string(), z.map(z.string(), z.string())) }),
      'inputs.x[*] is of a kind',
    ],
    [
      'holds a dict of maps',
      z.object({ x: z.record(z.string(), z.union([z.json(), z.set(z.string())])) }),
      'inputs.x[*] is of a kind',
    ],
    ['takes nothing', z.object({ x: z.never() }), 'inputs.x takes nothing at all: remove it'],
    ['has a field __proto__', z.object({ x: z.object({ ['__proto__']: z.string() }) }), '__proto__'],
    [
      'is a tuple with a rest',
      z.object({ x: z.tuple([z.string()], z.int()) }),
      'first elements differ from the others',
    ],
  ])('because it %s', (_, inputs, problem) => {
    expect(TaskCodec.problems({ inputs }).join('\n')).toContain(problem);
  });
});
