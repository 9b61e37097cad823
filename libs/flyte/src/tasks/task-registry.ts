import type { ModulesContainer } from '@nestjs/core';
import { FlyteError } from '../errors/flyte-error.js';
import { defineTask, refProblems, type TaskDefinition } from './task-definition.js';
import type { TaskEnvironment } from './task-environment.js';
import { taskMetadata, type TaskClass } from './task-metadata.js';
import type { TaskRef } from './task-ref.js';

/** The tasks of an app: those of its providers, and those that `FlyteModule.forFeature` names. */
export abstract class TaskRegistry {
  /**
   * Every task that this app implements, by name.
   *
   * @throws FlyteError `invalid_configuration` with everything that is wrong with any of them, as at start
   */
  abstract all(): readonly TaskDefinition[];
  /** One of them; undefined where there is none of that name. */
  abstract find(name: string): TaskDefinition | undefined;
  /** The contracts that this app calls. */
  abstract refs(): readonly TaskRef[];
}

/** What tasks are collected from. */
export interface TaskSources {
  readonly classes: readonly TaskClass[];
  readonly refs?: readonly TaskRef[] | undefined;
  /** Of tasks that name none. */
  readonly defaultEnvironment?: TaskEnvironment | undefined;
}

/** All tasks, and everything that is wrong with them. */
export function collectTasks({ classes, refs = [], defaultEnvironment }: TaskSources): {
  readonly tasks: readonly TaskDefinition[];
  readonly problems: readonly string[];
} {
  const defined = [...new Set(classes)].flatMap((type) =>
    taskMetadata.methods(type).map((method) => defineTask(type, method, defaultEnvironment)),
  );
  const tasks = defined.flatMap(({ task }) => task ?? []);
  const byName = groupBy(tasks, ({ name }) => name);
  const twice = [...byName].flatMap(([name, same]) => {
    if (same.length < 2) return [];
    const methods = same.map(({ type, method }) => `${type.name}.${method}`).join(' and ');
    return [`Two tasks are named ${JSON.stringify(name)}: ${methods}. Give one of them another "name" or environment.`];
  });
  const problems = [...defined.flatMap((one) => one.problems), ...environmentClashes(tasks), ...twice];
  return {
    tasks: tasks.toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    problems: [...problems, ...refs.flatMap(refProblems)],
  };
}

/** Two environments of one name would make one group of tasks of which nobody knows the rules. */
function environmentClashes(tasks: readonly TaskDefinition[]): string[] {
  const byName = groupBy(new Set(tasks.map(({ environment }) => environment)), ({ name }) => name);
  return [...byName].flatMap(([name, same]) =>
    same.length < 2
      ? []
      : [
          `${same.length} environments are named ${JSON.stringify(name)}. Share one TaskEnvironment, or rename one of them.`,
        ],
  );
}

function groupBy<T>(values: Iterable<T>, key: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) groups.set(key(value), [...(groups.get(key(value)) ?? []), value]);
  return groups;
}

/** A registry that collects when it is first asked, when all modules are known. */
export function createTaskRegistry(sources: () => TaskSources): TaskRegistry {
  let known: { readonly tasks: readonly TaskDefinition[]; readonly refs: readonly TaskRef[] } | undefined;
  const collected = (): NonNullable<typeof known> => {
    if (known) return known;
    const given = sources();
    const { tasks, problems } = collectTasks(given);
    if (problems.length > 0) throw new FlyteError('invalid_configuration', problems.join('\n'));
    return (known = { tasks, refs: given.refs ?? [] });
  };
  return {
    all: () => collected().tasks,
    find: (name) => collected().tasks.find((task) => task.name === name),
    refs: () => collected().refs,
  };
}

/** The classes of an app's providers and controllers that have tasks. */
export function taskClassesIn(modules: ModulesContainer): TaskClass[] {
  const wrappers = [...modules.values()].flatMap(({ providers, controllers }) => [
    ...providers.values(),
    ...controllers.values(),
  ]);
  const classes = wrappers.flatMap(({ metatype }) => (isClass(metatype) ? [metatype] : []));
  return [...new Set(classes)].filter((type) => taskMetadata.methods(type).length > 0);
}

function isClass(metatype: unknown): metatype is TaskClass {
  if (typeof metatype !== 'function') return false;
  const prototype: unknown = metatype.prototype;
  return typeof prototype === 'object' && prototype !== null;
}
