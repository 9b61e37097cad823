import { Injectable, type LoggerService } from '@nestjs/common';
import { FlyteError } from '../errors/flyte-error.js';
import { type ActionInfo, currentAction } from '../action/action-scope.js';

/**
 * The action that runs: inject it where a task needs to know of its run, or when to stop. It has nothing private, so a
 * plain object can stand in for it in a test.
 *
 * ```ts
 * constructor(private readonly ctx: TaskContext) {}
 * @Task() async crawl() { for (const url of urls) { this.ctx.signal.throwIfAborted(); … } }
 * ```
 *
 * @throws FlyteError `misuse` from every property, where it is read outside an action
 */
@Injectable()
export class TaskContext implements ActionInfo {
  /** The run's name. */
  get run(): string {
    return action('run').run;
  }

  /** The action's name within the run; `a0` for the run's own task. */
  get action(): string {
    return action('action').action;
  }

  /** The task's full name, `<environment>.<method>`. */
  get task(): string {
    return action('task').task;
  }

  /** The task's version. */
  get version(): string {
    return action('version').version;
  }

  /** Which attempt this is, from 1: 2 is the first retry. */
  get attempt(): number {
    return action('attempt').attempt;
  }

  /** The project that the run is in. */
  get project(): string {
    return action('project').project;
  }

  /** The domain that the run is in. */
  get domain(): string {
    return action('domain').domain;
  }

  /** The organisation; empty where Flyte has none. */
  get org(): string {
    return action('org').org;
  }

  /**
   * Fires when the task is to end: the run was aborted, the machine is taken away, or the time that the task declares
   * is up. Its reason is a FlyteError, `canceled` or `deadline_exceeded`. Pass it on to what waits, such as `fetch`.
   */
  get signal(): AbortSignal {
    return action('signal').signal;
  }

  /** Writes to the action's log, under the task's name. */
  get logger(): LoggerService {
    return action('logger').logger;
  }
}

function action(property: keyof ActionInfo): ActionInfo {
  const current = currentAction();
  if (current) return current;
  throw new FlyteError(
    'misuse',
    `TaskContext.${property} was read outside an action. It is there while Flyte runs a task; in a test of a task, pass ` +
      'an object with what the task reads.',
  );
}
