import { readBuiltImages } from '../images/built-images.js';
import { Image } from '../images/image.js';
import { PLATFORMS } from '../images/image-names.js';
import { FlyteError } from '../errors/flyte-error.js';
import { note } from './output.js';
import type { AppTasks } from './tasks-options.js';

/** Tells where the files here are not those that an image was built of, as far as they are here. */
export function noteStaleImages({ tasks, image: fallback }: AppTasks): void {
  const built = readBuiltImages(process.cwd());
  for (const { name, image: own } of new Set(tasks.map(({ environment }) => environment))) {
    const image = own ?? fallback;
    const known = built.get(name)?.image;
    if (known === undefined || !Image.is(image) || !image.isBuilt) continue;
    const tags = tagsOf(image);
    if (tags.length === 0 || tags.some((tag) => known.endsWith(`:${tag}`))) continue;
    note(
      `${known}, which ${name} runs in, was built of other files than those that lie here. To run these, build again.`,
    );
  }
}

/** For each platform, since a build may name one; none where files are missing, as they may be where a pipeline deploys. */
function tagsOf(image: Image): string[] {
  try {
    return PLATFORMS.map((platform) => image.clone({ platform }).tag);
  } catch (error) {
    if (FlyteError.is(error)) return [];
    throw error;
  }
}
