/** What a column can hold. */
export type SqlValue = string | number | Uint8Array | null;

/** One row, by column name. */
export type SqlRow = Readonly<Record<string, unknown>>;

/** A statement with the values of its question marks. */
export type SqlStatement = readonly [sql: string, parameters?: readonly SqlValue[]];
