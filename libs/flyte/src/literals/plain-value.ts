import { create } from '@bufbuild/protobuf';
import { type Literal, LiteralSchema } from '../gen/flyteidl2/core/literals_pb.js';
import { type LiteralType, LiteralTypeSchema, SimpleType } from '../gen/flyteidl2/core/types_pb.js';
import type { At } from './at.js';
import { anything, packMessage, unpackMessage } from './msgpack.js';
import { open } from './shape.js';

/** The type of {@link toPlainLiteral}'s literals: whatever JSON could hold. */
export const PLAIN_TYPE: LiteralType = create(LiteralTypeSchema, {
  type: { case: 'simple', value: SimpleType.STRUCT },
});

/**
 * A value of which no schema is known, as a literal: what JSON could hold, and bytes and bigints beside it. undefined is None.
 *
 * @throws FlyteError `invalid_argument` naming the path of what would come back as something else
 */
export function toPlainLiteral(value: unknown, at: At): Literal {
  if (value === undefined) return create(LiteralSchema, { value: { case: 'scalar', value: NONE } });
  refuseDates(value, at);
  const binary = { tag: 'msgpack', value: packMessage(anything.pack(value, at), at) };
  return create(LiteralSchema, { value: { case: 'scalar', value: { value: { case: 'binary', value: binary } } } });
}

const NONE = { value: { case: 'noneType' as const, value: {} } };

/** The value of such a literal. @throws FlyteError `invalid_argument` for another one */
export function fromPlainLiteral(literal: Literal, at: At): unknown {
  const opened = open(literal);
  if (opened.case === 'noneType') return undefined;
  if (opened.case === 'binary' && opened.value.tag === 'msgpack') {
    return anything.unpack(unpackMessage(opened.value.value, at), at);
  }
  throw at.problem(`holds a literal of another kind, ${opened.case}`);
}

/** A Date would come back as a text. @throws FlyteError `invalid_argument` naming its path */
export function refuseDates(value: unknown, at: At): void {
  if (value instanceof Date) throw at.problem('a Date would come back as a text: give its toISOString()');
  if (Array.isArray(value)) return value.forEach((element, index) => refuseDates(element, at.child(index)));
  if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
    for (const [key, field] of Object.entries(value)) refuseDates(field, at.child(key));
  }
}
