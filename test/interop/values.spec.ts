import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { LiteralSchema } from 'nestjs-flyte/idl/core/literals';
import { OutputsSchema } from 'nestjs-flyte/idl/task/common';
import { TaskCodec } from 'nestjs-flyte/testing';
import { afterAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { PythonSession } from './support/python-session.js';
import type { Both } from './values/both.js';
import { type Kind, kinds } from './values/kinds.js';
import { sorted } from './values/sorted.js';

/** Values of each type; the same ones each time. */
const VALUES = 16;
const SEED = 20261129;

const python = new PythonSession('values', { cwd: import.meta.dirname, env: process.env });
afterAll(() => python[Symbol.asyncDispose]());

const Through = z.object({ value: z.unknown(), literal: z.string() });

/** A codec of one literal, in base64. */
function literalsOf(schema: z.ZodType) {
  const codec = new TaskCodec<void, void, unknown, unknown>({ outputs: schema });
  return {
    write: async (value: unknown): Promise<string> => {
      const literal = (await codec.encodeOutputs(value)).literals[0]?.value ?? create(LiteralSchema);
      return Buffer.from(toBinary(LiteralSchema, literal)).toString('base64');
    },
    read: async (literal: string): Promise<unknown> => {
      const value = fromBinary(LiteralSchema, Buffer.from(literal, 'base64'));
      return codec.decodeOutputs(create(OutputsSchema, { literals: [{ name: 'o0', value }] }));
    },
  };
}

/** What is not as it should be, in words; all of it, since one value that fails may be one of many. */
async function problemsOf({ python: type, schema }: Kind, value: Both): Promise<string[]> {
  const { write, read } = literalsOf(schema);
  const { ours, theirs, ourGiven = ours, theirGiven = theirs } = value;
  const ways: Readonly<Record<string, () => Promise<void>>> = {
    'from TypeScript to Python and back': async () => {
      const { value: seen, literal } = Through.parse(
        await python.call('through', { type, literal: await write(ourGiven) }),
      );
      expect(sorted(seen)).toEqual(sorted(theirs));
      expect(await read(literal)).toEqual(ours);
    },
    'from Python to TypeScript and back': async () => {
      const seen = await read(String(await python.call('write', { type, value: theirGiven })));
      expect(seen).toEqual(ours);
      const again = Through.parse(await python.call('through', { type, literal: await write(seen) }));
      expect(sorted(again.value)).toEqual(sorted(theirs));
    },
    'from TypeScript to TypeScript': async () => expect(await read(await write(ourGiven))).toEqual(ours),
  };
  const problems: string[] = [];
  for (const [way, go] of Object.entries(ways)) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- Python answers one after the other
      await go();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      problems.push(`${way}: ${message.slice(0, 600)}\n  ${words(ourGiven)}\n  ${words(theirGiven)}`);
    }
  }
  return problems;
}

const words = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));

describe('values both ways with the official Python SDK', () => {
  const rows = kinds.map((kind, index) => {
    return [kind.as === undefined ? kind.python : `${kind.python} as ${kind.as}`, index, kind] as const;
  });

  it.each(rows)('%s', async (_, index, kind) => {
    const problems: string[] = [];
    for (const value of fc.sample(kind.values, { numRuns: VALUES, seed: SEED + index })) {
      // oxlint-disable-next-line no-await-in-loop -- as above
      problems.push(...(await problemsOf(kind, value)));
    }
    expect(problems).toEqual([]);
  });

  it('are of every type that values_types.py has', async () => {
    expect([...new Set(kinds.map((kind) => kind.python))].toSorted()).toEqual(
      z
        .array(z.string())
        .parse(await python.call('types'))
        .toSorted(),
    );
  });
});

describe('a value of Python that the schema does not take', () => {
  const large = { int: String(2n ** 60n + 1n) };
  it.each([
    [
      'dict[str,int]',
      { dict: [['a', large]] },
      z.record(z.string(), z.int()),
      'outputs.o0.a: expected a whole number up to',
    ],
    [
      'dict[str,int]',
      { dict: [['a', large]] },
      z.record(z.string(), z.number()),
      'outputs.o0.a: expected a number, got',
    ],
    [
      'dict',
      { dict: [['a', { dict: [['b', large]] }]] },
      z.record(z.string(), z.json()),
      'outputs.o0.a.b: expected one of',
    ],
    ['dict', { dict: [[true, 'x']] }, z.record(z.string(), z.json()), 'outputs.o0: has a boolean as a key'],
    ['int', large, z.int(), 'outputs.o0: expected a whole number up to 2^53'],
    ['float', { float: '3fe0000000000000' }, z.int(), 'outputs.o0: expected a whole number up to 2^53'],
    ['Color', { enum: ['Color', 'RED'] }, z.enum({ GREEN: 'green' }), 'outputs.o0: expected one of "green"'],
    ['str?', null, z.string(), 'outputs.o0: Invalid input: expected string'],
    ['datetime', { datetime: '2026-11-23T18:30:01' }, z.string(), 'outputs.o0: expected text'],
  ])('is refused: %s %j', async (type, value, schema, problem) => {
    const literal = String(await python.call('write', { type, value }));
    await expect(literalsOf(schema).read(literal)).rejects.toThrow(problem);
  });
});
