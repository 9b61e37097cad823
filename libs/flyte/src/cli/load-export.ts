import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { FlyteError } from '../errors/flyte-error.js';
import { exportProblem, moduleFile } from '../tasks/module-file.js';

/**
 * Loads what a module exports.
 *
 * @param reference `<module>#<export>`, the module relative to the working directory
 * @param wanted takes the value, or answers undefined where it is none of what is wanted
 * @param what is wanted, as `Image`
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
  const file = moduleFile(reference, process.cwd());
  if (!existsSync(file)) throw refused(`There is no module ${file}. Give the compiled file, and build it first.`);
  const exports = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  const found = wanted(exports[name]);
  if (found !== undefined) return found;
  throw refused(exportProblem(exports, { file, name, other: `no ${what} and has none` }));
}

function refused(message: string): FlyteError {
  return new FlyteError('invalid_argument', message);
}
