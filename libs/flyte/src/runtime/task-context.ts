import { Injectable, type LoggerService } from '@nestjs/common';
import { FlyteError } from '../errors/flyte-error.js';
import { type ActionInfo, type ActionScope, currentAction, runWithin } from '../action/action-scope.js';
import { checkpointOf, type Checkpoint } from './checkpoint.js';
import { type Report, reportOf } from './report.js';
import { trace } from './trace.js';

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

  /** What an attempt leaves for the one after it, where it does not come to its end. */
  get checkpoint(): Checkpoint {
    return checkpointOf(action('checkpoint'));
  }

  /** The page that people see beside the action: `run.report()` in an app. */
  get report(): Report {
    return reportOf(action('report'));
  }

  /**
   * Takes a step once: an attempt that is started anew gets what it gave, and does not take it again. A failure is recorded only
   * where another try would not change it, as of a `NonRecoverableError`.
   *
   * ```ts
   * const note = await this.ctx.trace('note', { ok }, () => writeNote(ok));
   * ```
   *
   * @param name of the step, which Flyte shows
   * @param input what tells the step from others of its name: plain data
   * @param fn the step. It gives plain data: what JSON could hold, bytes, and whole numbers beyond 2^53 as bigint
   * @throws what `fn` throws; FlyteError `invalid_argument` for what is no plain data, `out_of_range` above 2 MiB
   */
  async trace<T>(name: string, input: unknown, fn: () => T | Promise<T>): Promise<T> {
    return trace(action('trace'), name, input, fn);
  }

  /** Has what a function calls shown together, under a name. */
  group<T>(name: string, fn: () => T): T {
    return runWithin(action('group'), 'group', groupName(name), fn);
  }

  /** Says in the log how far the task is. @param total how much there is to do; unknown if left out */
  progress(done: number, total?: number): void {
    action('progress').logger.log(total === undefined ? `progress: ${done}` : `progress: ${done} of ${total}`);
  }
}

function groupName(name: string): string {
  if (name !== '' && name.length <= 255) return name;
  throw new FlyteError('invalid_argument', 'TaskContext.group: give a name of 1 to 255 characters.');
}

function action(property: keyof TaskContext): ActionScope {
  const current = currentAction();
  if (current) return current;
  throw new FlyteError(
    'misuse',
    `TaskContext.${property} was read outside an action. It is there while Flyte runs a task; in a test of a task, pass ` +
      'an object with what the task reads.',
  );
}
