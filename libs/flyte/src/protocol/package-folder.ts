import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { PACKAGE } from '../gen/package.js';

/**
 * The folder that this package is installed in, whichever of its files asks.
 *
 * @returns undefined where a bundle holds the package and none is installed beside it
 */
export function packageFolder(): string | undefined {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${PACKAGE.name}/package.json`));
  } catch {
    return undefined;
  }
}
