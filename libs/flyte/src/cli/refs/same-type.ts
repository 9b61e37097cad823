import { isDeepStrictEqual } from 'node:util';
import { type LiteralType } from '../../gen/flyteidl2/core/types_pb.js';

/**
 * Whether two types are the same but for what they describe: the metadata of an object is a JSON schema, which can say the
 * same in many ways. `bytes` are the same however Python spells them.
 */
export function sameType(one: LiteralType, other: LiteralType, inUnion = false): boolean {
  // By the tag Python finds the variant of a union.
  if (inUnion && one.structure?.tag !== other.structure?.tag) return false;
  const [a, b] = [withoutPickle(one).type, withoutPickle(other).type];
  switch (a.case) {
    case 'collectionType':
      return b.case === a.case && sameType(a.value, b.value);
    case 'mapValueType':
      return b.case === a.case && sameType(a.value, b.value);
    case 'unionType':
      return (
        b.case === a.case &&
        a.value.variants.length === b.value.variants.length &&
        a.value.variants.every((variant, index) => {
          const counterpart = b.value.variants[index];
          return counterpart !== undefined && sameType(variant, counterpart, true);
        })
      );
    case 'enumType':
      return b.case === a.case && isDeepStrictEqual(a.value.values, b.value.values);
    case 'blob':
      return b.case === a.case && a.value.dimensionality === b.value.dimensionality;
    default:
      return b.case === a.case && b.value === a.value;
  }
}

/** Python's `bytes` as the type of the second variant, which is what this library has for them. */
function withoutPickle(literalType: LiteralType): LiteralType {
  const { type, metadata } = literalType;
  const bytes = type.case === 'unionType' && metadata?.['python_class_name'] === "<class 'bytes'>";
  return (bytes ? type.value.variants[1] : undefined) ?? literalType;
}
