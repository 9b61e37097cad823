import { Command } from 'commander';
import { loadImage } from './load-image.js';

/** `nestjs-flyte image dockerfile <module>#<export>` */
export function imageDockerfileCommand(): Command {
  return new Command('dockerfile')
    .description('Print the Dockerfile of an image. It holds names of secrets, never a value')
    .argument('<module>#<export>', 'a compiled module and the image it exports, such as ./dist/images.js#image')
    .action(async (reference: string) => {
      const image = await loadImage(reference);
      process.stdout.write(image.dockerfile());
    });
}
