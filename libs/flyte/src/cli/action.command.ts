import { Command } from 'commander';
import { ACTION_SUBCOMMAND, parseActionArguments } from '../tasks/action-arguments.js';

/**
 * `nestjs-flyte action …`: what a task's container runs. It exits with 0 where outputs.pb or error.pb is written, with 1
 * where neither could be, and with 2 where its arguments are wrong.
 */
export function actionCommand(): Command {
  return new Command(ACTION_SUBCOMMAND)
    .description("Run one action of a task: the command of a task's container")
    .usage('--task <name> --version <version> --module <file>#<export> --inputs <uri> --outputs-path <uri> …')
    .argument('[arguments...]')
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (argv: string[]) => {
      const args = parseActionArguments(argv);
      // What it needs is much, and of no use to the other commands.
      const [{ runAction }, { ActionLogger }] = await Promise.all([
        import('../runtime/run-action.js'),
        import('../runtime/action-logger.js'),
      ]);
      process.exitCode = await runAction(args, { root: process.cwd(), env: process.env, logger: new ActionLogger() });
    });
}
