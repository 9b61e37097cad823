import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { encode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { OutputsSchema } from '../gen/flyteidl2/task/common_pb.js';
import { At } from './at.js';
import { unpackMessage } from './msgpack.js';
import { hideProtoKeys, showProtoKeys } from './proto-key.js';
import { TaskCodec } from './task-codec.js';

const hostile = (value: unknown): Record<string, unknown> =>
  Object.fromEntries([
    ['__proto__', value],
    ['a', value],
  ]);

/** Through the bytes that really travel. */
const through = async (schema: z.ZodType, value: unknown): Promise<unknown> => {
  const codec = new TaskCodec<void, void, unknown, unknown>({ outputs: z.object({ x: schema }) });
  const wire = toBinary(OutputsSchema, await codec.encodeOutputs({ x: value }));
  const read = await codec.decodeOutputs(fromBinary(OutputsSchema, wire));
  return z.object({ x: z.unknown() }).parse(read).x;
};

describe('the key "__proto__"', () => {
  it.each([
    ['a record', z.record(z.string(), z.int()), hostile(1)],
    ['a record of records', z.record(z.string(), z.record(z.string(), z.int())), hostile(hostile(1))],
    ['a record of any JSON', z.record(z.string(), z.json()), hostile([hostile(null), 'x'])],
    ['a field', z.object({ map: z.record(z.string(), z.bigint()) }), { map: hostile(2n ** 60n) }],
    ['a field of any JSON', z.object({ json: z.json() }), { json: [hostile(hostile(true))] }],
    ['fields without a name of their own', z.looseObject({ a: z.int() }), hostile(1)],
    ['a union', z.union([z.int(), z.record(z.string(), z.int())]), hostile(1)],
    ['a list', z.array(z.record(z.string(), z.string())), [hostile('x')]],
  ])('of %s arrives, and is no prototype', async (_, schema, value) => {
    const read = await through(schema, value);
    expect(read).toEqual(value);
    const records = JSON.stringify(read, (__, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
    expect(records.match(/"__proto__"/g)?.length).toBeGreaterThan(0);
    expect(Object.getPrototypeOf(read)).toBe(Array.isArray(value) ? Array.prototype : Object.prototype);
    expect({}).not.toHaveProperty('a');
  });

  it('is validated and parsed as any other', async () => {
    await expect(through(z.record(z.string(), z.int()), hostile('x'))).rejects.toThrow(
      /^outputs\.x\.__proto__: Invalid input: expected number, received string; outputs\.x\.a: /,
    );
    await expect(through(z.strictObject({}), hostile(1))).rejects.toThrow('Unrecognized keys: "__proto__", "a"');
    const parsed = z.record(z.string(), z.string().transform(Number));
    expect(await through(parsed, hostile('7'))).toEqual(hostile(7));
    expect(await through(z.object({ a: z.int() }), hostile(1))).toEqual({ a: 1 });
  });

  it('is refused as the name of an input, or of a field', () => {
    const named = z.object({ ['__proto__']: z.string() });
    expect(TaskCodec.problems({ inputs: z.object({ x: named }) }).join()).toContain('__proto__');
  });

  it('is read wherever a msgpack message has it', () => {
    const at = new At('x');
    // The encoder writes what the decoder would refuse.
    const bytes = encode([hostile(hostile(1)), { other_key: 1, [`${'\u00e9'.repeat(4)}a`]: 2 }]);
    expect(unpackMessage(bytes, at)).toEqual([hostile(hostile(1)), { other_key: 1, ['\u00e9\u00e9\u00e9\u00e9a']: 2 }]);
  });

  it('is left alone in what has a class, and a value without it is the same one', () => {
    class Own {
      readonly inside = hostile(1);
    }
    const value = { own: new Own(), list: [new Date(0), NaN, undefined] };
    expect(hideProtoKeys(value)).toBe(value);
    const given = { ...value, more: hostile(1) };
    expect(hideProtoKeys(given)).not.toEqual(given);
    expect(showProtoKeys(hideProtoKeys(given))).toEqual(given);
  });
});
