import { FlyteError } from '../../errors/flyte-error.js';
import { At, isRecord } from '../../literals/at.js';
import type { Compiler } from '../../literals/compile.js';
import type { JsonSchema } from '../../literals/standard-schema.js';
import { valueSource } from './words.js';
import { around, chained, type Written } from './written.js';

/** A default as TypeScript: what a schema parses to, or what it parses. */
export interface FallbackSource {
  readonly source: string;
  readonly call: 'default' | 'prefault';
}

/** The default that a schema's keyword `default` says; undefined where it can't be written down. */
export type Fallback = (schema: JsonSchema, value: unknown) => FallbackSource | undefined;

/** Defaults of fields, as values of what the schema describes: Python writes some in another form. */
export function fieldFallback(compiler: Compiler): Fallback {
  return (schema, value) => {
    const native = attempt(() => {
      const packer = compiler.packer(schema, 'default');
      const read = packer.unpack(value, new At('default'));
      return packer.fits(read) ? { read } : undefined;
    });
    return native === undefined ? undefined : fallbackSource(schema, native.read, compiler);
  };
}

/** A value as the default of a schema that it fits. */
export function fallbackSource(schema: JsonSchema, value: unknown, compiler: Compiler): FallbackSource | undefined {
  const source = attempt(() => (isKnown(schema, value, compiler) ? valueSource(value) : undefined));
  if (source === undefined) return undefined;
  // Of an object with fields a default is whole, and what Python writes may lack those that have defaults themselves.
  const isEmpty = source === '[]' || (source === '{}' && !('properties' in compiler.resolve(schema)));
  const isPlain = typeof value !== 'object' || value === null || isEmpty;
  return { source, call: isPlain ? 'default' : 'prefault' };
}

/** A field that may be left out. */
export function withFallback(written: Written, fallback: FallbackSource | undefined): Written {
  if (fallback !== undefined) {
    const { call, source } = fallback;
    return around('', written, `.${call}(${source})`, call === 'default' ? 'z.ZodDefault' : 'z.ZodPrefault');
  }
  const optional = around('', written, '.optional()', 'z.ZodOptional');
  return { ...optional, notes: [...optional.notes, NO_DEFAULT] };
}

/** A variable that may be left out though nobody here can say what it is then; the mark keeps its type from admitting None. */
export function withUnsaidDefault(written: Written): Written {
  const optional = withFallback(written, undefined);
  return chained(optional, ".meta({ 'x-flyte-has-default': true })");
}

const NO_DEFAULT = 'Its default has no counterpart here: the task fills it in.';

/** Whether a value has no fields that its schema doesn't know, of which TypeScript would complain. */
function isKnown(schema: unknown, value: unknown, compiler: Compiler): boolean {
  const { properties, additionalProperties: rest, items, prefixItems, anyOf } = compiler.resolve(schema);
  if (Array.isArray(anyOf)) return anyOf.some((choice) => isKnown(choice, value, compiler));
  if (Array.isArray(value)) {
    const first: readonly unknown[] = Array.isArray(prefixItems) ? prefixItems : [];
    return value.every((item, index) => isKnown(first[index] ?? items, item, compiler));
  }
  if (!isRecord(value)) return true;
  const fields = isRecord(properties) ? properties : {};
  return Object.entries(value).every(([name, field]) =>
    Object.hasOwn(fields, name)
      ? isKnown(fields[name], field, compiler)
      : isRecord(rest) && isKnown(rest, field, compiler),
  );
}

/** What is found, unless the values or the schemas won't have it. */
export function attempt<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch (error) {
    // A schema that refers to itself without end overflows the stack of what walks through it.
    if (FlyteError.is(error) || error instanceof RangeError) return undefined;
    throw error;
  }
}
