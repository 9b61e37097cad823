import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../../literals/at.js';
import { asSchema, choicesOf, jsonType, mergeAllOf, resolveRef, stringsOf } from '../../literals/json-schema.js';
import { type JsonSchema, MARK } from '../../literals/standard-schema.js';
import { fieldNames } from './canonical.js';

/** Where a part of a type's metadata is from. */
export interface Place {
  /** The whole, into which references point. */
  readonly document: JsonSchema;
  /** By which kind of class Python wrote it: each has spellings of its own. */
  readonly python: 'pydantic' | 'dataclass' | 'dict';
  /** Whether this is the schema of a definition itself, and no use of it. */
  readonly defined?: boolean;
}

/** Where classes are kept, each under the name of its constant. */
export interface Classes {
  /** What a reference within a document points at. */
  refer(ref: string, place: Place): JsonSchema;
  /** A class that is written where it is used: the same class is the same definition. */
  define(node: JsonSchema, place: Place, title: string): JsonSchema;
}

/** The keyword for any JSON, as `z.json()` describes it. */
export const ANY_JSON = 'x-any-json';

/** Keywords that say nothing of which values there may be. */
const SILENT = ['title', 'description', 'default', '$defs', 'definitions', '$schema', '$comment', 'examples'];
const LIMITS = {
  string: ['minLength', 'maxLength', 'pattern', 'format'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  array: ['minItems', 'maxItems'],
} as const;

/**
 * The JSON schema of a type's metadata in the words that this library's own schemas have: references by the file's
 * constants, marks where Python's spelling stands for a class, `anyOf` for every choice. What has no counterpart becomes
 * the schema that takes anything, with a `$comment` that says what it was.
 */
export function understood(schema: unknown, place: Place, classes: Classes): JsonSchema {
  const node = asSchema(schema);
  const about = pick(node, ['description', 'default']);
  const mark = markOf(node);
  // What is said of it is what Python says of all files.
  if (mark !== undefined) return { ...pick(node, ['default']), [MARK]: mark };
  const { $ref, allOf } = node;
  if (typeof $ref === 'string') {
    const target = resolveRef(place.document, $ref);
    const targetMark = markOf(target);
    if (targetMark !== undefined) return { ...about, [MARK]: targetMark };
    if (Object.keys(target).length === 0) return anything(about, `the reference ${$ref}, which points nowhere`);
    return { ...about, ...(isJson(target, $ref) ? { [ANY_JSON]: true } : classes.refer($ref, inside(place))) };
  }
  if (Array.isArray(allOf)) {
    const parts: readonly unknown[] = allOf;
    if (parts.length === 1) return understood({ ...asSchema(parts[0]), ...about }, place, classes);
    const merged = mergeAllOf(node, (part) => followed(part, place.document));
    return understood(merged, place, classes);
  }
  const choices = choicesOf(node);
  if (choices?.length === 0) return anything(about, 'one of no kinds');
  if (choices !== undefined) {
    return { ...about, anyOf: choices.map((choice) => understood(choice, inside(place), classes)) };
  }
  const made = single(node, place, classes);
  // The definition says what is said of it.
  return '$ref' in made ? { ...pick(node, ['default']), ...made } : { ...about, ...made };
}

function single(node: JsonSchema, place: Place, classes: Classes): JsonSchema {
  const { const: constant, enum: listed } = node;
  const values: readonly unknown[] | undefined =
    'const' in node ? [constant] : Array.isArray(listed) ? listed : undefined;
  if (values !== undefined) {
    if (values.length === 0 || values.some((value) => typeof value === 'object' && value !== null))
      return anything({}, `one of ${values.length} values that are no text, number or truth`);
    return { type: typeof node['type'] === 'string' ? node['type'] : jsonType(values[0]), enum: [...values] };
  }
  const type = typeof node['type'] === 'string' ? node['type'] : typeBySigns(node);
  switch (type) {
    case 'string':
      return text(node, place);
    case 'integer':
      return node['format'] === 'int64' ? { [MARK]: 'bigint' } : { type, ...pick(node, LIMITS.number) };
    case 'number':
      return node['format'] === 'time-delta'
        ? { type: 'string', format: 'duration' }
        : { type, ...pick(node, LIMITS.number) };
    case 'boolean':
    case 'null':
      return { type };
    case 'array':
      return list(node, place, classes);
    case 'object':
      return object(node, place, classes);
    default: {
      const said = Object.keys(node).filter((keyword) => !SILENT.includes(keyword));
      return said.length === 0 ? {} : anything({}, `what is said by ${said.toSorted().join(', ')} alone`);
    }
  }
}

function text(node: JsonSchema, { python }: Place): JsonSchema {
  const { format } = node;
  // A dataclass's bytes travel as bytes, and Pydantic's of this format as text.
  if (format === 'binary' || (format === 'base64' && python === 'dataclass')) return { [MARK]: 'bytes' };
  if (format === 'date-time') return { type: 'string', ...pick(node, ['format', 'pattern']) };
  if (format === 'date' || format === 'duration') return { type: 'string', format };
  return { type: 'string', ...pick(node, LIMITS.string) };
}

function list(node: JsonSchema, place: Place, classes: Classes): JsonSchema {
  const { prefixItems, items } = node;
  const limits = pick(node, LIMITS.array);
  const each = (part: unknown): JsonSchema => understood(part, inside(place), classes);
  if (!Array.isArray(prefixItems) || prefixItems.length === 0) return { type: 'array', items: each(items), ...limits };
  // Python says the length, and not that there are no more.
  const closed = items === false || (items === undefined && node['maxItems'] === prefixItems.length);
  return { type: 'array', prefixItems: prefixItems.map(each), items: closed ? false : each(items) };
}

function object(node: JsonSchema, place: Place, classes: Classes): JsonSchema {
  const { properties, additionalProperties: values, title } = node;
  const each = (part: unknown): JsonSchema => understood(part, inside(place), classes);
  if (!isRecord(properties) || (Object.keys(properties).length === 0 && values !== undefined && values !== false)) {
    if ('patternProperties' in node) return anything({}, 'an object whose fields are known by patterns');
    return { type: 'object', additionalProperties: isRecord(values) ? each(values) : {} };
  }
  if (Object.hasOwn(properties, '__proto__')) return anything({}, 'an object with a field "__proto__"');
  // A class of its own.
  if (place.defined !== true && typeof title === 'string' && title !== '') return classes.define(node, place, title);
  const required = stringsOf(node['required']);
  const names = fieldNames(properties, required);
  return {
    type: 'object',
    ...(typeof title === 'string' && title !== '' && { title }),
    properties: Object.fromEntries(names.map((name) => [name, each(properties[name])])),
    required: names.filter((name) => required.includes(name)),
    additionalProperties: isRecord(values) ? each(values) : values === true ? {} : false,
    ...(place.python === 'pydantic' ? {} : { 'x-flyte-python': place.python }),
  };
}

/** A file or a directory: by its mark, or by its fields where a dataclass has one, of which Python writes no mark. */
function markOf(node: JsonSchema): string | undefined {
  const mark = node[MARK];
  if (mark === 'file' || mark === 'dir') return mark;
  if (node['type'] === 'object' && node['format'] === 'blob') return 'file';
  const { title, properties } = node;
  if ((title !== 'File' && title !== 'Dir') || !isRecord(properties)) return undefined;
  const isReference = Object.keys(properties).toSorted().join() === 'format,hash,name,path';
  return isReference ? title.toLowerCase() : undefined;
}

/** Whether a schema is that of `z.json()`, known by a reference. */
function isJson(schema: JsonSchema, $ref: string): boolean {
  const simple = ['string', 'number', 'boolean', 'null'].map((type) => ({ type }));
  const map = { type: 'object', propertyNames: { type: 'string' }, additionalProperties: { $ref } };
  return isDeepStrictEqual(schema, { anyOf: [...simple, { type: 'array', items: { $ref } }, map] });
}

function typeBySigns(node: JsonSchema): string | undefined {
  if ('items' in node || 'prefixItems' in node) return 'array';
  return 'properties' in node || 'additionalProperties' in node ? 'object' : undefined;
}

/** A schema in place of its reference. */
function followed(schema: unknown, document: JsonSchema, steps = 0): JsonSchema {
  const { $ref, ...rest } = asSchema(schema);
  if (typeof $ref !== 'string') return rest;
  return steps > 100 ? {} : { ...followed(resolveRef(document, $ref), document, steps + 1), ...rest };
}

function anything(about: JsonSchema, what: string): JsonSchema {
  return { ...about, $comment: what };
}

function pick(node: JsonSchema, keywords: readonly string[]): JsonSchema {
  return Object.fromEntries(keywords.flatMap((keyword) => (keyword in node ? [[keyword, node[keyword]]] : [])));
}

function inside({ document, python }: Place): Place {
  return { document, python };
}
