import { FlyteError } from '../errors/flyte-error.js';
import { Image } from '../images/image.js';
import type { TaskDefinition } from '../tasks/task-definition.js';
import type { ImageLike } from '../tasks/task-environment.js';

/**
 * Checks that a cluster would know what to run tasks in. The local control plane ignores images, so it needs none.
 *
 * @param fallback the image of environments that name none
 * @throws FlyteError `invalid_configuration` naming each environment without an image, or with one that only this machine has
 */
export function assertImagesKnown(tasks: readonly TaskDefinition[], fallback: ImageLike | undefined): void {
  const environments = new Set(tasks.map(({ environment }) => environment));
  const problems = [...environments].flatMap(({ name, image = fallback }) => {
    const problem = imageProblem(image);
    return problem ? [`The environment ${JSON.stringify(name)} ${problem}`] : [];
  });
  if (problems.length > 0) throw new FlyteError('invalid_configuration', problems.join('\n'));
}

function imageProblem(image: ImageLike | undefined): string | undefined {
  if (image === undefined) return 'has no image. Give it "image", or FlyteModule "tasks.image".';
  if (Image.is(image) && image.isBuilt && image.registry === undefined) {
    return 'has an image without a registry, which a cluster can not pull. Use image.clone({ registry }).';
  }
  return undefined;
}
