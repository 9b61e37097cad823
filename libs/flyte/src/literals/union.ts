import { clone, create, equals } from '@bufbuild/protobuf';
import { UnionSchema } from '../gen/flyteidl2/core/literals_pb.js';
import {
  type LiteralType,
  LiteralTypeSchema,
  TypeStructureSchema,
  UnionTypeSchema,
} from '../gen/flyteidl2/core/types_pb.js';
import { FlyteError } from '../errors/flyte-error.js';
import { type At, Misfit } from './at.js';
import { open, type Opened, type Packer, readLiteral, readOpened, scalarLiteral, type Shape } from './shape.js';

/**
 * What the first variant makes of a value that takes it.
 *
 * @param otherwise what to throw where none does, and none has come further in than this place
 */
function firstOf<T extends Packer>(
  variants: readonly T[],
  at: At,
  otherwise: () => FlyteError,
  make: (variant: T) => unknown,
): unknown {
  const errors: unknown[] = [];
  for (const variant of variants) {
    try {
      const value = make(variant);
      if (variant.fits(value)) return value;
    } catch (error) {
      if (!FlyteError.is(error)) throw error;
      errors.push(error);
    }
  }
  throw Misfit.furthest(errors, at) ?? otherwise();
}

/** One of several inside an object, where nothing names the variant: the first that fits. */
export function packedUnion(variants: readonly Packer[]): Packer {
  return {
    fits: (value) => variants.some((variant) => variant.fits(value)),
    pack(value, at) {
      const variant = variants.find((candidate) => candidate.fits(value));
      if (variant !== undefined) return variant.pack(value, at);
      const otherwise = (): FlyteError => at.wrong(`one of ${variants.length} variants`, value);
      // None fits, so this tells what is wrong with it.
      return firstOf(variants, at, otherwise, (candidate) => candidate.pack(value, at));
    },
    unpack: (packed, at) =>
      firstOf(
        variants,
        at,
        () => at.wrongOnArrival(`one of ${variants.length} variants`, packed),
        (variant) => variant.unpack(packed, at),
      ),
  };
}

/** A type with its Python transformer's name, as a union lists its variants. */
function tagged({ type, tag }: Shape): LiteralType {
  const copy = clone(LiteralTypeSchema, type);
  copy.structure ??= create(TypeStructureSchema);
  copy.structure.tag = tag;
  return copy;
}

/** Whether two types are the same but for their descriptions, which is how Python compares them (`_type_essence`). */
function same(one: LiteralType, other: LiteralType): boolean {
  return equals(
    LiteralTypeSchema,
    create(LiteralTypeSchema, { type: one.type }),
    create(LiteralTypeSchema, { type: other.type }),
  );
}

/**
 * One of several types. The value carries the chosen variant's type with its transformer's name, by which the Python
 * SDK finds the variant (`UnionTransformer`). A value without that, which Python also takes, is read as the first
 * variant that fits.
 */
export function unionShape(variants: readonly Shape[]): Shape {
  const expected = `one of ${variants.map(({ tag }) => tag).join(', ')}`;
  const choose = (value: unknown, at: At): Shape => {
    const variant = variants.find((candidate) => candidate.fits(value));
    if (variant === undefined) throw at.wrong(expected, value);
    return variant;
  };
  return {
    ...packedUnion(variants),
    type: create(LiteralTypeSchema, {
      type: { case: 'unionType', value: create(UnionTypeSchema, { variants: variants.map(tagged) }) },
    }),
    tag: 'Typed Union',
    toLiteral(value, at) {
      const variant = choose(value, at);
      const union = create(UnionSchema, { value: variant.toLiteral(value, at), type: tagged(variant) });
      return scalarLiteral({ case: 'union', value: union });
    },
    fromLiteral(opened, at, hash) {
      const otherwise = (got: Opened) => (): FlyteError =>
        got.case === 'integer'
          ? at.wrongOnArrival(expected, got.value)
          : at.problem(`expected ${expected}, got a literal of case ${got.case}`);
      if (opened.case !== 'union' || opened.value.value === undefined) {
        return firstOf(variants, at, otherwise(opened), (variant) => readOpened(variant, opened, at, hash));
      }
      const { value: inner, type } = opened.value;
      const named = type === undefined ? variants : variants.filter((variant) => same(variant.type, type));
      const byTag = named.filter(({ tag }) => tag === type?.structure?.tag);
      const candidates = [...byTag, ...named.filter((variant) => !byTag.includes(variant)), ...variants];
      return firstOf(candidates, at, otherwise(open(inner)), (variant) => readLiteral(variant, inner, at));
    },
  };
}

/** Several schemas of one type, such as numbers and bigints: the type tells them no more apart, so the value does. */
export function sharedShape(shape: Shape, others: readonly Shape[]): Shape {
  const shapes = [shape, ...others];
  return {
    ...packedUnion(shapes),
    type: shape.type,
    tag: shape.tag,
    toLiteral: (value, at) => (shapes.find((candidate) => candidate.fits(value)) ?? shape).toLiteral(value, at),
    fromLiteral: (opened, at, hash) =>
      firstOf(
        shapes,
        at,
        () => at.problem(`expected one of ${shapes.length} variants, got a literal of case ${opened.case}`),
        (candidate) => candidate.fromLiteral(opened, at, hash),
      ),
  };
}
