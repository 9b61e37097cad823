import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { FlyteError } from '../errors/flyte-error.js';

/**
 * Loads what a module exports.
 *
 * @param reference `<module>#<export>`, the module relative to the working directory
 * @param wanted takes the value, or answers undefined where it is none of what is wanted
 * @param what is wanted, as `an Image`
 * @throws FlyteError `invalid_argument` where the reference leads to none; what the module itself throws, as it is
 */
export async function loadExport<T>(
  reference: string,
  wanted: (value: unknown) => T | undefined,
  what: string,
): Promise<T> {
  const [path = '', name = ''] = reference.split('#');
  if (path === '' || name === '' || reference.split('#').length !== 2) {
    throw refused(`${JSON.stringify(reference)} is not of the form <module>#<export>, such as ./dist/images.js#image.`);
  }
  const file = resolve(path);
  if (!existsSync(file)) throw refused(`There is no module ${file}. Give the compiled file, and build it first.`);
  const exports = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  const found = wanted(exports[name]);
  if (found !== undefined) return found;
  const known = Object.keys(exports).join(', ') || 'nothing';
  throw refused(
    name in exports
      ? `Export ${name} of ${file} is no ${what} and has none.`
      : `${file} has no export ${JSON.stringify(name)}. It exports ${known}.`,
  );
}

function refused(message: string): FlyteError {
  return new FlyteError('invalid_argument', message);
}
