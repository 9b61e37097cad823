import type { TaskClass } from '../tasks/task-metadata.js';
import { ActionLogger } from './action-logger.js';
import { takePendingAction } from './compiled-file.js';
import { loadTasksModule } from './load-tasks-module.js';
import { runAction } from './run-action.js';
import { taskClassesOf } from './tasks-app.js';

/**
 * What a compiled file offers to the command: this library and Nest as they are in the file, the only copies that its tasks know.
 */
export interface CompiledTasks {
  /** See {@link taskClassesOf}. @param reference `<file>#<export>` of this very file @param root what it is relative to */
  taskClasses(reference: string, root: string): Promise<TaskClass[]>;
}

/** Called by a compiled file before its tasks are loaded: begins the action that it was opened for, if any. */
export function beginCompiledTasks(): CompiledTasks {
  const action = takePendingAction();
  action?.started(runAction(action.args, { ...action.host, logger: new ActionLogger() }));
  return { taskClasses: async (reference, root) => taskClassesOf(await loadTasksModule(reference, root)) };
}
