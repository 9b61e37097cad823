import { FlyteError } from '../errors/flyte-error.js';
import { parseDuration } from '../tasks/duration.js';

/** How patient the runtime is; all in milliseconds. */
export interface RuntimeSettings {
  /** How long the tasks module may take to load and start. 2 minutes if not given. */
  readonly startTimeoutMs: number;
  /** How long a task that was told to end may take to do so. 3 seconds if not given. */
  readonly graceMs: number;
  /** How long the module may take to shut down, once the result is written. 1.5 seconds if not given. */
  readonly closeTimeoutMs: number;
}

/** The variables, for a task's `envVars`, that say otherwise: each a length of time such as `90s`. */
export const RUNTIME_VARIABLES = {
  startTimeoutMs: 'NESTJS_FLYTE_START_TIMEOUT',
  graceMs: 'NESTJS_FLYTE_GRACE',
  closeTimeoutMs: 'NESTJS_FLYTE_CLOSE_TIMEOUT',
} as const satisfies Record<keyof RuntimeSettings, string>;

/**
 * What holds where no variable says otherwise. Grace and shutdown together are done within the 5 seconds that the local
 * control plane gives after SIGTERM; Kubernetes gives 30.
 */
export const RUNTIME_DEFAULTS: RuntimeSettings = { startTimeoutMs: 120_000, graceMs: 3_000, closeTimeoutMs: 1_500 };

/**
 * Reads {@link RUNTIME_VARIABLES}.
 *
 * @throws FlyteError `invalid_configuration` naming the variable that holds no length of time
 */
export function runtimeSettings(env: Readonly<Record<string, string | undefined>>): RuntimeSettings {
  const read = (name: keyof RuntimeSettings): number => {
    const variable = RUNTIME_VARIABLES[name];
    const value = env[variable];
    if (value === undefined || value === '') return RUNTIME_DEFAULTS[name];
    const { ms, problem } = parseDuration(value, 'allowed');
    if (ms !== undefined) return ms;
    throw new FlyteError('invalid_configuration', `The variable ${variable} ${problem}.`);
  };
  return { startTimeoutMs: read('startTimeoutMs'), graceMs: read('graceMs'), closeTimeoutMs: read('closeTimeoutMs') };
}
