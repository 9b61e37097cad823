/** What a column can hold. */
export type SqlValue = string | number | Uint8Array | null;

/** One row, by column name. */
export type SqlRow = Readonly<Record<string, unknown>>;

/** A statement with the values of its question marks. */
export type SqlStatement = readonly [sql: string, parameters?: readonly SqlValue[]];

/**
 * The bytes of a column of type BLOB.
 *
 * @throws TypeError if the column holds something else
 */
export function bytesOf(value: unknown): Uint8Array {
  if (value instanceof ArrayBuffer || value instanceof Uint8Array) return new Uint8Array(value);
  throw new TypeError('a column holds no bytes');
}

/** Conditions that must all hold, as one. */
export function joined(conditions: readonly SqlStatement[]): SqlStatement {
  if (conditions.length === 0) return ['1'];
  return [conditions.map(([sql]) => `(${sql})`).join(' AND '), conditions.flatMap(([, values]) => values ?? [])];
}
