import { createRequire } from 'node:module';
import { Command } from 'commander';
import { actionCommand } from './action.command.js';
import { actionDiedCommand } from './action-died.command.js';
import { imageCommand } from './image.command.js';
import { runActionCommand } from './run-action.command.js';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/** The command `nestjs-flyte`: one subcommand, one file. */
export function createProgram(): Command {
  return (
    new Command('nestjs-flyte')
      .description('Flyte for NestJS, on the command line')
      .version(version)
      // An action has a --version of its own.
      .enablePositionalOptions()
      .addCommand(actionCommand())
      .addCommand(runActionCommand(), { hidden: true })
      .addCommand(actionDiedCommand(), { hidden: true })
      .addCommand(imageCommand())
  );
}
