import { FlyteError } from '../errors/flyte-error.js';
import { systemCodeOf } from '../errors/system-code.js';

/**
 * Loads a cloud's SDK, which an app has only where it needs it.
 *
 * @param packages what to install, as npm takes it
 * @throws FlyteError `failed_precondition` where it can't be loaded
 */
export async function loadSdk<T>(scheme: string, packages: readonly string[], load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const code = systemCodeOf(error) ?? 'it failed while it was loaded';
    throw new FlyteError(
      'failed_precondition',
      `Storage under ${scheme}:// needs ${packages.join(' and ')}, which can't be loaded (${code}): ` +
        `npm install ${packages.join(' ')}`,
      { cause: error },
    );
  }
}

const MOST_RETRIES = 100;

/**
 * How often a store is asked again where it failed or was asked too often: `FLYTE_STORAGE_RETRIES`, as for the Python
 * SDK; six times where it is not set, since the clouds' SDKs begin with shorter pauses than Python's three.
 *
 * @throws FlyteError `invalid_configuration` for what is no number
 */
export function retriesOf(env: NodeJS.ProcessEnv): number {
  const given = env['FLYTE_STORAGE_RETRIES'];
  if (given === undefined || given === '') return 6;
  const retries = Number(given);
  if (Number.isInteger(retries) && retries >= 0 && retries <= MOST_RETRIES) return retries;
  throw new FlyteError(
    'invalid_configuration',
    `FLYTE_STORAGE_RETRIES is ${JSON.stringify(given)}, and takes a whole number from 0 to ${MOST_RETRIES}.`,
  );
}
