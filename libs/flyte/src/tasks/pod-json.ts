import * as z from 'zod';

// Of their own, so that the types of the package's entry name nothing of zod.

const Json = z.record(z.string(), z.json());
/** A pod's specification. */
export const PodSpecJson = z
  .object({ containers: z.array(z.object({ name: z.string() }).catchall(z.json())) })
  .catchall(z.json());

/** The container that runs the task, before it does: what the task adds to. */
export const PrimaryJson = z
  .object({
    name: z.string(),
    env: z.array(z.json()).default([]),
    resources: z
      .object({ limits: Json.default({}), requests: Json.default({}) })
      .catchall(z.json())
      .optional(),
  })
  .catchall(z.json());
