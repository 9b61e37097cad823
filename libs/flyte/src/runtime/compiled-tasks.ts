import { parseActionArguments } from '../protocol/action-arguments.js';
import { ActionLogger } from './action-logger.js';
import { type CompiledTasks, takePendingAction } from './compiled-file.js';
import { loadTasksModule } from './load-tasks-module.js';
import { runAction } from './run-action.js';
import { taskClassesOf } from './tasks-app.js';

/** Called by a compiled file before its tasks are loaded: begins the action that it was opened for, if any. */
export function beginCompiledTasks(): CompiledTasks {
  const action = takePendingAction();
  if (action !== undefined) {
    const args = 'task' in action.args ? action.args : parseActionArguments(action.args);
    action.started(runAction(args, { ...action.host, logger: new ActionLogger() }));
  }
  return { taskClasses: async (reference, root) => taskClassesOf(await loadTasksModule(reference, root)) };
}
