import { clone, create, equals } from '@bufbuild/protobuf';
import { UnionSchema } from '../gen/flyteidl2/core/literals_pb.js';
import {
  type LiteralType,
  LiteralTypeSchema,
  TypeStructureSchema,
  UnionTypeSchema,
} from '../gen/flyteidl2/core/types_pb.js';
import { FlyteError } from '../errors/flyte-error.js';
import type { At } from './at.js';
import { open, type Packer, readLiteral, readOpened, scalarLiteral, type Shape } from './shape.js';

/** The first variant that takes a value; undefined where none does. */
function attempt<T extends Packer>(
  variants: readonly T[],
  read: (variant: T) => unknown,
): { readonly value: unknown } | undefined {
  for (const variant of variants) {
    try {
      const value = read(variant);
      if (variant.fits(value)) return { value };
    } catch (error) {
      if (!FlyteError.is(error)) throw error;
    }
  }
  return undefined;
}

/** One of several inside an object, where nothing names the variant: the first that fits. */
export function packedUnion(variants: readonly Packer[]): Packer {
  return {
    fits: (value) => variants.some((variant) => variant.fits(value)),
    pack(value, at) {
      const variant = variants.find((candidate) => candidate.fits(value));
      if (variant === undefined) throw at.wrong(`one of ${variants.length} variants`, value);
      return variant.pack(value, at);
    },
    unpack(packed, at) {
      const found = attempt(variants, (variant) => variant.unpack(packed, at));
      if (found === undefined) throw at.wrong(`one of ${variants.length} variants`, packed);
      return found.value;
    },
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
      if (opened.case !== 'union' || opened.value.value === undefined) {
        const found = attempt(variants, (variant) => readOpened(variant, opened, at, hash));
        if (found === undefined) throw at.problem(`expected ${expected}, got a literal of case ${opened.case}`);
        return found.value;
      }
      const { value: inner, type } = opened.value;
      const named = type === undefined ? variants : variants.filter((variant) => same(variant.type, type));
      const byTag = named.filter(({ tag }) => tag === type?.structure?.tag);
      const candidates = [...byTag, ...named.filter((variant) => !byTag.includes(variant)), ...variants];
      const found = attempt(candidates, (variant) => readLiteral(variant, inner, at));
      if (found === undefined) throw at.problem(`expected ${expected}, got a literal of case ${open(inner).case}`);
      return found.value;
    },
  };
}
