import { FlyteError } from '../errors/flyte-error.js';
import { moduleReference } from '../protocol/module-reference.js';
import { loadExport } from '../tasks/load-export.js';

/**
 * Loads what a module exports that an option names.
 *
 * @param reference `<module>#<export>`, the module relative to the working directory
 * @param take takes the value, or answers undefined where it is none of what is wanted
 * @param what is wanted, as `Image`
 * @throws FlyteError `invalid_argument` where the reference leads to none; what the module itself throws, as it is
 */
export async function loadNamedExport<T>(
  reference: string,
  take: (value: unknown) => T | undefined,
  what: string,
): Promise<T> {
  const { path, name } = moduleReference(reference);
  if (path === '' || name === '' || reference !== `${path}#${name}`) {
    throw refused(`${JSON.stringify(reference)} is not of the form <module>#<export>, such as ./dist/images.js#image.`);
  }
  const wanted = { take, other: `no ${what} and has none`, missing: 'Give the compiled file, and build it first.' };
  return loadExport(reference, process.cwd(), { ...wanted, refused });
}

function refused(message: string): FlyteError {
  return new FlyteError('invalid_argument', message);
}
