import { type ActionArguments, parseActionArguments } from '../protocol/action-arguments.js';
import { isCompiledFile, runCompiledAction } from '../runtime/compiled-file.js';
import type { ActionExitCode, ActionHost } from '../runtime/action-host.js';
import { moduleFile } from '../tasks/module-file.js';
import { ACTION_DIED, NODE_PART } from './action-process.js';

// `nestjs-flyte run-action …`: the process that an action is; `nestjs-flyte action` starts it, and looks after its end. Its user waits
// for each file that is opened before the task runs, so this is no command of Commander's, and imports little.
try {
  process.exit(await runActionProcess(process.argv.slice(3)));
} catch (error) {
  const { reportFailure } = await import('./report-failure.js');
  process.exit(reportFailure(error));
}

async function runActionProcess(argv: readonly string[]): Promise<ActionExitCode> {
  const args = parseActionArguments(argv);
  const host: Omit<ActionHost, 'logger'> = {
    root: process.cwd(),
    env: process.env,
    // Few tasks ask for it.
    startedAt: async () => (await import('./action-start.js')).actionStart(),
    reportDeath: [process.execPath, NODE_PART, ACTION_DIED],
    unpackCode: async (...bundle) => (await import('../runtime/code-bundle.js')).unpackCode(...bundle),
  };
  const file = moduleFile(args.module, host.root);
  const isCompiled = args.codeBundle === undefined && isCompiledFile(file);
  return isCompiled ? runCompiledAction(file, { args, host }, () => runHere(args, host)) : runHere(args, host);
}

/** Runs an action by this copy of the library. */
async function runHere(args: ActionArguments, host: Omit<ActionHost, 'logger'>): Promise<ActionExitCode> {
  const [{ runAction }, { ActionLogger }] = await Promise.all([
    import('../runtime/run-action.js'),
    import('../runtime/action-logger.js'),
  ]);
  return runAction(args, { ...host, logger: new ActionLogger() });
}
