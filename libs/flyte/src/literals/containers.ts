import { create } from '@bufbuild/protobuf';
import { LiteralCollectionSchema, LiteralMapSchema, LiteralSchema } from '../gen/flyteidl2/core/literals_pb.js';
import { LiteralTypeSchema } from '../gen/flyteidl2/core/types_pb.js';
import { type At, isPlain } from './at.js';
import { checkKey } from './msgpack.js';
import { type Packer, readLiteral, type Shape } from './shape.js';

/** A list inside an object; `rest` takes what comes after the elements that have a packer of their own. */
export function packedList(first: readonly Packer[], rest: Packer | undefined): Packer {
  const packerOf = (index: number): Packer | undefined => first[index] ?? rest;
  const each = (value: unknown, at: At, act: (packer: Packer, element: unknown, at: At) => unknown): unknown[] => {
    if (!Array.isArray(value)) throw at.wrong('a list', value);
    return value.map((element, index) => {
      const packer = packerOf(index);
      if (packer === undefined) throw at.wrong(`a list of at most ${first.length}`, value);
      return act(packer, element, at.child(index));
    });
  };
  return {
    fits: (value) =>
      Array.isArray(value) &&
      value.length >= first.length &&
      value.every((element, index) => packerOf(index)?.fits(element)),
    pack: (value, at) => each(value, at, (packer, element, there) => packer.pack(element, there)),
    unpack: (packed, at) => each(packed, at, (packer, element, there) => packer.unpack(element, there)),
  };
}

/** The fields of an object, each turned by `act`; those left undefined stay away. */
function mapFields<T>(
  value: unknown,
  at: At,
  act: (field: unknown, at: At) => T,
  keyOf: (key: string, at: At) => string = String,
): Record<string, T> {
  if (!isPlain(value)) throw at.wrong('an object', value);
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, field]): [string, T][] => {
      const there = at.child(key);
      checkKey(key, there);
      return field === undefined ? [] : [[keyOf(key, there), act(field, there)]];
    }),
  );
}

/**
 * A map inside an object.
 *
 * @param keyOf what a key that arrives is here; throws FlyteError `invalid_argument` for one that can't be one
 */
export function packedRecord(values: Packer, keyOf?: (key: string, at: At) => string): Packer {
  return {
    fits: (value) => isPlain(value) && Object.values(value).every((field) => field === undefined || values.fits(field)),
    pack: (value, at) => mapFields(value, at, (field, there) => values.pack(field, there)),
    unpack: (packed, at) => mapFields(packed, at, (field, there) => values.unpack(field, there), keyOf),
  };
}

/** A list of literals; `list[T]` in Python (`ListTransformer`). */
export function listShape(element: Shape): Shape {
  return {
    ...packedList([], element),
    type: create(LiteralTypeSchema, { type: { case: 'collectionType', value: element.type } }),
    tag: 'Typed List',
    toLiteral(value, at) {
      if (!Array.isArray(value)) throw at.wrong('a list', value);
      const literals = value.map((item: unknown, index) => element.toLiteral(item, at.child(index)));
      return create(LiteralSchema, {
        value: { case: 'collection', value: create(LiteralCollectionSchema, { literals }) },
      });
    },
    fromLiteral(opened, at) {
      if (opened.case !== 'collection') throw at.problem(`expected a list, got a literal of case ${opened.case}`);
      return opened.value.literals.map((item, index) => readLiteral(element, item, at.child(index)));
    },
  };
}

/** A map of literals by text; `dict[str, T]` in Python (`DictTransformer`). */
export function recordShape(values: Shape): Shape {
  return {
    ...packedRecord(values),
    type: create(LiteralTypeSchema, { type: { case: 'mapValueType', value: values.type } }),
    tag: 'Typed Dict',
    toLiteral(value, at) {
      const literals = mapFields(value, at, (field, there) => values.toLiteral(field, there));
      return create(LiteralSchema, { value: { case: 'map', value: create(LiteralMapSchema, { literals }) } });
    },
    fromLiteral(opened, at) {
      if (opened.case !== 'map') throw at.problem(`expected a map, got a literal of case ${opened.case}`);
      const { literals } = opened.value;
      // What older readers of messages make of a key "__proto__": a prototype instead of an entry.
      const prototype: unknown = Object.getPrototypeOf(literals);
      if (prototype !== Object.prototype && prototype !== null)
        throw at.problem('the key "__proto__" was lost: update @bufbuild/protobuf to 2.16 or newer');
      return Object.fromEntries(
        Object.entries(literals).map(([key, literal]) => [key, readLiteral(values, literal, at.child(key))]),
      );
    },
  };
}
