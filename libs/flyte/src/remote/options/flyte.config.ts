import { registerAs } from '@nestjs/config';
import * as z from 'zod';
import { FlyteError } from '../../errors/flyte-error.js';

const flag = z
  .string()
  .toLowerCase() // Python writes True
  .pipe(z.enum(['true', 'false', '1', '0'], 'expected true or false'))
  .transform((value) => value === 'true' || value === '1');

const Variables = z.object({
  FLYTE_ENDPOINT: z.string().optional(),
  FLYTE_INSECURE: flag.optional(),
  FLYTE_ORG: z.string().optional(),
  FLYTE_PROJECT: z.string().optional(),
  FLYTE_DOMAIN: z.string().optional(),
});

// Set by Flyte in the containers of its tasks and apps (flyteorg/flyte-sdk src/flyte/_initialize.py).
const InClusterVariables = z.object({
  _U_EP_OVERRIDE: z.string().optional(),
  _U_INSECURE: flag.optional(),
  _U_ORG_NAME: z.string().optional(),
  FLYTE_INTERNAL_EXECUTION_PROJECT: z.string().optional(),
  FLYTE_INTERNAL_EXECUTION_DOMAIN: z.string().optional(),
});

/** What the environment says, in the words of the options. */
export interface FlyteSettings {
  readonly endpoint?: string;
  readonly insecure?: boolean;
  readonly org?: string;
  readonly project?: string;
  readonly domain?: string;
}

/**
 * The configuration namespace `flyte` of `@nestjs/config`: FLYTE_ENDPOINT, FLYTE_INSECURE, FLYTE_ORG, FLYTE_PROJECT and
 * FLYTE_DOMAIN. `FlyteModule` loads it by itself; use it to read the same values elsewhere.
 *
 * @throws FlyteError `invalid_configuration` while the app starts, if a variable has no meaning
 */
export const flyteConfig = registerAs('flyte', (): FlyteSettings => {
  const env = parse(Variables);
  return {
    endpoint: env.FLYTE_ENDPOINT,
    insecure: env.FLYTE_INSECURE,
    org: env.FLYTE_ORG,
    project: env.FLYTE_PROJECT,
    domain: env.FLYTE_DOMAIN,
  };
});

/** What Flyte tells the containers it starts. */
export function inClusterSettings(): FlyteSettings {
  const env = parse(InClusterVariables);
  return {
    endpoint: env._U_EP_OVERRIDE,
    insecure: env._U_INSECURE,
    org: env._U_ORG_NAME,
    project: env.FLYTE_INTERNAL_EXECUTION_PROJECT,
    domain: env.FLYTE_INTERNAL_EXECUTION_DOMAIN,
  };
}

function parse<T extends z.ZodObject>(schema: T): z.output<T> {
  // An empty variable is how a shell or a manifest leaves one out.
  const given = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== ''));
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const name = String(issue?.path[0]);
  throw new FlyteError(
    'invalid_configuration',
    `The environment variable ${name}: ${issue?.message}, got ${JSON.stringify(given[name])}. Correct or unset it.`,
  );
}
