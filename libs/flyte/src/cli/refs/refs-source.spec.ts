import { readFileSync } from 'node:fs';
import { create, fromBinary, toBinary, toJson } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type TypedInterface, TypedInterfaceSchema } from '../../gen/flyteidl2/core/interface_pb.js';
import { NamedLiteralSchema, type NamedParameter } from '../../gen/flyteidl2/task/common_pb.js';
import { type TaskSpec, TaskSpecSchema } from '../../gen/flyteidl2/task/task_definition_pb.js';
import { isRecord } from '../../literals/at.js';
import { FlyteDir } from '../../literals/dir.js';
import { FlyteFile } from '../../literals/file.js';
import { asSchema, choicesOf, mergeAllOf, resolveRef, stringsOf } from '../../literals/json-schema.js';
import { TaskCodec } from '../../literals/task-codec.js';
import { plainValues } from '../../remote/runs/plain-literals.js';
import { codecOfRef } from '../../tasks/task-definition.js';
import { isTaskRef, type TaskRef, taskRef } from '../../tasks/task-ref.js';
import { refsSource } from './refs-source.js';

const Fixture = z.object({ tasks: z.record(z.string(), z.base64()) });
const file = new URL('../../../test-data/python-tasks.json', import.meta.url);
const python = Object.entries(Fixture.parse(JSON.parse(readFileSync(file, 'utf8'))).tasks).map(
  ([name, spec]) => [name, fromBinary(TaskSpecSchema, Buffer.from(spec, 'base64'))] as const,
);

/** What a generated file exports. */
const evaluated = (source: string): Map<string, unknown> => {
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2023 },
  });
  const exports: Record<string, unknown> = {};
  const modules: Record<string, unknown> = { 'nestjs-flyte': { taskRef, FlyteFile, FlyteDir }, zod: z };
  // oxlint-disable-next-line typescript/no-implied-eval -- what this package has just written
  Reflect.apply(new Function('exports', 'require', outputText), undefined, [exports, (name: string) => modules[name]]);
  return new Map(Object.entries(exports));
};

const refsOf = (source: string): TaskRef[] => [...evaluated(source).values()].filter(isTaskRef);

const specOf = (name: string, codec: Pick<TaskCodec, 'interface' | 'defaultInputs'>): TaskSpec =>
  create(TaskSpecSchema, {
    taskTemplate: { id: { name }, interface: codec.interface() },
    defaultInputs: codec.defaultInputs(),
  });

const { pattern: PATTERN } = z.toJSONSchema(z.iso.datetime());

/**
 * What a JSON schema of a type's metadata says, however it says it: without titles and descriptions of what is no class,
 * with references followed some levels, and Python's spellings in one form.
 */
const meaning = (schema: unknown, root: object, levels: number): unknown => {
  const node = asSchema(schema);
  const whole = { ...root };
  const deeper = (part: unknown): unknown => (levels === 0 ? '…' : meaning(part, root, levels - 1));
  const { $ref, anyOf: _, oneOf: __, ...rest } = node;
  if (typeof $ref === 'string') return meaning({ ...resolveRef(whole, $ref), ...rest }, root, levels);
  if ('allOf' in node)
    return meaning(
      mergeAllOf(node, (part) => asSchema(part)),
      root,
      levels,
    );
  const { type, title, format, properties, enum: listed } = node;
  const mark =
    node['x-flyte-type'] ??
    String(title) +
      Object.keys({ ...asSchema(properties) })
        .toSorted()
        .join();
  if (mark === 'file' || mark === 'Fileformat,hash,name,path') return 'file';
  if (mark === 'dir' || mark === 'Dirformat,hash,name,path') return 'dir';
  const choices = choicesOf(node);
  if (choices !== undefined) return choices.map(deeper);
  const values = 'const' in node ? [node['const']] : listed;
  if (type === 'null' || (Array.isArray(values) && values.length === 1 && values[0] === null)) return 'null';
  if (Array.isArray(values)) return { of: new Set(values) };
  if (format === 'time-delta' || format === 'duration') return 'duration';
  if (format === 'date' || format === 'int64') return format;
  if (format === 'date-time') return node['pattern'] === PATTERN ? { format } : { format, pattern: node['pattern'] };
  if (format === 'binary' || format === 'base64') return 'bytes';
  const limits = Object.entries(node).filter(([keyword, value]) => {
    if (typeof value === 'number' && Math.abs(value) === Number.MAX_SAFE_INTEGER) return false;
    return /^(?:min|max|exclusive|multipleOf|pattern$|format$)/.test(keyword) && !('prefixItems' in node);
  });
  const said = { type, ...Object.fromEntries(limits) };
  if (Array.isArray(node['prefixItems'])) return { type, first: node['prefixItems'].map(deeper) };
  if (type === 'array') return { ...said, items: deeper(node['items']) };
  const { additionalProperties: values_ } = node;
  const others = isRecord(values_) && Object.keys(values_).length > 0 ? deeper(values_) : (values_ ?? false) !== false;
  if (!isRecord(properties) || (Object.keys(properties).length === 0 && others !== false))
    return type === 'object' ? { type, others: others === false ? true : others } : said;
  const required = stringsOf(node['required']).toSorted();
  const fields = Object.entries(properties).map(([name, field]) => [name, deeper(field)]);
  return { type, title, required, others, fields: Object.fromEntries(fields) };
};

/** Types in JSON, of which metadata is what it means, and bytes are the same however they are spelled. */
const essence = (typed: TypedInterface): unknown => {
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (!isRecord(value)) return value;
    const { metadata, annotation: _, ...rest } = value;
    const isBytes = isRecord(metadata) && metadata['python_class_name'] === "<class 'bytes'>";
    if (isBytes) return walk({ ...rest, unionType: undefined, simple: 'BINARY' });
    const known = Object.entries(rest).filter(([, field]) => field !== undefined);
    const fields = Object.fromEntries(known.map(([name, field]) => [name, walk(field)]));
    return metadata === undefined ? fields : { ...fields, metadata: meaning(metadata, { ...asSchema(metadata) }, 6) };
  };
  return walk(toJson(TypedInterfaceSchema, typed));
};

/** The interface without variables that have no schema: the file says so of each. */
const without = (typed: TypedInterface | undefined, names: readonly string[]): TypedInterface => {
  const keep = (map: TypedInterface['inputs']) => ({
    variables: (map?.variables ?? []).filter(({ key }) => !names.includes(key)),
  });
  return create(TypedInterfaceSchema, { inputs: keep(typed?.inputs), outputs: keep(typed?.outputs) });
};

/** A default in JSON; a msgpack message as what it holds, which may be spelled in many ways. */
const plainDefault = ({ name, parameter }: NamedParameter): unknown =>
  parameter?.behavior.case === 'default'
    ? plainValues('inputs', [create(NamedLiteralSchema, { name, value: parameter.behavior.value })])
    : undefined;

const LEFT_OUT: Readonly<Record<string, readonly string[]>> = { 'py.defaults': ['gone'], 'py.half': ['o1'] };
const REFUSED: Readonly<Record<string, string>> = {
  'py.frames': 'its input "df" is a DataFrame',
  'py.optional_named': 'its input "named" is an object of Python\'s transformer "NamedTuple"',
  'py.pickles': 'its input "a" is a Python object (typing.Any), which travels as a pickle',
};

describe("the refs of Python's tasks", () => {
  it.each(python.filter(([name]) => !(name in REFUSED)))('%s has the deployed interface', (name, spec) => {
    const { source, leftOut } = refsSource([spec], '');
    expect(leftOut).toEqual([]);
    const [ref] = refsOf(source);
    if (ref === undefined) throw new Error('no ref');
    const names = LEFT_OUT[name] ?? [];
    for (const one of names) expect(source).toContain(`// Left out: "${one}" is `);
    const codec = codecOfRef(ref);
    expect(ref.name).toBe(name);
    expect(essence(codec.interface())).toEqual(essence(without(spec.taskTemplate?.interface, names)));
    const ours = new Map(codec.defaultInputs().map((one) => [one.name, plainDefault(one)]));
    for (const one of spec.defaultInputs.filter(({ name: input }) => !names.includes(input))) {
      const theirs = plainDefault(one);
      if (ours.has(one.name)) expect(ours.get(one.name)).toEqual(theirs);
      else expect(source).toMatch(new RegExp(`// Its default has no counterpart here.+\n +${one.name}: .+optional`));
    }
  });

  it("take a dataclass's bytes for bytes, which its schema calls text of base64", () => {
    const { source } = refsSource(
      python.map(([, spec]) => spec),
      '',
    );
    const point = source.split('export const ').find((part) => part.startsWith('DataclassesPoint '));
    expect(point).toContain('  raw: z.instanceof(Uint8Array),\n');
  });

  it('are left out where a needed input has no counterpart, with the reason', () => {
    const { source, refs, leftOut } = refsSource(
      python.map(([, spec]) => spec),
      '',
    );
    expect(Object.fromEntries(leftOut.map(({ task, why }) => [task, why]))).toEqual(REFUSED);
    for (const [task, why] of Object.entries(REFUSED)) expect(source).toContain(`// ${task} is left out: ${why}.`);
    expect(refs).toHaveLength(python.length - leftOut.length);
  });

  it('are the same in whatever order Flyte has them, and their fields', () => {
    const specs = python.map(([, spec]) => spec);
    const { source } = refsSource(specs, '--out x.ts');
    const reversed = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(reversed);
      if (!isRecord(value)) return value;
      return Object.fromEntries(
        Object.entries(value)
          .toReversed()
          .map(([key, field]) => [key, reversed(field)]),
      );
    };
    const shuffled = specs.toReversed().map((spec) => {
      const copy = fromBinary(TaskSpecSchema, toBinary(TaskSpecSchema, spec));
      const walk = (value: unknown): void => {
        if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
        for (const [key, field] of Object.entries(value)) {
          if (key === 'metadata' && isRecord(field)) Object.assign(value, { metadata: reversed(field) });
          else walk(field);
        }
      };
      walk(copy.taskTemplate?.interface);
      copy.defaultInputs.reverse();
      return copy;
    });
    expect(refsSource(shuffled, '--out x.ts').source).toBe(source);
  });
});

const Tree = z.object({
  name: z.string(),
  get kids(): z.ZodArray<typeof Tree> {
    return z.array(Tree);
  },
});
const Json = z.object({ any: z.json(), loose: z.looseObject({ a: z.int() }), rest: z.object({}).catchall(z.string()) });
const Rows: z.ZodType = z.lazy(() => z.union([z.string(), z.array(Rows)]));
const fields: Readonly<Record<string, z.ZodType>> = {
  string: z.string(),
  int: z.int(),
  bigint: z.object({ big: z.bigint() }),
  number: z.number(),
  boolean: z.boolean(),
  null: z.null(),
  datetime: z.iso.datetime(),
  duration: z.iso.duration(),
  bytes: z.instanceof(Uint8Array),
  file: z.instanceof(FlyteFile),
  dir: z.instanceof(FlyteDir),
  enum: z.enum(['low', 'high']),
  members: z.enum({ RED: 'red', TEN: 10 }),
  describedFile: z.instanceof(FlyteFile).meta({ description: 'the data', 'x-flyte-type': 'file' }),
  described: z.string().describe('what to sign'),
  list: z.array(z.array(z.int())),
  map: z.record(z.string(), z.record(z.string(), z.number())),
  dict: z.record(z.string(), z.json()),
  tuple: z.tuple([z.int(), z.string()]),
  nullable: z.string().nullable(),
  optional: z.string().optional(),
  optionalUnion: z.union([z.int(), z.string()]).optional(),
  nullish: z.int().nullish(),
  union: z.union([z.iso.date(), z.string(), z.array(z.int()), z.null()]),
  default: z.int().default(3),
  dataclass: z.object({ x: z.number() }).meta({ 'x-flyte-python': 'dataclass' }),
  dataclassOrDict: z.union([
    z.object({ x: z.number() }).meta({ 'x-flyte-python': 'dataclass' }),
    z.object({ y: z.number() }).meta({ 'x-flyte-python': 'dict' }),
  ]),
  titled: z.object({ x: z.number() }).meta({ title: 'Point' }),
  object: z.object({
    text: z.string().min(1).max(9).regex(/^a/),
    mail: z.email(),
    n: z.int().min(0).max(9),
    f: z.number().gt(0).lt(1).multipleOf(0.5),
    at: z.iso.datetime({ offset: true }),
    local: z.iso.datetime({ local: true }),
    exact: z.iso.datetime({ offset: true, precision: 6 }),
    plain: z.iso.datetime(),
    members: z.enum({ RED: 'red', TEN: 10 }),
    day: z.iso.date(),
    took: z.iso.duration(),
    raw: z.instanceof(Uint8Array),
    one: z.literal(1),
    some: z.literal([1, 2]),
    mixed: z.literal(['a', null]),
    list: z.array(z.string()).min(1).max(3),
    pair: z.tuple([z.int(), z.string()]),
    maybe: z.string().nullable().default(null),
    left: z.string().optional(),
    inner: z.object({ deep: z.object({ er: z.int().default(1) }).prefault({}) }),
    either: z.discriminatedUnion('k', [z.object({ k: z.literal('a') }), z.object({ k: z.literal('b'), n: z.int() })]),
    both: z.intersection(z.object({ a: z.int() }), z.object({ b: z.int() })),
    'a b': z.int(),
    nothing: z.null(),
    rows: Rows,
  }),
  json: Json,
  tree: Tree,
  maybeTree: Tree.nullable(),
};

type Codec = Pick<TaskCodec, 'interface' | 'defaultInputs'>;

/** The ref that is written of a task. */
const rewritten = (codec: Codec): ReturnType<typeof codecOfRef> => {
  const { source, leftOut } = refsSource([specOf('a.b', codec)], '');
  const [ref] = refsOf(source);
  if (ref === undefined) throw new Error(`no ref: ${JSON.stringify(leftOut)}`);
  return codecOfRef(ref);
};

/** What Flyte gets to know of a task's inputs and outputs. */
const known = (codec: Codec): unknown => [essence(codec.interface()), codec.defaultInputs()];

describe("the refs of this library's own tasks", () => {
  it.each(Object.entries(fields))('have the deployed interface: %s', (name, schema) => {
    const codecs = [
      new TaskCodec<unknown, unknown>({ inputs: z.object({ [name]: schema }) }),
      new TaskCodec<void, void, unknown, unknown>({ outputs: z.object({ [name]: schema }) }),
      new TaskCodec<void, void, unknown, unknown>({ outputs: z.union([schema]) }),
      new TaskCodec<void, void, unknown, unknown>({ outputs: z.tuple([schema, z.int()]) }),
    ];
    for (const codec of codecs) expect(known(rewritten(codec))).toEqual(known(codec));
  });

  it('say any JSON as zod does', () => {
    const codec = new TaskCodec<unknown, unknown>({ inputs: z.object({ json: Json }) });
    expect(refsSource([specOf('a.b', codec)], '').source).toContain('any: z.json(),');
  });

  it('have it for many types within types', () => {
    const leaf = fc.constantFrom(
      ...['string', 'int', 'number', 'boolean', 'datetime', 'bytes', 'file', 'enum', 'object', 'tree'],
    );
    const schemas: fc.Arbitrary<z.ZodType> = fc.letrec<{ schema: z.ZodType }>((tie) => ({
      schema: fc.oneof(
        { maxDepth: 3, depthSize: 'small' },
        leaf.map((name) => fields[name] ?? z.null()),
        tie('schema').map((schema) => z.array(schema)),
        tie('schema').map((schema) => z.record(z.string(), schema)),
        tie('schema').map((schema) => schema.nullable()),
        fc
          .dictionary(
            fc.string({ minLength: 1 }).filter((name) => name !== '__proto__'),
            tie('schema'),
            {
              minKeys: 1,
              maxKeys: 3,
            },
          )
          .map((shape) => z.object(shape)),
        fc.array(tie('schema'), { minLength: 1, maxLength: 2 }).map((items) => z.tuple([z.int(), ...items])),
      ),
    })).schema;
    fc.assert(
      fc.property(fc.array(schemas, { minLength: 1, maxLength: 3 }), (some) => {
        const named = Object.fromEntries(some.map((schema, index) => [`v${index}`, schema]));
        const schema = z.object(named);
        const codec = new TaskCodec<unknown, unknown, unknown, unknown>({ inputs: schema, outputs: schema });
        expect(known(rewritten(codec))).toEqual(known(codec));
      }),
      { numRuns: 150 },
    );
  });

  it('take and give what the task takes and gives', async () => {
    const schema = z.object({ tree: Tree, many: z.record(z.string(), z.union([z.int(), z.string()])) });
    const codec = new TaskCodec({ inputs: schema, outputs: schema });
    const again = rewritten(codec);
    const value = { tree: { name: 'a', kids: [{ name: 'b', kids: [] }] }, many: { x: 1, y: 'z' } };
    expect(await codec.decodeInputs(await again.encodeInputs(value))).toEqual(value);
    expect(await again.decodeOutputs(await codec.encodeOutputs(value))).toEqual(value);
  });
});
