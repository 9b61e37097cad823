import { FlyteError } from '../../errors/flyte-error.js';
import { type BuiltImages, IMAGES_FILE, pinnedName, readBuiltImages } from '../../images/built-images.js';
import { Image } from '../../images/image.js';
import type { TaskDefinition } from '../../tasks/task-definition.js';
import type { ImageLike, TaskEnvironment } from '../../tasks/task-environment.js';

/** What the images of tasks are known from. */
export interface ImageSources {
  /** The image of environments that name none. */
  readonly fallback?: ImageLike | undefined;
  /** What was built, by environment. */
  readonly built: BuiltImages;
}

/** What the tasks of an app run in. */
export interface TaskImages {
  /**
   * The name of an environment's image for a TaskSpec; empty for the local control plane where nobody knows one.
   *
   * @throws FlyteError `invalid_configuration` where a cluster would not know what to run; `unavailable` where it can't
   * be asked what it is
   */
  nameFor(environment: TaskEnvironment): Promise<string>;
  /** Whether the app's own endpoint is the local control plane. Throws as {@link nameFor}. */
  isLocalPlane(): Promise<boolean>;
}

/**
 * The images of an app's tasks. An image that is built has the name that a build wrote down, and no other: what lies on
 * this machine now may not be what anybody built.
 *
 * @param root the app's root, where the build left its file
 */
export function createTaskImages(
  fallback: ImageLike | undefined,
  root: string,
  isLocalPlane: TaskImages['isLocalPlane'],
): TaskImages {
  let built: BuiltImages | undefined;
  return {
    isLocalPlane,
    async nameFor(environment) {
      const image = imageOf(environment, { fallback, built: (built ??= readBuiltImages(root)) });
      if (image.name !== undefined) return image.name;
      if (await isLocalPlane()) return '';
      throw new FlyteError('invalid_configuration', problemOf(environment, image.problem));
    },
  };
}

/**
 * Checks that a cluster would know what to run tasks in.
 *
 * @throws FlyteError `invalid_configuration` naming each environment without an image, or with one that nobody built or can pull
 */
export function assertImagesKnown(tasks: readonly TaskDefinition[], sources: ImageSources): void {
  const environments = new Set(tasks.map(({ environment }) => environment));
  const problems = [...environments].flatMap((environment) => {
    const { problem } = imageOf(environment, sources);
    return problem === undefined ? [] : [problemOf(environment, problem)];
  });
  if (problems.length > 0) throw new FlyteError('invalid_configuration', problems.join('\n'));
}

const OR_DEPLOYED =
  'An app that runs deployed tasks needs no image: give it "tasks.version", the version that was deployed.';

function problemOf({ name }: TaskEnvironment, problem: string): string {
  return `The environment ${JSON.stringify(name)} ${problem} ${OR_DEPLOYED}`;
}

type Known =
  { readonly name: string; readonly problem?: undefined } | { readonly problem: string; readonly name?: undefined };

function imageOf({ name, image: own }: TaskEnvironment, { fallback, built }: ImageSources): Known {
  const image = own ?? fallback;
  if (typeof image === 'string') return { name: image };
  if (image !== undefined && !(Image.is(image) && image.isBuilt)) return { name: image.fullName };
  const found = built.get(name);
  if (found !== undefined) {
    return found.image.includes('/')
      ? { name: pinnedName(found) }
      : {
          problem: `has an image without a registry, ${found.image}, which a cluster can not pull. Build it with a registry, and push it.`,
        };
  }
  if (image === undefined) return { problem: 'has no image. Give it "image", or FlyteModule "tasks.image".' };
  return {
    problem: `has an image that ${IMAGES_FILE} does not name. Run "npx --no-install nestjs-flyte build --push", which writes that file.`,
  };
}
