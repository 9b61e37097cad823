import { Command } from 'commander';
import { imageBuildCommand } from './image-build.command.js';
import { imageDockerfileCommand } from './image-dockerfile.command.js';

/** `nestjs-flyte image …` */
export function imageCommand(): Command {
  return new Command('image')
    .description('Build the container images that tasks run in')
    .addCommand(imageBuildCommand())
    .addCommand(imageDockerfileCommand());
}
