import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { isRecord, own } from './at.js';
import { HAS_DEFAULT, type JsonSchema, KEYS, MARK, MEMBERS } from './standard-schema.js';

/** A boolean schema as an object: `true` takes anything, `false` nothing. */
export function asSchema(schema: unknown): JsonSchema {
  if (schema === false) return { not: {} };
  return isRecord(schema) ? schema : {};
}

/** The schema that a `$ref` within the document points at; the empty schema where it points nowhere. */
export function resolveRef(root: JsonSchema, ref: string): JsonSchema {
  if (!ref.startsWith('#')) return {};
  let target: unknown = root;
  for (const segment of decodeURIComponent(ref.slice(1)).split('/').slice(1)) {
    const name = segment.replaceAll('~1', '/').replaceAll('~0', '~');
    target = isRecord(target) ? own(target, name) : undefined;
  }
  return asSchema(target);
}

/** One schema for an `allOf`: fields and required fields of all, otherwise the last that says something. */
export function mergeAllOf(schema: JsonSchema, resolve: (schema: unknown) => JsonSchema): JsonSchema {
  const { allOf, ...rest } = schema;
  if (!Array.isArray(allOf)) return schema;
  const parts = [...allOf.map((part) => mergeAllOf(resolve(part), resolve)), rest];
  const merged: Record<string, unknown> = Object.fromEntries(parts.flatMap((part) => Object.entries(part)));
  if (parts.some((part) => isRecord(part['properties']))) {
    merged['properties'] = Object.fromEntries(parts.flatMap((part) => Object.entries(asSchema(part['properties']))));
    merged['required'] = parts.flatMap((part) => stringsOf(part['required']));
  }
  return merged;
}

/** The texts of a keyword that lists texts. */
export function stringsOf(value: unknown): readonly string[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  return items.filter((item) => typeof item === 'string');
}

/** The schemas one of which must fit, where a schema is a choice: `anyOf`, `oneOf`, several types, mixed values. */
export function choicesOf(schema: JsonSchema): readonly unknown[] | undefined {
  const { anyOf, oneOf, ...rest } = schema;
  const choices: readonly unknown[] | undefined = Array.isArray(anyOf)
    ? anyOf
    : Array.isArray(oneOf)
      ? oneOf
      : undefined;
  if (choices !== undefined) return choices;
  const { type, enum: listed, ...other } = rest;
  const values: readonly unknown[] | undefined = Array.isArray(listed) ? listed : undefined;
  const names: readonly unknown[] = Array.isArray(type) ? type : [];
  if (values === undefined) return names.length === 0 ? undefined : names.map((name) => ({ ...other, type: name }));
  const kinds = [...new Set(values.map(jsonType))];
  if (typeof type === 'string' || (kinds.length < 2 && names.length === 0)) return undefined;
  return kinds.map((kind) => ({ ...other, type: kind, enum: values.filter((value) => jsonType(value) === kind) }));
}

/** The JSON type of a value that a schema lists. */
export function jsonType(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return Array.isArray(value) ? 'array' : typeof value;
}

/**
 * A part of a JSON schema that stands on its own, for the metadata of a type: plain JSON, with the definitions it
 * refers to, without our own keywords but the one that Python knows too.
 */
export function standalone(schema: JsonSchema, root: JsonSchema, title: string): JsonObject {
  const refers = /"\$ref"/.test(JSON.stringify(toJson(schema)));
  const { $defs, definitions, ...rest } = schema;
  const definitionsOf = (value: unknown): JsonObject => jsonObject(asSchema(value));
  const whole = { ...definitionsOf(root['$defs']), ...definitionsOf(root['definitions']) };
  const own = { ...definitionsOf($defs), ...definitionsOf(definitions) };
  return {
    ...(schema === root ? jsonObject(schema) : jsonObject(rest)),
    title: typeof schema['title'] === 'string' ? schema['title'] : title,
    ...(refers && { $defs: { ...whole, ...own } }),
  };
}

/** What nobody else reads. */
const OURS = new Set(['$schema', HAS_DEFAULT, MEMBERS, KEYS]);

function jsonObject(schema: JsonSchema): JsonObject {
  const entries = Object.entries(schema).flatMap(([keyword, value]): [string, JsonValue][] => {
    if (OURS.has(keyword) || (keyword === MARK && value !== 'file' && value !== 'dir')) return [];
    const json = toJson(value);
    return json === undefined ? [] : [[keyword, json]];
  });
  const json: JsonObject = Object.fromEntries(entries);
  // What travels inside an object is a number of seconds, which is also how the official SDK describes a timedelta.
  if (json['type'] === 'string' && json['format'] === 'duration') {
    const { pattern: _, ...rest } = json;
    return { ...rest, type: 'number', format: 'time-delta' };
  }
  return Array.isArray(json['type']) ? withoutTypeLists(json, json['type']) : json;
}

/** A choice of types as `anyOf`: the official SDK rebuilds classes from that, and not from `type: [...]`. */
function withoutTypeLists(schema: JsonObject, types: readonly JsonValue[]): JsonObject {
  const about = ['title', 'description', 'default'];
  const entries = Object.entries(schema).filter(([keyword]) => keyword !== 'type');
  const own = Object.fromEntries(entries.filter(([keyword]) => !about.includes(keyword)));
  return {
    ...Object.fromEntries(entries.filter(([keyword]) => about.includes(keyword))),
    anyOf: types.map((type) => (type === 'null' ? { type } : { ...own, type })),
  };
}

function toJson(value: unknown): JsonValue | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (Array.isArray(value)) return value.flatMap((item) => toJson(item) ?? []);
  return isRecord(value) ? jsonObject(value) : undefined;
}
