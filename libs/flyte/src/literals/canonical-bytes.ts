import { toBinary } from '@bufbuild/protobuf';
import type { Literal, LiteralMap, Scalar } from '../gen/flyteidl2/core/literals_pb.js';
import { type Inputs, InputsSchema } from '../gen/flyteidl2/task/common_pb.js';
import { At } from './at.js';
import { orderedMessage } from './msgpack.js';

/**
 * Inputs as bytes for names and digests: equal values are equal bytes, whatever the order of their keys. What travels keeps its
 * order, since it arrives as it was written.
 */
export function canonicalBytes(inputs: Inputs): Uint8Array {
  const literals = inputs.literals.map((one) =>
    one.value === undefined ? one : { ...one, value: ordered(one.value, new At(`inputs.${one.name}`)) },
  );
  return toBinary(InputsSchema, { ...inputs, literals });
}

function ordered(literal: Literal, at: At): Literal {
  const { value } = literal;
  if (value.case === 'scalar') return { ...literal, value: { ...value, value: orderedScalar(value.value, at) } };
  if (value.case === 'map') return { ...literal, value: { ...value, value: orderedMap(value.value, at) } };
  if (value.case !== 'collection') return literal;
  const literals = value.value.literals.map((element, index) => ordered(element, at.child(index)));
  return { ...literal, value: { ...value, value: { ...value.value, literals } } };
}

function orderedMap(map: LiteralMap, at: At): LiteralMap {
  const entries = Object.entries(map.literals).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return { ...map, literals: Object.fromEntries(entries.map(([key, field]) => [key, ordered(field, at.child(key))])) };
}

function orderedScalar(scalar: Scalar, at: At): Scalar {
  const { value } = scalar;
  if (value.case === 'binary' && value.value.tag === 'msgpack') {
    const binary = { ...value.value, value: orderedMessage(value.value.value, at) };
    return { ...scalar, value: { ...value, value: binary } };
  }
  if (value.case !== 'union' || value.value.value === undefined) return scalar;
  return { ...scalar, value: { ...value, value: { ...value.value, value: ordered(value.value.value, at) } } };
}
