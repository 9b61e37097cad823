import { FlyteError } from '../../errors/flyte-error.js';
import { insideAction } from '../../protocol/action-arguments.js';
import type { CallArguments, CallIn, CallOut } from '../../tasks/typing.js';
import { createRun } from './run-handle.js';
import { startRun, type RunCreation, type RunnableTask } from './run-creation.js';
import type { RunOptions } from './run-options.js';
import type { Run, WaitOptions } from './run.js';
import { projectIdOf } from '../options/project-id.js';

declare const only: unique symbol;

/** Options of {@link TaskHandle.call}: those of the run, and how long to wait for it. */
export interface CallTaskOptions extends Omit<RunOptions, 'timeoutMs'> {
  /** How long to wait for the outputs, in milliseconds. For ever if not given. The run goes on afterwards. */
  readonly timeoutMs?: WaitOptions['timeoutMs'];
}

/**
 * Runs one task: of this app (`TaskHandle<SigningTasks['sign']>`), or by its contract (`TaskHandle<typeof Train>`). Each
 * run is made as the caller of the running code.
 */
export abstract class TaskHandle<T, in out I = CallIn<T>, out O = CallOut<T>> {
  /** Keeps the compiler from taking one task's handle for another's. Never there. */
  declare readonly [only]?: (inputs: I) => I;
  /** The task's full name. */
  abstract readonly name: string;
  /**
   * Starts a run, and does not wait for it.
   *
   * @throws FlyteError `invalid_argument` naming each wrong input; `not_found` if Flyte doesn't know the task;
   * `already_exists` for an idempotency key of other inputs; `misuse` inside an action without `detached: true`
   */
  abstract run(...args: CallArguments<I, RunOptions>): Promise<Run<O>>;
  /**
   * Starts a run, waits for it and gives what the task returned.
   *
   * @throws FlyteError as {@link run} and {@link Run.outputs} do; `unimplemented` inside an action
   */
  abstract call(...args: CallArguments<I, CallTaskOptions>): Promise<O>;
  /**
   * A run of this task by its name, to wait for what another process started. Asks Flyte nothing.
   *
   * @throws FlyteError `invalid_argument` for what can't be the name of a run
   */
  abstract attach(runName: string): Run<O>;
}

/** A handle; what is wrong with its task is said when it is first used, or for all tasks together at start. */
export function createTaskHandle<T, I, O>(creation: RunCreation, find: () => RunnableTask): TaskHandle<T, I, O> {
  let found: RunnableTask | undefined;
  const task = (): RunnableTask => (found ??= find());
  const run = async (inputs?: unknown, options?: RunOptions): Promise<Run<O>> =>
    (await startRun(creation, task(), inputs, options)) as Run<O>;
  return {
    get name() {
      return task().name;
    },
    run,
    async call(inputs?: unknown, { timeoutMs, ...options }: CallTaskOptions = {}) {
      if (insideAction()) {
        throw new FlyteError(
          'unimplemented',
          `The task ${JSON.stringify(task().name)} was called inside an action, which would make it a child of that action: ` +
            'not possible yet. Use run(inputs, { detached: true }) for a run of its own.',
        );
      }
      const started = await run(inputs, options);
      return started.outputs({ signal: options.signal, timeoutMs });
    },
    attach(runName) {
      const projectId = projectIdOf('TaskHandle.attach', creation.defaults);
      return createRun(creation.clients, projectId, runName, (outputs) =>
        task().codec.decodeOutputs(outputs),
      ) as Run<O>;
    },
  };
}

/** A handle whose task is not known by its type. */
export type AnyTaskHandle = Pick<TaskHandle<never, never, unknown>, 'name' | 'run' | 'call' | 'attach'>;

/** A handle that is looked for when it is first used. */
export function lazyTaskHandle(find: () => AnyTaskHandle): AnyTaskHandle {
  let found: AnyTaskHandle | undefined;
  const handle = (): AnyTaskHandle => (found ??= find());
  return {
    get name() {
      return handle().name;
    },
    run: async (...args) => handle().run(...args),
    call: async (...args) => handle().call(...args),
    attach: (runName) => handle().attach(runName),
  };
}
