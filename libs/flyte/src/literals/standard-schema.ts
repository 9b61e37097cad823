import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import * as z from 'zod';
import { FlyteError } from '../errors/flyte-error.js';
import { isRecord, step } from './at.js';
import { DIR_JSON_SCHEMA, FlyteDir } from './dir.js';
import { FILE_JSON_SCHEMA, FlyteFile } from './file.js';
import { hideProtoKeys, showProtoKey, showProtoKeys } from './proto-key.js';

/** A JSON schema, draft 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The keyword by which a JSON schema says which native value travels: one of {@link MARKS}. */
export const MARK = 'x-flyte-type';

/** What a schema may be marked as, `.meta({ 'x-flyte-type': 'bytes' })` in zod. */
export const MARKS = ['date', 'bigint', 'bytes', 'file', 'dir'] as const;

/** The keyword that says a field has a default, for defaults that JSON cannot show. */
export const HAS_DEFAULT = 'x-flyte-has-default';

/** The keyword for the members of Python's Enum, `{ NAME: value }`. */
export const MEMBERS = 'x-flyte-enum';

/** The keyword for the keys of a map that are numbers. */
export const KEYS = 'x-flyte-keys';

/** The keyword for the kind of class that an object is declared by in Python, where the schema can't tell. */
export const PYTHON = 'x-flyte-python';

/** How each mark looks to readers of JSON schemas that don't know it. */
const MARKED: Readonly<Record<(typeof MARKS)[number], JsonSchema>> = {
  date: { [MARK]: 'date', type: 'string', format: 'date-time' },
  bigint: { [MARK]: 'bigint', type: 'integer', format: 'int64' },
  bytes: { [MARK]: 'bytes', type: 'string', format: 'binary' },
  file: FILE_JSON_SCHEMA,
  dir: DIR_JSON_SCHEMA,
};

/**
 * The JSON schema of what a schema takes, with marks on what JSON cannot hold. What a sender gives and what travels is
 * the schema's input; its output exists at the receiver only.
 *
 * @throws FlyteError `invalid_configuration` where the schema gives no JSON schema, with the fix
 */
export function jsonSchemaOf(schema: StandardSchemaV1): JsonSchema {
  try {
    if (isZod(schema)) return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', override: markZod });
    if (givesJsonSchema(schema)) return schema['~standard'].jsonSchema.input({ target: 'draft-2020-12' });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'unknown error';
    throw new FlyteError('invalid_configuration', `The schema cannot be described as JSON schema: ${why}`, { cause });
  }
  throw new FlyteError(
    'invalid_configuration',
    `A schema of ${JSON.stringify(schema['~standard'].vendor)} gives no JSON schema, from which Flyte's types are made: ` +
      'use zod 4, or a library that implements Standard JSON Schema (`~standard.jsonSchema`).',
  );
}

/**
 * Validates a value and gives what the schema parses it to.
 *
 * @param place the value's path by its steps below the root, such as `inputs.text`
 * @throws FlyteError `invalid_argument` naming each wrong field
 */
export async function parse<Output>(
  schema: StandardSchemaV1<unknown, Output>,
  value: unknown,
  place: (path: readonly PropertyKey[]) => string,
): Promise<Output> {
  // Libraries pass over the key "__proto__", or drop it: by another name it is validated and kept like any other.
  const hidden = hideProtoKeys(value);
  const result = await schema['~standard'].validate(hidden);
  if (result.issues === undefined) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same value, with that key
    return hidden === value ? result.value : (showProtoKeys(result.value) as Output);
  }
  const lines = result.issues.slice(0, 10).map(({ message, path = [] }) => {
    const keys = path.map((segment) => (typeof segment === 'object' ? segment.key : segment));
    return `${place(keys.map((key) => (typeof key === 'string' ? showProtoKey(key) : key)))}: ${showProtoKey(message)}`;
  });
  const more = result.issues.length > lines.length ? `, and ${result.issues.length - lines.length} more` : '';
  throw new FlyteError('invalid_argument', lines.join('; ') + more);
}

/** A path in words: `.users[2].name`. */
export function pathOf(path: readonly PropertyKey[]): string {
  return path.map((key) => step(typeof key === 'symbol' ? String(key) : key)).join('');
}

function isZod(schema: object): schema is z.core.$ZodType {
  return '_zod' in schema;
}

function givesJsonSchema(schema: StandardSchemaV1): schema is StandardSchemaV1 & StandardJSONSchemaV1 {
  return 'jsonSchema' in schema['~standard'] && isRecord(schema['~standard'].jsonSchema);
}

/** Marks what zod leaves open in JSON schema. A mark that the user put there stays. */
function markZod({
  zodSchema,
  jsonSchema,
}: {
  zodSchema: z.core.$ZodTypes;
  jsonSchema: z.core.JSONSchema.BaseSchema;
}): void {
  const { def } = zodSchema._zod;
  const given = MARKS.find((mark) => jsonSchema[MARK] === mark);
  if (given !== undefined) Object.assign(jsonSchema, MARKED[given]);
  if (MARK in jsonSchema) return;
  switch (def.type) {
    case 'string':
      // zod leaves it out of those that take text without a zone, or without seconds.
      if ([def, ...(def.checks ?? []).map((check) => check._zod.def)].some(isDateTime))
        jsonSchema.format ??= 'date-time';
      return;
    case 'enum': {
      const members = namedMembers(def.entries);
      if (members !== undefined) jsonSchema[MEMBERS] ??= members;
      return;
    }
    case 'number':
      if ('format' in def && (def.format === 'float64' || def.format === 'float32')) jsonSchema.format ??= 'double';
      return;
    case 'record':
      // Of keys that are no text, Python makes no map.
      if (def.keyType._zod.def.type === 'number') jsonSchema[KEYS] ??= 'number';
      if (KEYS in jsonSchema || isNamedEnum(def.keyType)) jsonSchema[PYTHON] ??= 'dict';
      return;
    case 'object':
      // zod drops fields it doesn't know, so they need not travel.
      jsonSchema.additionalProperties ??= false;
      return;
    case 'default':
    case 'prefault':
      jsonSchema[HAS_DEFAULT] = true;
      return;
    case 'date':
    case 'bigint':
      Object.assign(jsonSchema, MARKED[def.type]);
      return;
    case 'nan':
      jsonSchema.type = 'number';
      return;
    case 'literal':
      if (def.values.some((value) => typeof value === 'bigint')) {
        delete jsonSchema.const;
        delete jsonSchema.enum;
        Object.assign(jsonSchema, MARKED.bigint);
      }
      return;
    case 'custom':
    case 'transform': {
      const mark = markOfClass(zodSchema._zod.bag['Class']);
      if (mark !== undefined) Object.assign(jsonSchema, MARKED[mark]);
      else if (Object.keys(jsonSchema).every((keyword) => ['title', 'description', 'default'].includes(keyword))) {
        jsonSchema[MARK] = `unsupported:${def.type}`;
      }
      return;
    }
    case 'file':
    case 'map':
    case 'set':
    case 'symbol':
    case 'undefined':
    case 'void':
    case 'never':
    case 'function':
    case 'promise':
      jsonSchema[MARK] = `unsupported:${def.type}`;
      return;
    default:
      return;
  }
}

/** `{ NAME: value }` of an enum whose names are not its values; without the way back that TypeScript gives to numbers. */
function namedMembers(entries: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!isRecord(entries)) return undefined;
  const numbers = new Set(Object.values(entries).filter((value) => typeof value === 'number'));
  const members = Object.entries(entries).filter(([name]) => !numbers.has(Number(name)));
  return members.some(([name, value]) => name !== value) ? Object.fromEntries(members) : undefined;
}

function isNamedEnum({ _zod: { def } }: z.core.$ZodType): boolean {
  return def.type === 'enum' && 'entries' in def && namedMembers(def.entries) !== undefined;
}

/** Whether it is `z.iso.datetime()`, or the check of `z.string().datetime()`. */
function isDateTime(def: object): boolean {
  return 'format' in def && def.format === 'datetime';
}

/** What `z.instanceof(Class)` travels as. */
function markOfClass(type: unknown): (typeof MARKS)[number] | undefined {
  if (typeof type !== 'function') return undefined;
  const isA = (base: object): boolean => type === base || Object.prototype.isPrototypeOf.call(base, type);
  if (isA(Uint8Array)) return 'bytes';
  if (isA(Date)) return 'date';
  if (isA(FlyteDir)) return 'dir';
  return isA(FlyteFile) ? 'file' : undefined;
}
