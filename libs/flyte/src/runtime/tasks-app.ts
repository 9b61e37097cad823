import { type DynamicModule, type INestApplicationContext, type LoggerService, Module } from '@nestjs/common';
import { ContextIdFactory, ModulesContainer, NestFactory } from '@nestjs/core';
import { FlyteError } from '../errors/flyte-error.js';
import { FileService } from '../files/file.service.js';
import { defineTask, type TaskDefinition } from '../tasks/task-definition.js';
import { environmentNameProblem, TaskEnvironment } from '../tasks/task-environment.js';
import { type TaskClass, taskMetadata } from '../tasks/task-metadata.js';
import { TaskRegistry, taskClassesIn } from '../tasks/task-registry.js';
import { ActionError, failedStep } from './action-failure.js';
import { filesOfAction } from './files-of-action.js';
import type { TasksModule } from './load-tasks-module.js';
import { TaskContext } from './task-context.js';

/** Around the module of the tasks: gives it {@link TaskContext} and {@link FileService}, whether or not it imports FlyteModule. */
@Module({})
class ActionModule {}

/**
 * Starts the module of the tasks, and nothing else of the app, without a server.
 *
 * @throws ActionError `ModuleLoadError` with what the start failed with
 */
export function startTasksApp(tasks: TasksModule, logger: LoggerService): Promise<INestApplicationContext> {
  return contextOf(tasks, { logger });
}

/**
 * The classes of the module's providers that have tasks. None of them is made, nor is anything else: the module is put
 * together alone, which tells also whether each finds what it injects.
 *
 * @throws ActionError `ModuleLoadError` with what is wrong with the module
 */
export async function taskClassesOf(tasks: TasksModule): Promise<TaskClass[]> {
  const app = await contextOf(tasks, { preview: true, logger: false });
  return taskClassesIn(app.get(ModulesContainer));
}

async function contextOf(
  tasks: TasksModule,
  options: { readonly preview?: boolean; readonly logger: LoggerService | false },
): Promise<INestApplicationContext> {
  const root: DynamicModule = {
    ...{ module: ActionModule, global: true, imports: [tasks] },
    providers: [TaskContext, { provide: FileService, useFactory: filesOfAction }],
    exports: [TaskContext, FileService],
  };
  try {
    return await NestFactory.createApplicationContext(root, { ...options, abortOnError: false });
  } catch (error) {
    const step = { code: 'ModuleLoadError', origin: 'user', recoverable: true } as const;
    throw failedStep(error, step, 'The tasks module could not be started');
  }
}

/**
 * Finds a task by its name.
 *
 * @throws ActionError `TaskNotFound`, naming the tasks there are; FlyteError `invalid_configuration` with what is wrong
 * with tasks of which none is the one
 */
export function findTask(app: INestApplicationContext, name: string): TaskDefinition {
  const modules = app.get(ModulesContainer);
  const classes = taskClassesIn(modules);
  // It also knows classes that forFeature names, of which the module makes no instances.
  const registered = registries(modules).flatMap((registry) => registry.find(name) ?? []);
  const provided = registered.find(({ type }) => classes.includes(type));
  if (provided) return provided;
  // Without FlyteModule nothing but the task's name tells of the app's default environment.
  const named = environmentOf(name);
  // Of a module with many tasks, an action needs one.
  const tasks = methodsOf(classes).filter(([type, method]) => mayBeCalled(name, type, method));
  const task = [undefined, ...(named ? [named] : [])]
    .flatMap((environment) => tasks.flatMap(([type, method]) => defineTask(type, method, environment).task ?? []))
    .find((one) => one.name === name);
  if (task) return task;
  const defined = methodsOf(classes).map(([type, method]) => defineTask(type, method));
  const problems = defined.flatMap((one) => one.problems);
  if (problems.length > 0) throw new FlyteError('invalid_configuration', problems.join('\n'));
  const known = defined.flatMap((one) => one.task?.name ?? []);
  throw new ActionError({
    code: 'TaskNotFound',
    message:
      `The tasks module has no task ${JSON.stringify(name)}. It has ${known.slice(0, 20).join(', ') || 'none'}. ` +
      'Deploy the version that this image holds, or put the class of the task into the providers of the module.',
    origin: 'user',
    recoverable: false,
  });
}

/**
 * Runs a task: its class as dependency injection makes it, with everything request-scoped made for this action alone.
 *
 * @throws whatever the task throws
 */
export async function callTask(app: INestApplicationContext, task: TaskDefinition, inputs: unknown): Promise<unknown> {
  const contextId = ContextIdFactory.create();
  app.registerRequestByContextId(app.get(TaskContext), contextId);
  const instance = await resolved(app, task, contextId);
  const method: unknown = Reflect.get(instance, task.method);
  if (typeof method !== 'function') {
    throw new ActionError({
      code: 'TaskNotFound',
      message: `What the module provides for ${task.type.name} has no method ${JSON.stringify(task.method)}.`,
      origin: 'user',
      recoverable: false,
    });
  }
  return (await Reflect.apply(method, instance, inputs === undefined ? [] : [inputs])) as unknown;
}

async function resolved(
  app: INestApplicationContext,
  { type, name }: TaskDefinition,
  contextId: ReturnType<typeof ContextIdFactory.create>,
): Promise<object> {
  try {
    return await app.resolve<object>(type, contextId, { strict: false });
  } catch (error) {
    const step = { code: 'ModuleLoadError', origin: 'user', recoverable: true } as const;
    throw failedStep(error, step, `${type.name}, which has the task ${name}, could not be made`);
  }
}

function registries(modules: ModulesContainer): TaskRegistry[] {
  return [...modules.values()].flatMap(({ providers }) => {
    const instance: unknown = providers.get(TaskRegistry)?.instance;
    return typeof instance === 'object' && instance !== null && 'find' in instance ? [instance as TaskRegistry] : [];
  });
}

function methodsOf(classes: readonly TaskClass[]): (readonly [TaskClass, string])[] {
  return classes.flatMap((type) => taskMetadata.methods(type).map((method) => [type, method] as const));
}

/** Whether a task may be of this name, as far as that shows without its environment. */
function mayBeCalled(name: string, type: TaskClass, method: string): boolean {
  const declaration = taskMetadata.task(type, method);
  const called = declaration?.ref?.name ?? `.${declaration?.options.name ?? method}`;
  return name.endsWith(called);
}

function environmentOf(task: string): TaskEnvironment | undefined {
  const [name = ''] = task.split('.', 1);
  return environmentNameProblem(name) === undefined ? new TaskEnvironment({ name }) : undefined;
}
