import type * as Esbuild from 'esbuild';
import { FlyteError } from '../errors/flyte-error.js';
import { systemCodeOf } from '../errors/system-code.js';

/**
 * Loads the bundler, which an app has only where it compiles its tasks.
 *
 * @throws FlyteError `failed_precondition` where it is not installed, or not for this machine
 */
export async function loadEsbuild(): Promise<typeof Esbuild> {
  try {
    return await import('esbuild');
  } catch (error) {
    const code = systemCodeOf(error) ?? 'it failed while it was loaded';
    throw new FlyteError(
      'failed_precondition',
      `Tasks are compiled by esbuild, which can't be loaded (${code}): npm install --save-dev esbuild`,
      { cause: error },
    );
  }
}
