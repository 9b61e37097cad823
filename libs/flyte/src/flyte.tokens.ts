import { Inject, type Type } from '@nestjs/common';
import { FlyteClient } from './remote/services/flyte-client.js';
import type { TaskHandle } from './remote/runs/task-handle.js';
import { taskMetadata } from './tasks/task-metadata.js';
import { isTaskRef, refToken, type TaskRef } from './tasks/task-ref.js';
import type { Refuse } from './tasks/typing.js';

/** The injection token of a connection's {@link FlyteClient}: the class itself for the unnamed one. */
export function getFlyteToken(name?: string): typeof FlyteClient | symbol {
  return name === undefined ? FlyteClient : Symbol.for(`nestjs-flyte.client.${name}`);
}

/** Injects the client of a named connection: `@InjectFlyte('eu') flyte: FlyteClient`. */
export function InjectFlyte(name?: string): ParameterDecorator & PropertyDecorator {
  return Inject(getFlyteToken(name));
}

/**
 * The injection token of a task's {@link TaskHandle}, which `FlyteModule.forFeature` provides.
 *
 * @throws FlyteError `misuse` where the method is no task
 */
export function getTaskToken<C extends object>(type: Type<C>, method: keyof C & string): symbol;
export function getTaskToken(ref: TaskRef): symbol;
export function getTaskToken(task: Type<object> | TaskRef, method = ''): symbol {
  return isTaskRef(task) ? refToken(task) : taskMetadata.token(task, method);
}

type AnyClass = abstract new (...args: never[]) => unknown;
type Accepts<T, N extends number, V> = T extends abstract new (...args: infer A) => unknown
  ? V extends A[N]
    ? unknown
    : Refuse<'not the handle of this task'>
  : never;

/** Decorates a parameter of a constructor, or a property, into which a value of type V fits. */
export interface InjectInto<V> {
  <T extends AnyClass, N extends number>(target: T & Accepts<T, N, V>, key: undefined, index: N): void;
  (target: object, key: string | symbol): void;
}

/**
 * Injects what runs a task of this app: `@InjectTask(SigningTasks, 'sign') sign: TaskHandle<SigningTasks['sign']>`. The
 * class is not made for it. Needs `FlyteModule.forFeature([SigningTasks])` in the module.
 */
export function InjectTask<C extends object, K extends keyof C & string>(
  type: Type<C>,
  method: K,
): InjectInto<TaskHandle<C[K]>>;
/** Injects what runs a task by its contract: `@InjectTask(Train) train: TaskHandle<typeof Train>`. */
export function InjectTask<R extends TaskRef>(ref: R): InjectInto<TaskHandle<R>>;
export function InjectTask(task: Type<object> | TaskRef, method?: string): ParameterDecorator & PropertyDecorator {
  return Inject(isTaskRef(task) ? refToken(task) : taskMetadata.token(task, method ?? ''));
}
