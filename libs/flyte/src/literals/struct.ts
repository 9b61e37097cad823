import { create, type JsonObject } from '@bufbuild/protobuf';
import { BinarySchema } from '../gen/flyteidl2/core/literals_pb.js';
import { type LiteralType, LiteralTypeSchema, SimpleType } from '../gen/flyteidl2/core/types_pb.js';
import { type At, isRecord, own } from './at.js';
import { anything, checkKey, packMessage } from './msgpack.js';
import { plainFields } from './plain.js';
import { type Packer, scalarLiteral, type Shape } from './shape.js';

/** One named field of an object. */
export interface Field {
  readonly name: string;
  readonly packer: Packer;
  /** Whether the schema insists on it. */
  readonly required: boolean;
}

/**
 * An object's fields inside a msgpack message. A field that Python writes as None counts as left out where the schema
 * lets it be left out but not be null.
 *
 * @param extras what fields without a name of their own travel as; undefined where the receiver would drop them anyway
 */
export function packedObject(fields: readonly Field[], extras: Packer | undefined): Packer {
  const names = new Set(fields.map(({ name }) => name));
  const fitsField = (value: unknown, { packer, required }: Field): boolean =>
    value === undefined ? !required : packer.fits(value);
  return {
    fits(value) {
      if (!isRecord(value) || value instanceof Uint8Array || value instanceof Date) return false;
      return fields.every((field) => fitsField(own(value, field.name), field));
    },
    pack(value, at) {
      if (!isRecord(value)) throw at.wrong('an object', value);
      const named = fields.flatMap(({ name, packer }): [string, unknown][] => {
        const field = own(value, name);
        return field === undefined ? [] : [[name, packer.pack(field, at.child(name))]];
      });
      return Object.fromEntries([...named, ...packExtras(value, at, names, extras)]);
    },
    unpack(packed, at) {
      if (!isRecord(packed)) throw at.wrong('an object', packed);
      const named = fields.flatMap(({ name, packer, required }): [string, unknown][] => {
        const field = own(packed, name);
        if (field === undefined || (field === null && !required && !packer.fits(null))) return [];
        return [[name, packer.unpack(field, at.child(name))]];
      });
      // Fields the schema doesn't know go to the schema too: whether they are an error is its to say.
      const others = Object.entries(packed).filter(([name]) => !names.has(name));
      const rest = others.map(([name, field]): [string, unknown] => [
        name,
        (extras ?? anything).unpack(field, at.child(name)),
      ]);
      return Object.fromEntries([...named, ...rest]);
    },
  };
}

function packExtras(
  value: Readonly<Record<string, unknown>>,
  at: At,
  names: ReadonlySet<string>,
  extras: Packer | undefined,
): (readonly [string, unknown])[] {
  if (extras === undefined) return [];
  const others = Object.entries(value).filter(([name, field]) => !names.has(name) && field !== undefined);
  return others.map(([name, field]) => {
    const there = at.child(name);
    checkKey(name, there);
    return [name, extras.pack(field, there)];
  });
}

/** What the official SDK writes beside every type that travels as msgpack. */
const ANNOTATION = { annotations: { 'cache-key-metadata': { 'serialization-format': 'msgpack' } } };

/**
 * An object with named fields: a Pydantic model or a dataclass in Python (`PydanticTransformer`,
 * `DataclassTransformer`). The type is a STRUCT with the JSON schema as metadata.
 *
 * @param tag in the type, by which Python knows which kind of class to build
 * @param variantTag in a union, where that differs
 */
export function structShape(packer: Packer, metadata: JsonObject, tag: string, variantTag = tag): Shape {
  return binaryShape(
    packer,
    variantTag,
    create(LiteralTypeSchema, {
      type: { case: 'simple', value: SimpleType.STRUCT },
      metadata,
      annotation: ANNOTATION,
      structure: { tag },
    }),
  );
}

/** An object of which only the keys are known to be text: an untyped `dict` in Python (`DictTransformer`). */
export function dictShape(packer: Packer): Shape {
  const type = create(LiteralTypeSchema, {
    type: { case: 'simple', value: SimpleType.STRUCT },
    annotation: ANNOTATION,
  });
  return binaryShape(packer, 'Typed Dict', type);
}

/** Each value is one msgpack message in a Binary literal. */
function binaryShape(packer: Packer, tag: string, type: LiteralType): Shape {
  return {
    ...packer,
    type,
    tag,
    toLiteral(value, at) {
      const bytes = packMessage(packer.pack(value, at), at);
      return scalarLiteral({ case: 'binary', value: create(BinarySchema, { value: bytes, tag: 'msgpack' }) });
    },
    fromLiteral(opened, at) {
      // Flyte's console writes such a value as google.protobuf.Struct.
      if (opened.case === 'generic') return packer.unpack(opened.value, at);
      // A dict that Python declares with a type of its values.
      if (opened.case === 'map' && tag === 'Typed Dict') return packer.unpack(plainFields(opened.value, at), at);
      throw at.problem(`expected an object, got a literal of case ${opened.case}`);
    },
  };
}

/** A tuple as a variable: Python wraps it into a Pydantic model with the fields `item_0`, `item_1`, … (`TupleTransformer`). */
export function wrappedTuple(elements: Packer): Packer {
  return {
    fits: (value) => elements.fits(value),
    pack(value, at) {
      const packed = elements.pack(value, at);
      return Array.isArray(packed)
        ? Object.fromEntries(packed.map((element, index) => [`item_${index}`, element]))
        : packed;
    },
    unpack(packed, at) {
      if (!isRecord(packed)) return elements.unpack(packed, at);
      const length = Object.keys(packed).length;
      return elements.unpack(
        Array.from({ length }, (_, index) => own(packed, `item_${index}`)),
        at,
      );
    },
  };
}
