import type { Literal, LiteralMap } from '../gen/flyteidl2/core/literals_pb.js';
import type { At } from './at.js';
import { bytesIn } from './bytes.js';
import { anything, unpackMessage } from './msgpack.js';
import { open } from './shape.js';
import { dateTimeShape, durationShape } from './time.js';

const dateTime = dateTimeShape('text');

/**
 * What a literal holds where no schema says what to make of it: dates and durations as ISO 8601 text, whole numbers
 * beyond 2^53 as bigint, bytes as Uint8Array, files as `{ uri }`.
 *
 * @throws FlyteError `invalid_argument` for bytes that are no msgpack
 */
export function plain(literal: Literal, at: At): unknown {
  const opened = open(literal);
  switch (opened.case) {
    case 'integer':
      return Number.isSafeInteger(Number(opened.value)) ? Number(opened.value) : opened.value;
    case 'floatValue':
    case 'stringValue':
    case 'boolean':
      return opened.value;
    case 'datetime':
      return dateTime.fromLiteral(opened, at, '');
    case 'duration':
      return durationShape.fromLiteral(opened, at, '');
    case 'collection':
      return opened.value.literals.map((element, index) => plain(element, at.child(index)));
    case 'map':
      return plainFields(opened.value, at);
    case 'union':
      return opened.value.value === undefined ? null : plain(opened.value.value, at);
    case 'binary':
      return opened.value.tag === 'msgpack'
        ? anything.unpack(unpackMessage(opened.value.value, at), at)
        : (bytesIn(opened.value.value) ?? opened.value.value);
    case 'blob':
      return { uri: opened.value.uri };
    case 'generic':
      return opened.value;
    case 'noneType':
    case 'nothing':
      return null;
    default:
      // Kinds that neither SDK writes; whoever needs one has `flyte.transport`.
      return { literal: opened.case };
  }
}

/** {@link plain} for each entry of a map. */
export function plainFields({ literals }: LiteralMap, at: At): Record<string, unknown> {
  return Object.fromEntries(Object.entries(literals).map(([key, value]) => [key, plain(value, at.child(key))]));
}
