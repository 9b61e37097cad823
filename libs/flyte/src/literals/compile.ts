import { equals } from '@bufbuild/protobuf';
import { type LiteralType, LiteralTypeSchema } from '../gen/flyteidl2/core/types_pb.js';
import { type At, isRecord, own, step } from './at.js';
import { bytesShape } from './bytes.js';
import { listShape, packedList, packedRecord, recordShape } from './containers.js';
import { dirShape } from './dir.js';
import { ambiguousMember, enumShape, isTexts, membersOf, memberShape } from './enums.js';
import { fileShape } from './file.js';
import { asSchema, choicesOf, jsonType, mergeAllOf, resolveRef, standalone, stringsOf } from './json-schema.js';
import { anything } from './msgpack.js';
import {
  bigintShape,
  booleanShape,
  exactFloatShape,
  floatShape,
  integerShape,
  noneShape,
  numberPacker,
  only,
  stringShape,
} from './scalars.js';
import type { Packer, Shape } from './shape.js';
import { type JsonSchema, KEYS, MARK, PYTHON } from './standard-schema.js';
import { dictShape, packedObject, structShape, wrappedTuple } from './struct.js';
import { dateTimeShape, dayShape, durationShape } from './time.js';
import { packedUnion, sharedShape, unionShape } from './union.js';

/** Lists of lists: each level takes two messages of the hundred that protobuf readers allow, a union four. */
const MAX_LEVELS = 12;

/** What to write instead of what Flyte cannot hold. */
const INSTEAD: Readonly<Record<string, string>> = {
  map: 'use z.record(z.string(), …)',
  set: 'use z.array(…)',
  file: 'use z.instanceof(FlyteFile), which carries the URI of a stored file',
  undefined: 'use .optional()',
  void: 'leave the schema out',
  custom:
    'say what travels: .meta({ "x-flyte-type": "date" | "bigint" | "bytes" | "file" | "dir" }), or .meta({ type: "string" })',
  transform: 'put a schema of what comes in before the transform, such as z.string().transform(…)',
};

const PYDANTIC = 'Pydantic Transformer';

/** The classes of Python by which an object may be declared there: `.meta({ 'x-flyte-python': 'dataclass' })`. */
const PYTHON_TAGS: Readonly<Record<string, string>> = {
  pydantic: PYDANTIC,
  dataclass: 'Object-Dataclass-Transformer',
  dict: 'Typed Dict',
};

/** Makes shapes of one JSON schema and its parts, and collects what is wrong instead of stopping at the first. */
export class Compiler {
  /** What Flyte cannot hold, each with its path and the fix. */
  readonly problems: string[] = [];
  readonly #root: JsonSchema;
  readonly #named = new Map<string, Packer>();
  /** Problems of literals alone: inside an object there are none. */
  readonly #literalOnly = new Set<string>();

  /** @param root the document that `$ref` points into */
  constructor(root: JsonSchema) {
    this.#root = root;
  }

  /** A schema with its references followed and its `allOf` merged. */
  resolve(schema: unknown, steps = 0): JsonSchema {
    // References that lead only to each other say nothing.
    if (steps > 100) return {};
    const { $ref, ...rest } = asSchema(schema);
    if (typeof $ref !== 'string') return mergeAllOf(asSchema(schema), (part) => this.resolve(part, steps + 1));
    return this.resolve({ ...resolveRef(this.#root, $ref), ...rest }, steps + 1);
  }

  /**
   * How a variable travels, or a part of one that is a literal of its own.
   *
   * @param path for messages
   * @param refs the references followed to get here: a literal's type cannot refer to itself
   */
  shape(schema: unknown, path: string, refs: readonly string[] = []): Shape {
    const found = this.#variants(schema, path, refs);
    const texts = found.flatMap((shape) => (isTexts(shape) ? shape.texts : []));
    const merged = found.flatMap((shape, index) => {
      if (!isTexts(shape)) {
        const same = found.filter((other) => sameType(other, shape));
        if (same[0] !== shape || found.indexOf(shape) !== index) return [];
        const others = same.filter((other, at) => same.indexOf(other) === at && at > 0);
        return [others.length === 0 ? shape : sharedShape(shape, others)];
      }
      return found.findIndex(isTexts) === index ? [enumShape([...new Set(texts)])] : [];
    });
    const [single] = merged;
    return single !== undefined && merged.length === 1 ? single : unionShape(merged);
  }

  #variants(schema: unknown, path: string, refs: readonly string[]): readonly Shape[] {
    const ref = asSchema(schema)['$ref'];
    if (typeof ref === 'string' && refs.includes(ref)) {
      return [this.#problemOfLiteral(path, 'refers to itself, which only an object may: put it into a field of one')];
    }
    if (refs.length > 50 || path.length > 2000)
      return [this.#problemOfLiteral(path, 'nests too deeply: put it into an object')];
    const seen = typeof ref === 'string' ? [...refs, ref] : refs;
    const node = this.resolve(schema);
    const choices = this.#marked(node) === undefined ? choicesOf(node) : undefined;
    return choices?.flatMap((choice) => this.#variants(choice, path, seen)) ?? [this.#single(node, path, seen)];
  }

  #single(node: JsonSchema, path: string, refs: readonly string[]): Shape {
    const leaf = this.#leaf(node, path);
    if (leaf !== undefined) return leaf;
    if (path.split(/\[\]|\[\*\]/).length > MAX_LEVELS)
      return this.#problemOfLiteral(path, 'nests too deeply: put it into an object');
    if (isList(node)) {
      const { prefixItems, items } = node;
      if (Array.isArray(prefixItems)) return this.#tuple(node, prefixItems, path);
      if (items !== undefined && items !== true) return listShape(this.shape(items, `${path}[]`, refs));
      return this.#problemOfLiteral(path, 'is a list of anything: say of what, such as z.array(z.string())');
    }
    if (isObject(node)) {
      const { additionalProperties: values } = node;
      if (isRecord(node['properties'])) return this.#struct(node, path);
      // Python writes what has no text for keys, or no type for values, as one message.
      if (node[PYTHON] === 'dict') return dictShape(this.packer(node, path));
      if (isRecord(values) && Object.keys(values).length > 0) {
        const before = this.problems.length;
        const shape = this.shape(values, `${path}[*]`, refs);
        const found = this.problems.slice(before);
        if (!found.some((line) => this.#literalOnly.has(line))) return recordShape(shape);
        // What cannot be a literal of its own, such as any JSON, still travels inside a dict.
        this.problems.splice(before, found.length, ...found.filter((line) => !this.#literalOnly.has(line)));
        return dictShape(this.packer(node, path));
      }
      return dictShape(packedRecord(anything));
    }
    return this.#problemOfLiteral(
      path,
      'takes anything: say what travels, or put it into an object, whose fields may hold any JSON',
    );
  }

  /**
   * How a value travels inside an object.
   *
   * @param among whether it is one of several kinds of value, null aside
   */
  packer(schema: unknown, path: string, among = false): Packer {
    const ref = asSchema(schema)['$ref'];
    if (typeof ref !== 'string') return this.#packerOf(this.resolve(schema), path, among);
    const members = membersOf(this.resolve(schema));
    if (members !== undefined && among) return memberShape(members, 'values');
    const known = this.#named.get(ref);
    if (known !== undefined) return known;
    // Known before it is made, for schemas that refer to themselves.
    let made: Packer | undefined;
    const later = (): Packer => made ?? anything;
    this.#named.set(ref, {
      fits: (value) => later().fits(value),
      pack: (value, at) => later().pack(value, at),
      unpack: (packed, at) => later().unpack(packed, at),
    });
    made = this.#packerOf(this.resolve(schema), path);
    return made;
  }

  #packerOf(node: JsonSchema, path: string, among = false): Packer {
    const members = membersOf(node);
    // Text that is a member's name may be another kind's value there, and Python writes no names.
    if (members !== undefined && among) return memberShape(members, 'values');
    const unclear = ambiguousMember(members ?? {});
    if (unclear !== undefined)
      return this.#problem(
        path,
        `has a member whose value is ${JSON.stringify(unclear)}, another one's name: rename one`,
      );
    const choices = this.#marked(node) === undefined ? choicesOf(node) : undefined;
    if (choices !== undefined) {
      const isAmong = among || choices.filter((choice) => this.resolve(choice)['type'] !== 'null').length > 1;
      const packers = choices.map((choice) => this.packer(choice, path, isAmong));
      // One of several, as in any JSON: a whole number is an integer then, as it is in Python's dict.
      const others = packers.filter((packer) => packer !== floatShape && packer !== noneShape);
      return packedUnion(
        others.length === 0 ? packers : packers.map((packer) => (packer === floatShape ? numberPacker : packer)),
      );
    }
    const leaf = this.#leaf(node, path);
    if (leaf !== undefined) return leaf;
    if (isList(node)) {
      const { prefixItems, items } = node;
      const first: readonly unknown[] = Array.isArray(prefixItems) ? prefixItems : [];
      const rest = items === false ? undefined : items === undefined ? anything : this.packer(items, `${path}[]`);
      return packedList(
        first.map((item, index) => this.packer(item, `${path}[${index}]`)),
        rest,
      );
    }
    if (!isObject(node)) return anything;
    const { properties, additionalProperties: values } = node;
    const extras = values === false ? undefined : isRecord(values) ? this.packer(values, `${path}[*]`) : anything;
    if (!isRecord(properties)) return packedRecord(extras ?? anything, this.#keys(node));
    const required = new Set(stringsOf(node['required']));
    const fields = Object.entries(properties).map(([name, field]) => {
      if (name === '__proto__') this.#problem(path, 'has a field "__proto__", which cannot travel: rename it');
      return { name, packer: this.packer(field, path + step(name)), required: required.has(name) };
    });
    return packedObject(fields, extras);
  }

  /** What the keys of a map are that are no text in Python; undefined for text. */
  #keys(node: JsonSchema): ((key: string, at: At) => string) | undefined {
    const members = membersOf(this.resolve(node['propertyNames']));
    // Python's models write names, and everything reads values.
    if (members !== undefined) return (key) => String(own(members, key) ?? key);
    if (node[KEYS] !== 'number') return undefined;
    return (key, at) => {
      if (Number.isInteger(Number(key)) && !Number.isSafeInteger(Number(key)))
        throw at.problem('the key is a whole number beyond 2^53, which only a schema with keys of text carries');
      return key;
    };
  }

  #struct(node: JsonSchema, path: string): Shape {
    const python = node[PYTHON];
    const tag = (typeof python === 'string' ? own(PYTHON_TAGS, python) : undefined) ?? PYDANTIC;
    const title = path.split(/[^\p{ID_Continue}]+/u).findLast((word) => word !== '') ?? 'Object';
    return structShape(this.packer(node, path), standalone(node, this.#root, title), tag);
  }

  #tuple(node: JsonSchema, elements: readonly unknown[], path: string): Shape {
    if (node['items'] !== undefined && node['items'] !== false) {
      return this.#problemOfLiteral(
        path,
        'is a list whose first elements differ from the others: put it into an object',
      );
    }
    const properties = Object.fromEntries(elements.map((element, index) => [`item_${index}`, asSchema(element)]));
    const schema = { type: 'object', properties, required: Object.keys(properties) };
    const metadata = standalone(schema, this.#root, 'TupleWrapper_tuple');
    return structShape(wrappedTuple(this.packer(node, path)), metadata, PYDANTIC, 'Typed Tuple');
  }

  /** A schema that is neither a list nor an object; undefined for those. */
  #leaf(node: JsonSchema, path: string): Shape | undefined {
    const marked = this.#marked(node);
    if (marked !== undefined) return typeof marked === 'string' ? this.#problem(path, marked) : marked;
    const listed: readonly unknown[] | undefined =
      'const' in node ? [node['const']] : Array.isArray(node['enum']) ? node['enum'] : undefined;
    const type = node['type'] ?? (listed === undefined ? undefined : jsonType(listed[0]));
    if (type === 'string') return listed === undefined ? textShape(node) : enumShape(stringsOf(listed));
    if (type === 'number' && node['format'] === 'double' && listed === undefined) return exactFloatShape;
    const whole = type === 'number' && listed?.every(Number.isInteger) === true;
    const shape = whole ? integerShape : own(PLAIN, typeof type === 'string' ? type : '');
    // Infinity is null once it has been through JSON: such a list is no use.
    const usable = type === 'null' || listed?.every((value) => value !== null) === true;
    return shape === undefined || listed === undefined || !usable ? shape : only(shape, listed);
  }

  /** What the schema's mark or format asks for: a shape, or what is wrong with it. */
  #marked(node: JsonSchema): Shape | string | undefined {
    const members = membersOf(node);
    if (members !== undefined) return memberShape(members);
    const mark = node[MARK];
    if (mark === 'date') return dateTimeShape('date');
    if (mark === 'bigint') return bigintShape;
    if (mark === 'bytes') return bytesShape;
    if (mark === 'dir') return dirShape;
    if (mark === 'file' || (node['type'] === 'object' && node['format'] === 'blob')) return fileShape;
    if (isRecord(node['not']) && Object.keys(node['not']).length === 0) return 'takes nothing at all: remove it';
    if (typeof mark !== 'string') return undefined;
    const kind = mark.replace(/^unsupported:/, '');
    return `is of a kind that Flyte cannot hold (${kind}): ${own(INSTEAD, kind) ?? 'remove it'}`;
  }

  #problem(path: string, problem: string): Shape {
    const line = `${path} ${problem}.`;
    if (!this.problems.includes(line)) this.problems.push(line);
    return stringShape;
  }

  /** A problem that putting the schema into an object solves. */
  #problemOfLiteral(path: string, problem: string): Shape {
    this.#literalOnly.add(`${path} ${problem}.`);
    return this.#problem(path, problem);
  }
}

const PLAIN: Readonly<Record<string, Shape>> = {
  boolean: booleanShape,
  integer: integerShape,
  number: floatShape,
  null: noneShape,
};

function textShape(node: JsonSchema): Shape {
  const { format, pattern } = node;
  if (format === 'date-time') return dateTimeShape('text', regExpOf(pattern));
  if (format === 'date') return dayShape;
  if (format === 'duration') return durationShape;
  return format === 'binary' ? bytesShape : stringShape;
}

/** A schema's pattern, where JavaScript understands it. */
function regExpOf(pattern: unknown): RegExp | undefined {
  try {
    return typeof pattern === 'string' ? new RegExp(pattern, 'u') : undefined;
  } catch {
    return undefined;
  }
}

function isList(node: JsonSchema): boolean {
  return node['type'] === 'array' || (node['type'] === undefined && ('items' in node || 'prefixItems' in node));
}

function isObject(node: JsonSchema): boolean {
  return (
    node['type'] === 'object' ||
    (node['type'] === undefined && ('properties' in node || 'additionalProperties' in node))
  );
}

/** Whether a union would list one simple type twice, which Python's never does. */
function sameType(one: Shape, other: Shape): boolean {
  if (one === other) return true;
  if (one.type.type.case === 'enumType') return equals(LiteralTypeSchema, one.type, other.type);
  const simple = ({ type }: LiteralType): unknown =>
    type.case === 'simple' && one.tag === other.tag ? type.value : undefined;
  return one.type.metadata === undefined && simple(one.type) !== undefined && simple(one.type) === simple(other.type);
}
