import { FlyteError } from '../../errors/flyte-error.js';
import type { TaskSpec } from '../../gen/flyteidl2/task/task_definition_pb.js';
import { isRecord } from '../../literals/at.js';
import { Compiler } from '../../literals/compile.js';
import { asSchema } from '../../literals/json-schema.js';
import type { JsonSchema } from '../../literals/standard-schema.js';
import type { Code, Item } from './code.js';
import { Definitions } from './definitions.js';
import { fallbackSource, fieldFallback, withFallback, withUnsaidDefault } from './fallback.js';
import { Knots } from './knots.js';
import type { Names } from './ref-names.js';
import { type KnownVariable, knownVariables } from './variables.js';
import { commentSource, keySource, textSource } from './words.js';
import { around, type Written } from './written.js';
import { described, union, ZodSource } from './zod-source.js';

/** A task as TypeScript. */
export interface TaskSource {
  /** What goes one below the other: the classes of its inputs and outputs, then the ref. */
  readonly parts: readonly Item[];
  /** What it takes from `nestjs-flyte`, `taskRef` aside. */
  readonly imports: ReadonlySet<string>;
  /** Whether it takes zod. */
  readonly usesZod: boolean;
}

/** How a task's ref is to be. */
export interface RefStyle {
  /** The constant's name. */
  readonly constant: string;
  /** The version that the ref names; the latest without it. */
  readonly version: string | undefined;
  /** The names that the file has already. */
  readonly names: Names;
}

/**
 * Writes the ref of a task.
 *
 * @throws FlyteError `unimplemented` for a task that can't be called from here; the message says why, to put behind its name
 */
export function taskSource(spec: TaskSpec, { constant, version, names }: RefStyle): TaskSource {
  const { taskTemplate, defaultInputs, documentation } = spec;
  const { interface: typed, id } = taskTemplate ?? {};
  const definitions = new Definitions(names, constant);
  const inputs = knownVariables('inputs', typed?.inputs, defaultInputs, definitions);
  const outputs = knownVariables('outputs', typed?.outputs, [], definitions);
  for (const [side, variables] of Object.entries({ input: inputs, output: outputs })) {
    const twice = variables.find(({ name }, index) => variables[index + 1]?.name === name);
    if (twice) throw new FlyteError('unimplemented', `it has the ${side} ${JSON.stringify(twice.name)} twice`);
  }
  const needed = inputs.find(({ schema, optional }) => schema === undefined && !optional);
  if (needed) throw new FlyteError('unimplemented', `its input ${JSON.stringify(needed.name)} is ${needed.what}`);
  const knots = new Knots(definitions.schemas);
  const compiler = new Compiler(definitions.root);
  const source = new ZodSource(knots, fieldFallback(compiler));
  const classes = knots
    .inOrder([...inputs, ...outputs].map(({ schema }) => schema ?? {}))
    .map((name) => definition(name, definitions.schemas[name] ?? {}, source));
  const options = [
    ...(version === undefined ? [] : [{ notes: [], code: `version: ${textSource(version)}` }]),
    ...side('inputs', inputs, () => objectOf(inputs, (variable) => inputOf(variable, source, compiler))),
    ...side('outputs', outputs, () => outputsOf(outputs, source, compiler)),
  ];
  const opened = `export const ${constant} = taskRef(${textSource(id?.name ?? '')}`;
  const code: Code =
    options.length === 0 ? `${opened});` : [{ open: `${opened}, {`, items: options, close: '})' }, ';'];
  const doc = docOf(documentation?.shortDescription ?? '', id?.name ?? '');
  return {
    parts: [...classes, { notes: [], code: [doc, code] }],
    imports: source.imports,
    usesZod: [...inputs, ...outputs].some(({ schema }) => schema !== undefined) || inputs.length > 0,
  };
}

/** A class that the ref names. */
function definition(name: string, schema: JsonSchema, source: ZodSource): Item {
  const { code, type, notes } = source.define(name, schema);
  const typed = type === 'z.ZodType' ? ': z.ZodType' : '';
  const { description, title } = schema;
  const doc = typeof description === 'string' ? docOf(description, typeof title === 'string' ? title : name) : '';
  return { notes, code: [`${doc}export const ${name}${typed} = `, code, ';'] };
}

/** A comment that editors show, empty for no text. It begins with a name: an "@" there would speak to the compiler. */
function docOf(description: string, about: string): string {
  const line = commentSource(description);
  return line === '' ? '' : `/** ${commentSource(about)}: ${line} */\n`;
}

/** One of the two sides as an option; nothing where the task has none of it. */
function side(
  name: 'inputs' | 'outputs',
  variables: readonly KnownVariable[],
  write: () => Written | undefined,
): Item[] {
  if (variables.length === 0) return [];
  const written = write();
  if (written === undefined) return [{ notes: variables.map(leftOut), code: undefined }];
  return [{ notes: written.notes, code: [`${name}: `, written.code] }];
}

/** Variables by name. */
function objectOf(
  variables: readonly KnownVariable[],
  write: (variable: KnownVariable) => Written | undefined,
): Written {
  const items = variables.map((variable): Item => {
    const written = write(variable);
    if (written === undefined) return { notes: [leftOut(variable)], code: undefined };
    return { notes: written.notes, code: [`${keySource(variable.name)}: `, written.code] };
  });
  return { code: { open: 'z.object({', items, close: '})' }, type: '', notes: [] };
}

function inputOf(variable: KnownVariable, source: ZodSource, compiler: Compiler): Written | undefined {
  const { schema, description, optional, fallback, widened } = variable;
  if (schema === undefined) return undefined;
  const written = widened || (optional && fallback?.value === null) ? optionalOf(schema, source) : source.write(schema);
  const given = optional && !widened && fallback?.value !== null;
  const found = given && fallback !== undefined ? fallbackSource(schema, fallback.value, compiler) : undefined;
  const whole = !given ? written : found === undefined ? withUnsaidDefault(written) : withFallback(written, found);
  return described(whole, description, optional ? {} : schema);
}

/** What a caller may leave out, or give as null where the type admits None. */
function optionalOf(schema: JsonSchema, source: ZodSource): Written {
  const choices: readonly unknown[] = Array.isArray(schema['anyOf']) ? schema['anyOf'] : [];
  const isNullable = choices.length === 2 && asSchema(choices[1])['type'] === 'null';
  if (isNullable) return around('', source.write(asSchema(choices[0])), '.nullish()', '');
  return around('', source.write(schema), '.optional()', '');
}

/** One output that is `o0` is the result itself, several such are a tuple, and others have names. */
function outputsOf(outputs: readonly KnownVariable[], source: ZodSource, compiler: Compiler): Written | undefined {
  const write = ({ schema, description, widened }: KnownVariable): Written | undefined =>
    schema &&
    (widened
      ? described(around('', source.write(schema), '.optional()', ''), description)
      : described(source.write(schema), description, schema));
  const numbered = outputs.map((_, index) => outputs.find(({ name }) => name === `o${index}`));
  if (numbered.some((output) => output?.schema === undefined || output.widened))
    return outputs.every(({ schema }) => schema === undefined) ? undefined : objectOf(outputs, write);
  const [schema, ...others] = numbered.flatMap((output) => (output ? (write(output) ?? []) : []));
  if (schema === undefined || others.length > 0) {
    const items = [...(schema ? [schema] : []), ...others];
    const notes = items.flatMap((item) => item.notes);
    const elements = items.map(({ code }) => ({ notes: [], code }));
    return { code: { open: 'z.tuple([', items: elements, close: '])' }, type: '', notes };
  }
  const { properties, prefixItems } = compiler.resolve(numbered[0]?.schema);
  if (!isRecord(properties) && !Array.isArray(prefixItems)) return schema;
  const wrapped = union([schema]);
  return { ...wrapped, notes: ['One output. Without the union, its parts would be outputs.', ...wrapped.notes] };
}

function leftOut({ name, what }: KnownVariable): string {
  return `Left out: ${JSON.stringify(name)} is ${what}.`;
}
