import type { StandardSchemaV1 } from '@standard-schema/spec';

/** A schema, or none where there are no inputs or outputs. */
export type Schema = StandardSchemaV1 | undefined;
