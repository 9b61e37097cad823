import { Command } from 'commander';
import { parseActionArguments } from '../protocol/action-arguments.js';
import { ACTION_DIED, NODE_PART, RUN_ACTION } from './action-process.js';

/** `nestjs-flyte run-action …`: the process that an action is; `nestjs-flyte action` starts it, and looks after its end. */
export function runActionCommand(): Command {
  return new Command(RUN_ACTION)
    .description('Run one action in this process')
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
      process.exitCode = await runAction(args, {
        root: process.cwd(),
        env: process.env,
        logger: new ActionLogger(),
        // So is what this needs, which few tasks do.
        startedAt: async () => (await import('./action-start.js')).actionStart(),
        reportDeath: [process.execPath, NODE_PART, ACTION_DIED],
      });
    });
}
