import { FlyteError } from '../../errors/flyte-error.js';
import { BlobType_BlobDimensionality, type LiteralType, SimpleType } from '../../gen/flyteidl2/core/types_pb.js';
import { type JsonSchema, MARK } from '../../literals/standard-schema.js';
import { canonical } from './canonical.js';
import { type Classes, type Place, understood } from './metadata.js';

const SIMPLE: ReadonlyMap<SimpleType, JsonSchema> = new Map([
  [SimpleType.INTEGER, { type: 'integer' }],
  [SimpleType.FLOAT, { type: 'number' }],
  [SimpleType.STRING, { type: 'string' }],
  [SimpleType.BOOLEAN, { type: 'boolean' }],
  [SimpleType.DATETIME, { type: 'string', format: 'date-time' }],
  [SimpleType.DURATION, { type: 'string', format: 'duration' }],
  [SimpleType.NONE, { type: 'null' }],
  [SimpleType.BINARY, { [MARK]: 'bytes' }],
]);

/** The transformers of the Python SDK whose objects this library can send: each by the kind of class. */
const PYTHON: ReadonlyMap<string, Place['python']> = new Map([
  ['', 'pydantic'],
  ['Pydantic Transformer', 'pydantic'],
  ['Typed Tuple', 'pydantic'],
  ['Object-Dataclass-Transformer', 'dataclass'],
  ['Typed Dict', 'dict'],
]);

const PICKLE_FORMAT = 'PythonPickle';

/**
 * The JSON schema that makes a type: the inverse of what this library makes of schemas, Python's own spellings included.
 *
 * @param classes where the classes go that the type names
 * @throws FlyteError `unimplemented` for a type that no schema makes; the message says what it is, such as "a DataFrame"
 */
export function schemaOfType(literalType: LiteralType, classes: Classes): JsonSchema {
  const { type, structure } = literalType;
  switch (type.case) {
    case 'simple': {
      if (type.value === SimpleType.STRUCT) return struct(literalType, classes);
      // Python says which of the two it is in unions alone.
      if (type.value === SimpleType.DATETIME && structure?.tag === 'date') return { type: 'string', format: 'date' };
      const simple = SIMPLE.get(type.value);
      if (simple !== undefined) return simple;
      throw inexpressible(`of Flyte's simple type ${SimpleType[type.value] ?? type.value}`);
    }
    case 'enumType':
      if (type.value.values.length === 0) throw inexpressible('an enumeration of no values');
      return { type: 'string', enum: [...new Set(type.value.values)] };
    case 'collectionType':
      return { type: 'array', items: schemaOfType(type.value, classes) };
    case 'mapValueType':
      return { type: 'object', additionalProperties: schemaOfType(type.value, classes) };
    case 'unionType': {
      const pickled = pickledClass(literalType);
      if (pickled === "<class 'bytes'>") return { [MARK]: 'bytes' };
      if (pickled !== undefined) throw inexpressible(`a Python object (${pickled}), which travels as a pickle`);
      if (type.value.variants.length === 0) throw inexpressible('a union of no types');
      return { anyOf: type.value.variants.map((variant) => schemaOfType(variant, classes)) };
    }
    case 'blob':
      if (type.value.format === PICKLE_FORMAT) throw inexpressible('a Python object, which travels as a pickle');
      return { [MARK]: type.value.dimensionality === BlobType_BlobDimensionality.MULTIPART ? 'dir' : 'file' };
    case 'structuredDatasetType':
    case 'schema':
      throw inexpressible('a DataFrame');
    default:
      throw inexpressible('of a type that this version does not know');
  }
}

function struct({ metadata, structure }: LiteralType, classes: Classes): JsonSchema {
  const tag = structure?.tag ?? '';
  const python = PYTHON.get(tag);
  if (python === undefined) throw inexpressible(`an object of Python's transformer ${JSON.stringify(tag)}`);
  const document = canonical(metadata ?? {}) as JsonSchema;
  if (Object.keys(document).length === 0) {
    if (tag === '' || python === 'dict') return { type: 'object', additionalProperties: {} };
    // A dataclass that refers to itself, or has fields of which Python makes no schema.
    const mark = python === 'dataclass' ? { 'x-flyte-python': python } : {};
    const $comment = 'an object whose fields Flyte does not know';
    return { type: 'object', properties: {}, required: [], additionalProperties: {}, ...mark, $comment };
  }
  if (typeof document['pb_type'] === 'string') throw inexpressible(`the protobuf message ${document['pb_type']}`);
  const schema = understood(document, { document, python, defined: isTuple(document, tag) }, classes);
  if (!isTuple(document, tag)) {
    if ('$ref' in schema || 'properties' in schema || 'additionalProperties' in schema) return schema;
    throw inexpressible('an object of which Flyte knows no fields');
  }
  const { properties = {} } = schema as { readonly properties?: Readonly<Record<string, unknown>> };
  const elements = Object.keys(properties).map((_, index) => properties[`item_${index}`]);
  return { type: 'array', prefixItems: elements, items: false };
}

/** A tuple, which Python wraps into a class of its own with the fields `item_0`, `item_1`, … */
function isTuple({ title, properties }: JsonSchema, tag: string): boolean {
  const isWrapped = tag === 'Typed Tuple' || (typeof title === 'string' && title.startsWith('TupleWrapper'));
  const names = Object.keys(properties ?? {});
  return isWrapped && names.length > 0 && names.every((_, index) => names.includes(`item_${index}`));
}

/** The class of a Python object that travels as a pickle; undefined for every other union. */
function pickledClass({ type, metadata }: LiteralType): string | undefined {
  if (type.case !== 'unionType') return undefined;
  const isPickle = type.value.variants.some(
    ({ type: one }) => one.case === 'blob' && one.value.format === PICKLE_FORMAT,
  );
  const name = metadata?.['python_class_name'];
  return isPickle ? (typeof name === 'string' ? name : 'of an unknown class') : undefined;
}

function inexpressible(what: string): FlyteError {
  return new FlyteError('unimplemented', what);
}
