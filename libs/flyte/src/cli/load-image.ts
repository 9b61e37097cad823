import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { FlyteError } from '../errors/flyte-error.js';
import { Image } from '../images/image.js';

/**
 * Loads the image that a module exports, or the image of something that has one, such as a TaskEnvironment.
 *
 * @param reference `<module>#<export>`, the module relative to the working directory
 * @throws FlyteError `invalid_argument` where the reference leads to no image; what the module itself throws, as it is
 */
export async function loadImage(reference: string): Promise<Image> {
  const [path = '', name = ''] = reference.split('#');
  if (path === '' || name === '' || reference.split('#').length !== 2) {
    throw refused(`${JSON.stringify(reference)} is not of the form <module>#<export>, such as ./dist/images.js#image.`);
  }
  const file = resolve(path);
  if (!existsSync(file)) throw refused(`There is no module ${file}. Give the compiled file, and build it first.`);
  const exports = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  const value = exports[name];
  const image = typeof value === 'object' && value !== null && 'image' in value ? value.image : value;
  if (Image.is(image)) return image;
  const known = Object.keys(exports).join(', ') || 'nothing';
  throw refused(
    name in exports
      ? `Export ${name} of ${file} is no Image and has none.`
      : `${file} has no export ${JSON.stringify(name)}. It exports ${known}.`,
  );
}

function refused(message: string): FlyteError {
  return new FlyteError('invalid_argument', message);
}
