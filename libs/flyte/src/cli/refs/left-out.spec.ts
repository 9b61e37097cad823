import { create, fromBinary, type JsonObject, type MessageInitShape } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { type LiteralType, LiteralTypeSchema, SimpleType } from '../../gen/flyteidl2/core/types_pb.js';
import { type TaskSpec, TaskSpecSchema } from '../../gen/flyteidl2/task/task_definition_pb.js';
import { refsSource } from './refs-source.js';

type Type = Exclude<MessageInitShape<typeof LiteralTypeSchema>, { $typeName: string }>;

const simple = (value: SimpleType, tag?: string): Type => ({
  type: { case: 'simple', value },
  ...(tag !== undefined && { structure: { tag } }),
});
const union = (...variants: Type[]): Type => ({ type: { case: 'unionType', value: { variants } } });
const struct = (tag: string, metadata?: LiteralType['metadata']): Type => ({
  ...simple(SimpleType.STRUCT, tag),
  ...(metadata && { metadata }),
});
const lists = (levels: number): Type =>
  levels === 0 ? simple(SimpleType.INTEGER) : { type: { case: 'collectionType', value: lists(levels - 1) } };
const INT = simple(SimpleType.INTEGER, 'int');
const pydantic = (metadata: LiteralType['metadata']): Type => struct('Pydantic Transformer', metadata);

const task = (inputs: readonly { key: string; value?: { type?: Type | LiteralType } }[], name = 'a.b'): TaskSpec =>
  create(TaskSpecSchema, { taskTemplate: { id: { name }, interface: { inputs: { variables: [...inputs] } } } });
const takes = (type: Type | LiteralType): TaskSpec => task([{ key: 'x', value: { type } }]);

describe('a task with an input that no schema makes', () => {
  it.each<[string, TaskSpec, RegExp]>([
    ['an error', takes(simple(SimpleType.ERROR)), /^its input "x" is of Flyte's simple type ERROR$/],
    ['a simple type to come', takes(fromBinary(LiteralTypeSchema, Uint8Array.of(8, 77))), /simple type 77$/],
    ['a type to come', takes({}), /of a type that this version does not know$/],
    ['no type', task([{ key: 'x' }]), /of no type$/],
    ['a DataFrame', takes({ type: { case: 'structuredDatasetType', value: {} } }), /a DataFrame$/],
    [
      'a list of them',
      takes({ type: { case: 'collectionType', value: { type: { case: 'schema', value: {} } } } }),
      /a Data/,
    ],
    ['no choice', takes({ type: { case: 'enumType', value: { values: [] } } }), /an enumeration of no values$/],
    ['a choice twice', takes({ type: { case: 'enumType', value: { values: ['a', 'a'] } } }), /no schema makes again$/],
    ['a pickle', takes({ type: { case: 'blob', value: { format: 'PythonPickle' } } }), /which travels as a pickle$/],
    ['a union of one', takes(union(INT)), /no schema makes again$/],
    ['a union of none', takes(union()), /a union of no types$/],
    ['a union of the same', takes(union(INT, INT)), /no schema makes again$/],
    [
      'a union in a union',
      takes(union(union(INT, simple(SimpleType.STRING, 'str')), simple(SimpleType.BOOLEAN, 'bool'))),
      /again$/,
    ],
    [
      'a variant of no transformer',
      takes(union(simple(SimpleType.INTEGER), simple(SimpleType.NONE, 'none'))),
      /again$/,
    ],
    ['a variant of another', takes(union(simple(SimpleType.STRING, 'int'), simple(SimpleType.NONE, 'none'))), /again$/],
    ['a protobuf message', takes(struct('', { pb_type: 'a.B' })), /the protobuf message a\.B$/],
    ['a named tuple that may be None', takes(union(struct('NamedTuple', { type: 'object' }), INT)), /"NamedTuple"$/],
    ['an object that is none', takes(pydantic({ type: 'string' })), /of which Flyte knows no fields$/],
    ['an object that takes nothing', takes(pydantic({ not: {} })), /of which Flyte knows no fields$/],
    ['an object that is itself', takes(pydantic({ $ref: '#/$defs/A', $defs: { A: { $ref: '#/$defs/A' } } })), /.+/],
    ['lists of lists', takes(lists(13)), /nests too deeply/],
    ['a name that sets a prototype', task([{ key: '__proto__', value: { type: INT } }]), /is named "__proto__"$/],
    ['a name twice', task([1, 2].map(() => ({ key: 'x', value: { type: INT } }))), /^it has the input "x" twice$/],
    ['a name that is none', task([], 'a b'), /^its name holds a blank/],
  ])('gets no ref: %s', (_, spec, why) => {
    const { source, refs, leftOut } = refsSource([spec], '');
    expect([refs, leftOut]).toEqual([[], [{ task: spec.taskTemplate?.id?.name, why: expect.stringMatching(why) }]]);
    expect(source).not.toContain('taskRef');
    expect(source).toMatch(/^export \{\};$/m);
  });

  it('gets a ref where the input may be left out, and its output is not needed', () => {
    const frame: Type = { type: { case: 'structuredDatasetType', value: {} } };
    const { source, leftOut } = refsSource(
      [
        create(TaskSpecSchema, {
          taskTemplate: {
            id: { name: 'a.b' },
            interface: {
              inputs: { variables: [{ key: 'x', value: { type: frame } }] },
              outputs: { variables: [{ key: 'o0', value: { type: frame } }] },
            },
          },
          defaultInputs: [{ name: 'x', parameter: { behavior: { case: 'required', value: false } } }],
        }),
      ],
      '',
    );
    expect(leftOut).toEqual([]);
    expect(source).toContain(`taskRef('a.b', {
  inputs: z.object({
    // Left out: "x" is a DataFrame.
  }),
  // Left out: "o0" is a DataFrame.
});`);
  });
});

const fieldOf = (field: object, defs: object = {}, required = ['f']): string => {
  const text = JSON.stringify({ type: 'object', properties: { f: field }, required, $defs: defs });
  const metadata = JSON.parse(text) as JsonObject;
  const { source, leftOut } = refsSource([takes(pydantic(metadata))], '');
  expect(leftOut).toEqual([]);
  return source;
};

describe('a field that no schema makes', () => {
  it.each([
    [{}, 'f: z.unknown()'],
    [{ not: {} }, '// It is what is said by not alone.'],
    [{ const: { a: 1 } }, '// It is one of 1 values that are no text, number or truth.'],
    [{ anyOf: [] }, '// It is one of no kinds.'],
    [{ enum: [] }, '// It is one of 0 values'],
    [{ $ref: '#/$defs/Nowhere' }, '// It is the reference #/$defs/Nowhere, which points nowhere.'],
    [{ $ref: 'https://elsewhere/x' }, '// It is the reference https://elsewhere/x, which points nowhere.'],
    [{ type: 'object', patternProperties: { '^a': {} } }, '// It is an object whose fields are known by patterns.'],
    [
      { type: 'object', properties: { ['__proto__']: { type: 'string' } } },
      '// It is an object with a field "__proto__".',
    ],
    [{ type: 'colour' }, '// It is what is said by type alone.'],
  ])('takes anything, and says what it is: %j', (field, said) => {
    const source = fieldOf(field);
    expect(source).toContain(said);
    expect(source).toContain('f: z.unknown()');
  });

  it.each([
    [{ type: 'integer', minimum: 'x' }, 'f: z.int()'],
    [{ type: 'number', multipleOf: 0 }, 'f: z.number()'],
    [{ type: 'integer', minimum: -1e300, maximum: 5 }, 'f: z.int().max(5)'],
    [{ type: 'string', format: 'date-time', pattern: '(' }, 'f: z.iso.datetime()'],
    [{ type: 'string', format: 5 }, 'f: z.string()'],
    [{ type: 'string', format: 'base64' }, "f: z.string().meta({ format: 'base64' })"],
    [{ type: ['string', 'null'] }, 'f: z.string().nullable()'],
    [{ enum: [1, 'a', null, true] }, "f: z.union([z.literal(1), z.enum(['a']), z.null(), z.literal(true)])"],
    [{ allOf: [{ type: 'string' }], description: 'd' }, "f: z.string().describe('d')"],
    [{ type: 'array' }, 'f: z.array(z.unknown())'],
    [{ type: 'array', prefixItems: [{ type: 'integer' }] }, 'f: z.tuple([z.int()], z.unknown())'],
    [{ type: 'object', additionalProperties: false }, 'f: z.record(z.string(), z.unknown())'],
  ])('is taken for what it says where that has a counterpart: %j', (field, source) => {
    const found = fieldOf(field);
    expect(found.includes(`${source},\n`) || found.includes(`{ ${source} })`) ? source : found).toBe(source);
  });

  it.each([
    [{ const: 1, default: 2 }, 'f: z.literal(1).optional()'],
    [{ enum: ['RED'], default: 'red' }, "f: z.enum(['RED']).optional()"],
    [{ type: 'integer', default: 1.5 }, 'f: z.int().optional()'],
    [
      { type: 'object', properties: { a: { type: 'string' } }, default: { b: 1 } },
      'f: z.object({ a: z.string().optional() }).optional()',
    ],
    [{ type: 'string', format: 'binary', default: 'x' }, 'f: z.instanceof(Uint8Array).optional()'],
  ])('may have a default that its schema does not have: %j', (field, source) => {
    const found = fieldOf(field, {}, []);
    expect(found).toContain(`${source},`);
    expect(found).toContain('// Its default has no counterpart here: the task fills it in.');
  });
});
