import * as z from 'zod';
import { describe, expect, it } from 'vitest';
import { create } from '@bufbuild/protobuf';
import { InputsSchema } from '../gen/flyteidl2/task/common_pb.js';
import { At } from './at.js';
import { canonicalBytes } from './canonical-bytes.js';
import { fromPlainLiteral, toPlainLiteral } from './plain-value.js';
import { TaskCodec } from './task-codec.js';

const plain = (value: unknown) =>
  create(InputsSchema, { literals: [{ name: 'input', value: toPlainLiteral(value, new At('input')) }] });
const codec = new TaskCodec({
  inputs: z.object({
    record: z.record(z.string(), z.array(z.record(z.string(), z.number()))),
    either: z.union([z.record(z.string(), z.number()), z.string()]),
    loose: z.looseObject({ id: z.string() }),
  }),
});

describe('canonicalBytes', () => {
  it('are the same for equal values without a schema, whatever the order of their keys', () => {
    const one = canonicalBytes(plain({ a: 1, b: [{ c: 1n, d: null }], __proto__x: 2 }));
    expect(canonicalBytes(plain({ __proto__x: 2, b: [{ d: null, c: 1n }], a: 1 }))).toEqual(one);
    expect(canonicalBytes(plain(JSON.parse('{"b":1,"__proto__":{"y":1,"x":2}}')))).toEqual(
      canonicalBytes(plain(JSON.parse('{"__proto__":{"x":2,"y":1},"b":1}'))),
    );
  });

  it('are the same for equal values of a schema, in maps, lists, unions and fields that it does not name', async () => {
    const one = await codec.encodeInputs({
      record: { a: [{ x: 1, y: 2 }], b: [] },
      either: { a: 1, b: 2 },
      loose: { id: 'i', more: { a: 1, b: 2 }, rest: 1 },
    });
    const other = await codec.encodeInputs({
      loose: { rest: 1, more: { b: 2, a: 1 }, id: 'i' },
      either: { b: 2, a: 1 },
      record: { b: [], a: [{ y: 2, x: 1 }] },
    });
    expect(canonicalBytes(other)).toEqual(canonicalBytes(one));
  });

  it('differ for values that differ', () => {
    const values = [
      undefined,
      null,
      {},
      [],
      1,
      1.5,
      '1',
      { a: 1 },
      { a: '1' },
      { b: 1 },
      { a: 1, b: 2 },
      { a: 2, b: 1 },
      [1, 2],
      [2, 1],
      new Uint8Array([1]),
    ];
    const all = values.map((value) => Buffer.from(canonicalBytes(plain(value))).toString('hex'));
    expect(new Set(all).size).toBe(values.length);
  });

  it('leave the order of what travels as it is', () => {
    const inputs = plain({ b: 1, a: 2 });
    canonicalBytes(inputs);
    const [literal] = inputs.literals;
    const read = literal?.value && fromPlainLiteral(literal.value, new At('input'));
    expect(Object.keys(read ?? {})).toEqual(['b', 'a']);
  });
});
