import { FlyteFile } from 'nestjs-flyte';
import * as z from 'zod';

/** A value of each kind: what tasks of both languages take, and give back. */
export const Everything = z.object({
  text: z.string(),
  whole: z.int(),
  real: z.number(),
  yes: z.boolean(),
  when: z.date(),
  raw: z.instanceof(Uint8Array),
  many: z.array(z.string()),
  by: z.record(z.string(), z.int()),
  maybe: z.string().nullish(),
  person: z.object({ name: z.string(), age: z.int() }),
  file: z.instanceof(FlyteFile),
});

export type EverythingThereIs = z.infer<typeof Everything>;
