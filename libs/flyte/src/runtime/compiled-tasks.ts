import { type ActionArguments, insideAction } from '../protocol/action-arguments.js';
import type { TaskClass } from '../tasks/task-metadata.js';
import { ActionLogger } from './action-logger.js';
import { loadTasksModule, type ModuleExports } from './load-tasks-module.js';
import { type ActionExitCode, type ActionHost, runAction } from './run-action.js';
import { taskClassesOf } from './tasks-app.js';

/**
 * What a compiled file offers to the command that opens it: this library and Nest as they are in the file, the only copies that its
 * tasks know.
 */
export interface CompiledTasks {
  /** See {@link runAction}. */
  runAction(args: ActionArguments, host: Omit<ActionHost, 'logger' | 'load'>): Promise<ActionExitCode>;
  /** See {@link taskClassesOf}. @param reference `<file>#<export>` @param root what the file is relative to */
  taskClasses(reference: string, root: string): Promise<TaskClass[]>;
  /** What the file exports under a name. Inside an action nothing yet: its module loads when all is ready to report how that went. */
  exported(name: string): Promise<unknown>;
}

/** @param load evaluates the module of the tasks, with all that it imports */
export function compiledTasks(load: () => Promise<ModuleExports>): CompiledTasks {
  return {
    runAction: (args, host) => runAction(args, { ...host, logger: new ActionLogger(), load }),
    taskClasses: async (reference, root) => taskClassesOf(await loadTasksModule(reference, root, load)),
    exported: async (name) => (insideAction() ? undefined : (await load())[name]),
  };
}
