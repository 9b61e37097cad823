import { fromBinary, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { bytesOf, type SqlRow } from './sql.js';
import { DamagedState } from './state-problem.js';

/**
 * The message that a row of the plane's database holds.
 *
 * @param column where it is
 * @param what whose row it is, for the error
 * @param remedy what to do if it is damaged
 * @throws DamagedState
 */
export function storedMessage<Desc extends DescMessage>(
  schema: Desc,
  row: SqlRow,
  column: string,
  what: string,
  remedy: string,
): MessageShape<Desc> {
  try {
    return fromBinary(schema, bytesOf(row[column]));
  } catch {
    throw new DamagedState(what, remedy);
  }
}
