import { resolve } from 'node:path';
import type { ActionExitCode, ActionHost } from '../runtime/action-host.js';
import { isCompiledFile, runCompiledAction } from '../runtime/compiled-file.js';
import { ACTION_DIED, NODE_PART } from './action-process.js';

// `nestjs-flyte run-action …`: the process that an action is; `nestjs-flyte action` starts it, and looks after its end. Its user waits
// for each file that is opened before the task runs, so this is no command of Commander's, and imports next to nothing.
const argv = process.argv.slice(3);
const host: Omit<ActionHost, 'logger'> = {
  root: process.cwd(),
  env: process.env,
  // Few tasks ask for it.
  startedAt: async () => (await import('./action-start.js')).actionStart(),
  openChildren: async (action) => (await import('./action-children.js')).actionChildren(action),
  reportDeath: [process.execPath, NODE_PART, ACTION_DIED],
  unpackCode: async (...bundle) => (await import('../runtime/code-bundle.js')).unpackCode(...bundle),
};

try {
  const file = compiledFile();
  process.exit(await (file === undefined ? runHere() : runCompiledAction(file, { args: argv, host }, runHere)));
} catch (error) {
  const { reportFailure } = await import('./report-failure.js');
  process.exit(reportFailure(error));
}

/** The file of the tasks, if it is compiled and in the image. It brings all that reads its arguments properly. */
function compiledFile(): string | undefined {
  const [path = ''] = argv[argv.indexOf('--module') + 1]?.split('#', 1) ?? [];
  const file = resolve(host.root, path);
  return !argv.includes('--code-bundle') && isCompiledFile(file) ? file : undefined;
}

/** Runs the action by this copy of the library. */
async function runHere(): Promise<ActionExitCode> {
  const [{ parseActionArguments }, { runAction }, { ActionLogger }] = await Promise.all([
    import('../protocol/action-arguments.js'),
    import('../runtime/run-action.js'),
    import('../runtime/action-logger.js'),
  ]);
  return runAction(parseActionArguments(argv), { ...host, logger: new ActionLogger() });
}
