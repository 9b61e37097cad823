import { type Command, Option } from 'commander';
import { FlyteError } from '../errors/flyte-error.js';
import { taskClassesOf } from '../runtime/tasks-app.js';
import { loadTasksModule } from '../runtime/load-tasks-module.js';
import { ActionError } from '../runtime/action-failure.js';
import { isCompiledFile, openCompiledFile } from '../runtime/compiled-file.js';
import { moduleFile } from '../tasks/module-file.js';
import type { TaskClass } from '../tasks/task-metadata.js';
import type { TaskDefinition } from '../tasks/task-definition.js';
import { type ImageLike, TaskEnvironment } from '../tasks/task-environment.js';
import { collectTasks } from '../tasks/task-registry.js';
import { loadNamedExport } from './load-named-export.js';
import { loadImage } from './load-image.js';

/** Options of commands that are about the tasks of an app. */
export interface TasksFlags {
  readonly module?: string;
  readonly image?: string;
  readonly defaultEnvironment?: string;
}

/** The tasks of an app, as its files declare them. */
export interface AppTasks {
  /** `<file>#<export>`, as a TaskSpec names it. */
  readonly module: string;
  readonly tasks: readonly TaskDefinition[];
  /** The image of environments that name none. */
  readonly image: ImageLike | undefined;
}

/** Adds {@link TasksFlags}. */
export function tasksOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--module <file>#<export>',
        'the module of the tasks, as in "tasks.module" of FlyteModule: ./dist/tasks.module.js#TasksModule',
      )
        .env('FLYTE_TASKS_MODULE')
        .makeOptionMandatory(),
    )
    .option('--image <image>', 'of environments that name none: a name, or <module>#<export>')
    .option('--default-environment <module>#<export>', 'the environment of tasks that name none, as in FlyteModule');
}

/**
 * Loads an app's tasks. Its module is read and put together, and no provider of it is made: nothing connects or listens.
 *
 * @throws FlyteError `invalid_argument` where there is no such module; `invalid_configuration` for wrong tasks
 */
export async function loadTasks({ module = '', image, defaultEnvironment }: TasksFlags): Promise<AppTasks> {
  const environment =
    defaultEnvironment === undefined
      ? undefined
      : await loadNamedExport(
          defaultEnvironment,
          (value) => (TaskEnvironment.is(value) ? value : undefined),
          'TaskEnvironment',
        );
  const { tasks, problems } = collectTasks({
    classes: await loadTaskClasses(module),
    defaultEnvironment: environment,
  });
  if (problems.length > 0) throw new FlyteError('invalid_configuration', problems.join('\n'));
  if (tasks.length === 0) throw new FlyteError('invalid_configuration', `${module} has no task.`);
  return { module, tasks, image: image?.includes('#') === true ? await loadImage(image) : image };
}

/** The classes with tasks of a module, compiled or not; none of its providers is made. @throws as {@link loadTasks} */
export async function loadTaskClasses(module: string): Promise<TaskClass[]> {
  const root = process.cwd();
  const file = moduleFile(module, root);
  try {
    if (isCompiledFile(file)) return await (await openCompiledFile(file)).taskClasses(module, root);
    return await taskClassesOf(await loadTasksModule(module, root));
  } catch (error) {
    if (!(error instanceof ActionError)) throw error;
    const { cause, message } = error.failure;
    if (cause instanceof Error && cause.constructor.name === 'InvalidClassModuleException') {
      throw new FlyteError(
        'invalid_argument',
        `${module} is no module, but a controller or a provider: name the class with @Module() that provides the tasks.`,
      );
    }
    // Of the app's own mistakes the stack tells where they are.
    if (cause instanceof Error && !FlyteError.is(cause)) throw cause;
    throw new FlyteError('invalid_argument', message);
  }
}
