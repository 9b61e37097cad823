import { Command } from 'commander';
import { type BuiltName, pinnedName, writeBuiltImages } from '../images/built-images.js';
import type { BuiltImage } from '../images/build-image-options.js';
import { Image } from '../images/image.js';
import { type BuildFlags, buildOptions, buildShown, flagged } from './build-options.js';
import { readToolsConfig } from '../remote/credentials/tools-config.js';
import { interruption } from './interruption.js';
import { answer, note, type OutputFlags } from './output.js';
import { type AppTasks, loadTasks, type TasksFlags, tasksOptions } from './tasks-options.js';

interface Flags extends BuildFlags, TasksFlags, OutputFlags {
  readonly config?: string;
}

/** `nestjs-flyte build`: what `deploy` takes the names of images from. */
export function buildCommand(): Command {
  return buildOptions(tasksOptions(new Command('build')))
    .description("Build the images of an app's tasks, and write their names and digests into flyte.images.json")
    .option('--config <file>', "the configuration of Flyte's tools, in place of the one that is found")
    .option('--json', 'answer in JSON')
    .action(async (flags: Flags) => {
      const { builder, registry } = await readToolsConfig(flags.config);
      const images = imagesOf(await loadTasks(flags), flags, registry);
      // Until here Ctrl-C ends the command, whatever the app's modules wait for.
      const signal = interruption('waits');
      const built: (BuiltName & Omit<BuiltImage, 'fullName'> & Pick<Wanted, 'environments'>)[] = [];
      for (const { image, environments } of images) {
        // oxlint-disable-next-line no-await-in-loop -- builders are not asked for two things at once
        const { fullName, ...result } = await buildShown(image, { ...(builder && { builder }), ...flags }, signal);
        built.push({ image: fullName, ...result, environments });
      }
      const names = built.flatMap(({ environments, image, digest }) =>
        environments.map((environment): [string, BuiltName] => [environment, { image, digest }]),
      );
      const file = writeBuiltImages(process.cwd(), new Map(names));
      if (built.length === 0)
        note('There is no image to build: every environment names one that is used as it is, or none.');
      await answer(flags, { file, images: built }, () => built.map(pinnedName));
    });
}

interface Wanted {
  readonly image: Image;
  readonly environments: string[];
}

/**
 * The images to build, each once, with the environments that run in it.
 *
 * @param registry of images that declare none
 */
function imagesOf({ tasks, image: fallback }: AppTasks, flags: BuildFlags, registry: string | undefined): Wanted[] {
  const wanted = new Map<string, Wanted>();
  for (const { name, image: own } of new Set(tasks.map(({ environment }) => environment))) {
    const declared = own ?? fallback;
    if (!Image.is(declared) || !declared.isBuilt) continue;
    const image = flagged(declared, { ...(declared.registry === undefined && registry && { registry }), ...flags });
    const known = wanted.get(image.fullName);
    if (known === undefined) wanted.set(image.fullName, { image, environments: [name] });
    else known.environments.push(name);
  }
  return [...wanted.values()];
}
