import { Image } from '../images/image.js';
import { loadNamedExport } from './load-named-export.js';

/**
 * Loads the image that a module exports, or the image of something that has one, such as a TaskEnvironment.
 *
 * @param reference `<module>#<export>`, the module relative to the working directory
 * @throws FlyteError `invalid_argument` where the reference leads to no image; what the module itself throws, as it is
 */
export function loadImage(reference: string): Promise<Image> {
  const imageOf = (value: unknown): Image | undefined => {
    const image = typeof value === 'object' && value !== null && 'image' in value ? value.image : value;
    return Image.is(image) ? image : undefined;
  };
  return loadNamedExport(reference, imageOf, 'Image');
}
