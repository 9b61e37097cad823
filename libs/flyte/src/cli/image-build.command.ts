import { Command } from 'commander';
import { type BuildFlags, buildOptions, buildShown, flagged } from './build-options.js';
import { interruption } from './interruption.js';
import { loadImage } from './load-image.js';
import { print } from './output.js';

interface Flags extends BuildFlags {
  readonly imageName?: string;
}

/** `nestjs-flyte image build <module>#<export>` */
export function imageBuildCommand(): Command {
  return buildOptions(new Command('build'))
    .description('Build an image, unless its tag exists, and print its full name')
    .argument('<module>#<export>', 'a compiled module and the image it exports, such as ./dist/images.js#image')
    .option('--image-name <name>', 'another name than the one declared')
    .action(async (reference: string, { imageName: name, ...flags }: Flags) => {
      const image = flagged(await loadImage(reference), flags).clone(name === undefined ? {} : { name });
      // A second Ctrl-C must not end this process before the builder, which then nobody would end.
      const { fullName } = await buildShown(image, flags, interruption('waits'));
      // The one line on standard output, for scripts.
      await print(fullName);
    });
}
