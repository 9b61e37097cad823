import type { NamedLiteral } from '../../gen/flyteidl2/task/common_pb.js';
import { At } from '../../literals/at.js';
import { plain } from '../../literals/plain.js';

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
