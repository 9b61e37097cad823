import type { BuildImageOptions, BuiltImage } from './build-image-options.js';
import type { RunProcess } from './builders/run-process.js';
import { imageError } from './dockerfile-text.js';
import type { Image } from './image.js';

/**
 * Builds an image, and pushes it where asked to, unless its tag exists already: on this machine or in its registry.
 *
 * @param run how programs are run, for tests
 * @throws FlyteError `failed_precondition` where secrets or a builder are missing, listing all of them, before anything
 *   is built; `image_build_failed` where the builder fails or takes too long; `invalid_configuration` for what can't be
 *   built; `canceled` by the signal
 */
export async function buildImage(image: Image, options: BuildImageOptions = {}, run?: RunProcess): Promise<BuiltImage> {
  const { fullName } = image;
  if (!image.isBuilt) return { fullName, outcome: 'used_as_is', pushed: false, builder: undefined };
  if (options.push === true && image.registry === undefined) {
    throw imageError(
      `${fullName} has no registry to be pushed to; give one: image.clone({ registry: "ghcr.io/acme" }).`,
    );
  }
  // Few apps build images, so builders are loaded by the first that is built.
  const { runBuild } = await import('./run-build.js');
  return runBuild(image, options, run);
}
