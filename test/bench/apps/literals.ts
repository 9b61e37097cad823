// A value as Flyte's literals, and as JSON.
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { TaskCodec } from 'nestjs-flyte/testing';
import { InputsSchema } from 'nestjs-flyte/idl/task/common';
import * as z from 'zod';
import { answerParent } from './support/parent.js';

const Row = z.object({ id: z.string(), score: z.number(), tags: z.array(z.string()), active: z.boolean() });
const Inputs = z.object({ name: z.string(), limit: z.int(), weights: z.array(z.number()), rows: z.array(Row) });

const value: z.infer<typeof Inputs> = {
  name: 'a batch of a hundred rows',
  limit: 100,
  weights: Array.from({ length: 100 }, (_, i) => i / 7),
  rows: Array.from({ length: 100 }, (_, i) => ({
    ...{ id: `row-${i}`, score: i * 1.5, tags: ['red', 'green', `blue-${i}`], active: i % 2 === 0 },
  })),
};
const codec = new TaskCodec({ inputs: Inputs });

const encode = async (): Promise<Uint8Array> => toBinary(InputsSchema, await codec.encodeInputs(value));
const [bytes, text] = [await encode(), JSON.stringify(value)];

/** @returns microseconds for each of so many */
async function timed(times: number, one: () => unknown): Promise<number> {
  const began = performance.now();
  // oxlint-disable-next-line no-await-in-loop -- one after the other
  for (let i = 0; i < times; i++) await one();
  return ((performance.now() - began) / times) * 1e3;
}

answerParent({
  encode: (times: number) => timed(times, encode),
  decode: (times: number) => timed(times, () => codec.decodeInputs(fromBinary(InputsSchema, bytes))),
  stringify: (times: number) => timed(times, () => JSON.stringify(value)),
  parse: (times: number) => timed(times, () => JSON.parse(text) as unknown),
});
