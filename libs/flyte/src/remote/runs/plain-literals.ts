import type { Literal } from '../../gen/flyteidl2/core/literals_pb.js';
import type { NamedLiteral } from '../../gen/flyteidl2/task/common_pb.js';
import { At } from '../../literals/at.js';
import { anything, unpackMessage } from '../../literals/msgpack.js';
import { open } from '../../literals/shape.js';
import { dateTimeShape, durationShape } from '../../literals/time.js';

const dateTime = dateTimeShape('text');

/**
 * Inputs or outputs as plain values, by name, where no schema is at hand: dates and durations as ISO 8601 text, whole
 * numbers beyond 2^53 as bigint, bytes as Uint8Array, files as `{ uri }`.
 *
 * @param side `inputs` or `outputs`, for messages
 * @throws FlyteError `invalid_argument` for bytes that are no msgpack
 */
export function plainValues(side: string, literals: readonly NamedLiteral[]): Record<string, unknown> {
  const root = new At(side);
  return Object.fromEntries(literals.map(({ name, value }) => [name, value && plain(value, root.child(name))]));
}

function plain(literal: Literal, at: At): unknown {
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
      return Object.fromEntries(
        Object.entries(opened.value.literals).map(([key, value]) => [key, plain(value, at.child(key))]),
      );
    case 'union':
      return opened.value.value === undefined ? null : plain(opened.value.value, at);
    case 'binary':
      return opened.value.tag === 'msgpack'
        ? anything.unpack(unpackMessage(opened.value.value, at), at)
        : opened.value.value;
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
