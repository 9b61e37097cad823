import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { FlyteError } from '../errors/flyte-error.js';
import type { TaskEnvironment } from './task-environment.js';
import type { TaskOptions } from './task-options.js';
import type { TaskRef } from './task-ref.js';

/**
 * The one key under which everything about tasks is kept: on a method of a prototype, its {@link TaskDeclaration}; on a
 * class, its environment and the tokens of its handles. A text, so that two copies of the library agree.
 */
export const TASK_METADATA = 'nestjs-flyte:task';

/** What `@Task` was given. */
export interface TaskDeclaration {
  readonly options: TaskOptions;
  /** The contract it implements, with `@Task(ref)`. */
  readonly ref?: TaskRef | undefined;
}

interface ClassMetadata {
  readonly environment?: TaskEnvironment | undefined;
  readonly tokens: Map<string, symbol>;
}

/** A class by whichever of its constructors; tasks are read from its prototype. */
export type TaskClass = Type<object>;

// A decorator's target and a class are untyped in reflect-metadata.
function classMetadata(type: object): ClassMetadata {
  const own = Reflect.getOwnMetadata(TASK_METADATA, type) as ClassMetadata | undefined;
  if (own) return own;
  const made: ClassMetadata = { tokens: new Map() };
  Reflect.defineMetadata(TASK_METADATA, made, type);
  return made;
}

/** Keeps what `@Tasks` was given. */
export function declareEnvironment(type: object, environment: TaskEnvironment | undefined): void {
  Reflect.defineMetadata(TASK_METADATA, { ...classMetadata(type), environment }, type);
}

/** Keeps what `@Task` was given. */
export function declareTask(prototype: object, method: string | symbol, declaration: TaskDeclaration): void {
  Reflect.defineMetadata(TASK_METADATA, declaration, prototype, method);
}

/** The one reader of this metadata. */
export const taskMetadata = {
  /** The environment of a class, or of the nearest class it extends that has one. */
  environment(type: object): TaskEnvironment | undefined {
    for (let at: object | null = type; at !== null && at !== Function.prototype; at = prototypeOf(at)) {
      const metadata = Reflect.getOwnMetadata(TASK_METADATA, at) as ClassMetadata | undefined;
      if (metadata?.environment) return metadata.environment;
    }
    return undefined;
  },

  /** What a method was declared as; also where a subclass overrides it without saying so again. */
  task(type: TaskClass, method: string): TaskDeclaration | undefined {
    return Reflect.getMetadata(TASK_METADATA, type.prototype as object, method) as TaskDeclaration | undefined;
  },

  /** The methods of a class that are tasks, inherited ones included, in the order of their declaration. */
  methods(type: TaskClass): string[] {
    const found = new Set<string>();
    for (let at: object | null = type.prototype as object; at !== null; at = prototypeOf(at)) {
      for (const name of Object.getOwnPropertyNames(at)) if (this.task(type, name)) found.add(name);
    }
    return [...found];
  },

  /**
   * What dependency injection knows the handle of a class's task by.
   *
   * @throws FlyteError `misuse` where the method is no task
   */
  token(type: TaskClass, method: string): symbol {
    if (typeof type !== 'function') {
      throw new FlyteError(
        'misuse',
        `The class of the task ${JSON.stringify(method)} is ${String(type)}. Two files that import each other leave one ` +
          'of them without the class: move the class to a file of its own, or share a taskRef.',
      );
    }
    if (!this.task(type, method)) {
      const methods = this.methods(type).map((name) => JSON.stringify(name));
      throw new FlyteError(
        'misuse',
        `${type.name} has no task ${JSON.stringify(method)}; it has ${methods.join(', ') || 'none'}. Put @Task() on the method.`,
      );
    }
    const { tokens } = classMetadata(type);
    const known =
      tokens.get(method) ??
      Symbol(`the handle of ${type.name}.${method}: import FlyteModule.forFeature([${type.name}])`);
    tokens.set(method, known);
    return known;
  },
};

function prototypeOf(value: object): object | null {
  return Object.getPrototypeOf(value) as object | null;
}
