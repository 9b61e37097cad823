import { Injectable, type InjectableOptions } from '@nestjs/common';
import { FlyteError } from '../errors/flyte-error.js';
import { quoted } from '../protocol/path-hazard.js';
import { TaskEnvironment } from './task-environment.js';
import { declareEnvironment, declareTask } from './task-metadata.js';
import type { ImplementOptions, TaskOptions } from './task-options.js';
import { isTaskRef, type TaskRef } from './task-ref.js';
import type { Schema } from './schema.js';
import type { Lossless, Sound, TaskMethod } from './typing.js';

/**
 * Makes a class a provider with tasks, and sets the environment that they run in. Without one, the module's option
 * `defaultEnvironment` applies.
 *
 * @param options as for `@Injectable`
 */
export function Tasks(environment?: TaskEnvironment, options?: InjectableOptions): ClassDecorator {
  if (environment !== undefined && !TaskEnvironment.is(environment)) {
    throw new FlyteError(
      'invalid_configuration',
      `@Tasks takes a TaskEnvironment, and was given ${quoted(environment)}; a valid example: ` +
        '@Tasks(new TaskEnvironment({ name: "my-tasks" })).',
    );
  }
  return (type) => {
    Injectable(options)(type);
    declareEnvironment(type, environment);
  };
}

/** Refuses, with a type, a method that doesn't fit its schemas. */
type TaskDecorator<I, O> = <M extends TaskMethod<I, O>>(
  target: object,
  method: string | symbol,
  descriptor: TypedPropertyDescriptor<M> & Sound<M, I, O>,
) => void;

/** The same for a method that implements a contract, whose schemas may transform: its callers have the contract. */
type ImplementDecorator<I, O> = <M extends TaskMethod<I, O>>(
  target: object,
  method: string | symbol,
  descriptor: TypedPropertyDescriptor<M> & Lossless<M, I, O>,
) => void;

/**
 * Makes a method a task that implements a contract: its name and its schemas are those of the ref.
 *
 * ```ts
 * @Task(Train, { secrets: WANDB }) async train({ epochs }: { epochs: number }) { … }
 * ```
 */
export function Task<I extends Schema, O extends Schema>(
  ref: TaskRef<I, O>,
  options?: ImplementOptions<I>,
): ImplementDecorator<I, O>;
/**
 * Makes a method of a provider a task, named `<environment>.<method>`. Called directly it stays a plain method. What is
 * wrong with the options is said when the app starts, for all tasks in one message.
 */
export function Task<I extends Schema = undefined, O extends Schema = undefined>(
  options?: TaskOptions<I, O>,
): TaskDecorator<I, O>;
export function Task(first: TaskOptions | TaskRef = {}, second: ImplementOptions = {}): MethodDecorator {
  const ref = isTaskRef(first) ? first : undefined;
  const options = isTaskRef(first) ? second : first;
  return (target, method) => declareTask(target, method, { options: Object.freeze({ ...options }), ref });
}
