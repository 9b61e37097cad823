import { isRecord } from '../../literals/at.js';
import { asSchema, stringsOf } from '../../literals/json-schema.js';
import { type JsonSchema, MARK } from '../../literals/standard-schema.js';
import type { Bracket, Item } from './code.js';
import { dateTimeOptions } from './date-times.js';
import { type Fallback, withFallback } from './fallback.js';
import { type Knots, nameOf } from './knots.js';
import { ANY_JSON } from './metadata.js';
import { keySource, textSource, valueSource } from './words.js';
import { around, chained, leaf, type Written } from './written.js';

const MARKED: Readonly<Record<string, Written>> = {
  bigint: leaf('z.bigint()', 'z.ZodBigInt'),
  bytes: leaf('z.instanceof(Uint8Array)', 'z.ZodCustom<Uint8Array, Uint8Array>'),
  file: leaf('z.instanceof(FlyteFile)', 'z.ZodCustom<FlyteFile, FlyteFile>'),
  dir: leaf('z.instanceof(FlyteDir)', 'z.ZodCustom<FlyteDir, FlyteDir>'),
};

const TEXTS: Readonly<Record<string, Written>> = {
  date: leaf('z.iso.date()', 'z.ZodISODate'),
  duration: leaf('z.iso.duration()', 'z.ZodISODuration'),
};

const UNKNOWN = leaf('z.unknown()', 'z.ZodUnknown');

/** What calls say in place of keywords. */
const CALLS: Readonly<Record<string, string>> = {
  ...{ minLength: 'min', maxLength: 'max', minItems: 'min', maxItems: 'max', minimum: 'min', maximum: 'max' },
  ...{ exclusiveMinimum: 'gt', exclusiveMaximum: 'lt', multipleOf: 'multipleOf' },
};

/** Writes schemas of this library's own kind as TypeScript that makes them by zod. */
export class ZodSource {
  /** What the source takes from `nestjs-flyte`. */
  readonly imports = new Set<string>();
  readonly #knots: Knots;
  readonly #fallback: Fallback;

  /**
   * @param knots which definitions refer to themselves
   * @param fallback what a default is, where it can be written down
   */
  constructor(knots: Knots, fallback: Fallback) {
    this.#knots = knots;
    this.#fallback = fallback;
  }

  /** @param within the definition that this is a part of */
  write(schema: JsonSchema, within?: string): Written {
    const { description, $comment } = schema;
    const written = this.#written(schema, within);
    const whole = typeof description === 'string' ? described(written, description, schema) : written;
    return typeof $comment === 'string' ? { ...whole, notes: [...whole.notes, `It is ${$comment}.`] } : whole;
  }

  #written(schema: JsonSchema, within: string | undefined): Written {
    const { $ref, anyOf, enum: listed, [MARK]: mark, type } = schema;
    if (typeof $ref === 'string') {
      const name = nameOf($ref);
      return leaf(name, `typeof ${name}`);
    }
    if (mark === 'file') this.imports.add('FlyteFile');
    if (mark === 'dir') this.imports.add('FlyteDir');
    if (typeof mark === 'string') return MARKED[mark] ?? UNKNOWN;
    if (schema[ANY_JSON] === true) return leaf('z.json()', 'z.ZodJSONSchema');
    if (Array.isArray(anyOf)) return this.#union(anyOf.map(asSchema), within);
    if (Array.isArray(listed)) return enumeration(listed);
    switch (type) {
      case 'string':
        return text(schema);
      case 'integer':
        return limited(leaf('z.int()', 'z.ZodInt'), schema);
      case 'number':
        return limited(leaf('z.number()', 'z.ZodNumber'), schema);
      case 'boolean':
        return leaf('z.boolean()', 'z.ZodBoolean');
      case 'null':
        return leaf('z.null()', 'z.ZodNull');
      case 'array':
        return this.#list(schema, within);
      case 'object':
        return this.#object(schema, within);
      default:
        return UNKNOWN;
    }
  }

  /** A definition, to be assigned to the constant of its name. Its description would be that of whatever is of it. */
  define(name: string, schema: JsonSchema): Written {
    const written = this.write({ ...schema, description: undefined }, name);
    // The getters of an object put off what it refers to. Nothing else has such.
    if (!this.#knots.isTied(name) || isRecord(schema['properties'])) return written;
    if ('$ref' in schema) return UNKNOWN;
    return { ...written, code: ['z.lazy(() => ', written.code, ')'], type: 'z.ZodType' };
  }

  #union(choices: readonly JsonSchema[], within: string | undefined): Written {
    const written = choices.map((choice) => this.write(choice, within));
    const [first] = written;
    if (first === undefined) return UNKNOWN;
    const isNullable = written.length === 2 && isNull(choices[1]) && !isNull(choices[0]);
    return isNullable ? around('', first, '.nullable()', 'z.ZodNullable') : union(written);
  }

  #list(schema: JsonSchema, within: string | undefined): Written {
    const { prefixItems, items } = schema;
    if (!Array.isArray(prefixItems)) {
      return limited(around('z.array(', this.write(asSchema(items), within), ')', 'z.ZodArray'), schema);
    }
    const elements = prefixItems.map((element) => this.write(asSchema(element), within));
    const rest = items === false ? undefined : this.write(asSchema(items), within);
    const tail = rest === undefined ? ')' : [', ', rest.code, ')'];
    return {
      code: [bracket('z.tuple([', elements, ']'), tail].flat(),
      type: `z.ZodTuple<[${elements.map((element) => element.type).join(', ')}], ${rest?.type ?? 'null'}>`,
      notes: [...elements, ...(rest === undefined ? [] : [rest])].flatMap(({ notes }) => notes),
    };
  }

  #object(schema: JsonSchema, within: string | undefined): Written {
    const { properties, additionalProperties: values, title, 'x-flyte-python': python } = schema;
    if (!isRecord(properties)) {
      const value = this.write(asSchema(values), within);
      return { ...around('z.record(z.string(), ', value, ')', ''), type: `z.ZodRecord<z.ZodString, ${value.type}>` };
    }
    const required = new Set(stringsOf(schema['required']));
    const fields = Object.entries(properties).map(([name, field]) => {
      const written = this.#field(asSchema(field), required.has(name), within);
      return { name, written, item: fieldItem(name, written, this.#knots.ties(field, within)) };
    });
    // What its own further fields would be is not there yet while a class that refers to itself is made.
    const isLoose = isRecord(values) && (Object.keys(values).length === 0 || this.#knots.ties(values, within));
    const rest = isRecord(values) && !isLoose ? this.write(values, within) : undefined;
    const meta = metaOf({
      ...(typeof title === 'string' && title !== '' && { title }),
      ...(typeof python === 'string' && { 'x-flyte-python': python }),
    });
    const open = isLoose ? 'z.looseObject({' : 'z.object({';
    const tail = [...(rest === undefined ? [] : ['.catchall(', rest.code, ')']), meta];
    const kind = rest === undefined ? (isLoose ? 'z.core.$loose' : 'z.core.$strip') : `z.core.$catchall<${rest.type}>`;
    const types = fields.map(({ name, written }) => `${keySource(name)}: ${written.type}`).join('; ');
    return {
      code: [{ open, items: fields.map(({ item }) => item), close: '})' }, ...tail],
      type: `z.ZodObject<{ ${types} }, ${kind}>`,
      notes: rest?.notes ?? [],
    };
  }

  #field(schema: JsonSchema, required: boolean, within: string | undefined): Written {
    const written = this.write(schema, within);
    if (required) return written;
    if (!('default' in schema)) return around('', written, '.optional()', 'z.ZodOptional');
    return withFallback(written, this.#fallback(schema, schema['default']));
  }
}

function isNull(schema: JsonSchema | undefined): boolean {
  return schema?.['type'] === 'null';
}

/** A field; a getter where its class refers to itself by it, and so is not there yet. */
function fieldItem(name: string, { code, type, notes }: Written, isTied: boolean): Item {
  const key = keySource(name);
  if (!isTied) return { notes, code: [`${key}: `, code] };
  const getter: Bracket = {
    open: `get ${key}(): ${type} {`,
    items: [{ notes: [], code: ['return ', code] }],
    close: '}',
    separator: ';',
  };
  return { notes, code: getter };
}

/** One of several. */
export function union(choices: readonly Written[]): Written {
  return {
    code: bracket('z.union([', choices, '])'),
    type: `z.ZodUnion<readonly [${choices.map(({ type }) => type).join(', ')}]>`,
    notes: choices.flatMap(({ notes }) => notes),
  };
}

/** The same with a description, where there is one; `schema` is what was written, unless more has been put around that. */
export function described(written: Written, description: string, { [MARK]: mark }: JsonSchema = {}): Written {
  if (description === '') return written;
  // A copy that zod makes of `z.instanceof()` has forgotten its class, so its mark has to say what it is.
  const isInstance = mark === 'file' || mark === 'dir' || mark === 'bytes';
  return chained(written, isInstance ? metaOf({ description, [MARK]: mark }) : `.describe(${textSource(description)})`);
}

/** The call that says of a schema what is for other readers; empty where there is nothing to say. */
function metaOf(meta: Readonly<Record<string, string>>): string {
  return Object.keys(meta).length === 0 ? '' : `.meta(${valueSource(meta) ?? ''})`;
}

function bracket(open: string, parts: readonly Written[], close: string): Bracket {
  return { open, close, items: parts.map(({ code }) => ({ notes: [], code })) };
}

function enumeration(values: readonly unknown[]): Written {
  const sources = values.flatMap((value) => valueSource(value) ?? []);
  const items = sources.map((code) => ({ notes: [], code }));
  if (values.every((value) => typeof value === 'string')) {
    const type = `z.ZodEnum<{ ${values.map((value) => `${keySource(value)}: ${textSource(value)}`).join('; ')} }>`;
    return leaf({ open: 'z.enum([', items, close: '])' }, type);
  }
  if (values.length === 1 && values[0] === null) return leaf('z.null()', 'z.ZodNull');
  const type = `z.ZodLiteral<${sources.join(' | ')}>`;
  return leaf(
    sources.length === 1 ? `z.literal(${sources[0] ?? ''})` : { open: 'z.literal([', items, close: '])' },
    type,
  );
}

function text(schema: JsonSchema): Written {
  const { format, pattern } = schema;
  if (format === 'date-time') return leaf(`z.iso.datetime(${dateTimeOptions(pattern)})`, 'z.ZodISODateTime');
  const known = typeof format === 'string' && Object.hasOwn(TEXTS, format) ? TEXTS[format] : undefined;
  if (known !== undefined) return known;
  // Said, and not checked here: another language's expression may mean something else, or take forever.
  const meta = metaOf({
    ...(typeof format === 'string' && { format }),
    ...(typeof pattern === 'string' && { pattern }),
  });
  return chained(limited(leaf('z.string()', 'z.ZodString'), schema), meta);
}

/** The same with what its keywords limit, but for limits that zod's `z.int()` has anyway. */
function limited(written: Written, schema: JsonSchema): Written {
  const calls = Object.entries(CALLS).flatMap(([keyword, call]) => {
    const limit = schema[keyword];
    if (typeof limit !== 'number' || !Number.isFinite(limit)) return [];
    const isOwn = schema['type'] === 'integer' && Math.abs(limit) >= Number.MAX_SAFE_INTEGER;
    return isOwn || (keyword === 'multipleOf' && limit <= 0) ? [] : [`.${call}(${limit})`];
  });
  return chained(written, calls.join(''));
}
