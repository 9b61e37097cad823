import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { BlobType_BlobDimensionality, type LiteralTypeSchema, SimpleType } from '../gen/flyteidl2/core/types_pb.js';
import type { Inputs } from '../gen/flyteidl2/task/common_pb.js';
import { TaskSpecSchema } from '../gen/flyteidl2/task/task_definition_pb.js';
import { plainValues } from '../remote/runs/plain-literals.js';
import { inputsOf } from './task-inputs.js';

type Type = MessageInitShape<typeof LiteralTypeSchema>;
const simple = (value: SimpleType): Type => ({ type: { case: 'simple', value } });
const blob = (dimensionality: BlobType_BlobDimensionality): Type => ({
  type: { case: 'blob', value: { dimensionality } },
});
const union = (...variants: Type[]): Type => ({ type: { case: 'unionType', value: { variants } } });
const { SINGLE, MULTIPART } = BlobType_BlobDimensionality;

/** The input of a task that takes one. */
const given = (type: Type, texts: readonly string[], values: unknown = {}): Inputs => {
  const variables = [{ key: 'x', value: { type } }];
  return inputsOf(create(TaskSpecSchema, { taskTemplate: { interface: { inputs: { variables } } } }), {
    texts,
    values,
  });
};
const plain = (inputs: Inputs): unknown => plainValues('inputs', inputs.literals)['x'];

describe('an input of the command line', () => {
  it.each<[what: string, type: Type, text: string, expected: unknown]>([
    ['a file by its URI', blob(SINGLE), 's3://bucket/a', { uri: 's3://bucket/a' }],
    ['a file as an object', blob(SINGLE), '{ "uri": "s3://bucket/a" }', { uri: 's3://bucket/a' }],
    ['a directory by its URI', blob(MULTIPART), 's3://bucket/a/', { uri: 's3://bucket/a/' }],
    ['a file, or nothing', union(simple(SimpleType.NONE), blob(SINGLE)), 's3://b/a', { uri: 's3://b/a' }],
    ['text where text may be', union(simple(SimpleType.STRING), blob(SINGLE)), 's3://b/a', 's3://b/a'],
    ['a number', simple(SimpleType.INTEGER), '7', 7],
    ['text of digits', simple(SimpleType.STRING), '7', '7'],
    ['an object', simple(SimpleType.STRUCT), '{ "a": [1] }', { a: [1] }],
  ])('is %s', (_what, type, text, expected) => {
    expect(plain(given(type, [`x=${text}`]))).toEqual(expected);
  });

  it.each<[type: Type, text: string]>([
    [simple(SimpleType.STRUCT), 's3://bucket/a'],
    [blob(SINGLE), 'nowhere'],
  ])('is refused where it is none, and not quoted', (type, text) => {
    const problem = (() => {
      try {
        return plain(given(type, [`x=${text}`]));
      } catch (error) {
        return error;
      }
    })();
    expect(problem).toMatchObject({ code: 'invalid_argument', message: expect.stringMatching(/^inputs\.x: expected/) });
    expect(String(problem)).not.toContain(text);
  });

  it('is refused where it is given twice, but may stand in for one of a file', () => {
    expect(() => given(simple(SimpleType.STRING), ['x=a', 'x=b'])).toThrow(
      expect.objectContaining({
        code: 'invalid_argument',
        message: expect.stringMatching(/^--input x is given twice\./),
      }),
    );
    expect(plain(given(simple(SimpleType.STRING), ['x=a'], { x: 'b' }))).toBe('a');
  });

  it('is a file in a file of inputs, too', () => {
    expect(plain(given(blob(SINGLE), [], { x: 's3://bucket/a' }))).toEqual({ uri: 's3://bucket/a' });
  });
});
