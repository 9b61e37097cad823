import { FlyteError } from '../../errors/flyte-error.js';
import { insideAction } from '../../protocol/action-arguments.js';
import type { CallArguments, CallIn, CallOut } from '../../tasks/typing.js';
import { callChild } from './child-call.js';
import { MAP_FAILED, mapCalls, settleCalls, type MapOptions } from './map-calls.js';
import { merge } from '../connection/call-parts.js';
import { createRun, timeoutSignal } from './run-handle.js';
import { startRun, type RunCreation, type RunnableTask } from './run-creation.js';
import type { RunOptions } from './run-options.js';
import type { Run, WaitOptions } from './run.js';
import { projectIdOf } from '../options/project-id.js';

declare const only: unique symbol;

/** Options of {@link TaskHandle.call}: those of the run, and how long to wait for it. */
export interface CallTaskOptions extends Omit<RunOptions, 'timeoutMs'> {
  /**
   * How long to wait for the outputs, in milliseconds. For ever if not given. The run goes on afterwards; inside an action the
   * child is aborted.
   */
  readonly timeoutMs?: WaitOptions['timeoutMs'];
  /** Ends the waiting. The run goes on; inside an action the child is aborted. */
  readonly signal?: AbortSignal;
}

/**
 * Runs one task: of this app (`TaskHandle<SigningTasks['sign']>`), or by its contract (`TaskHandle<typeof Train>`). In an app each
 * run is made as the caller of the running code. Inside an action `call`, `map` and `mapSettled` have the task run as a child
 * of that action: in its run, and found again by an attempt that is started anew.
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
   * Starts a run, waits for it and gives what the task returned. Inside an action: runs it as a child, or gives what the child
   * of an earlier attempt returned.
   *
   * @throws FlyteError as {@link run} and {@link Run.outputs} do; of a child `task_failed`, `run_aborted` or `run_timed_out`
   */
  abstract call(...args: CallArguments<I, CallTaskOptions>): Promise<O>;
  /**
   * Calls it with each of some inputs. The first failure ends the rest: runs that have begun are aborted.
   *
   * @returns the outputs, in the order of the inputs
   * @throws what the first call that failed does
   */
  abstract map(inputs: Iterable<I>, options?: MapOptions): Promise<O[]>;
  /** Calls it with each of some inputs, whatever becomes of the others: what `Promise.allSettled` would give. */
  abstract mapSettled(inputs: Iterable<I>, options?: MapOptions): Promise<PromiseSettledResult<O>[]>;
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
  const isChild = ({ detached }: RunOptions): boolean => insideAction() && creation.isHome && detached !== true;
  const callAsChild = async (inputs: unknown, { timeoutMs, ...options }: CallTaskOptions): Promise<O> => {
    const timeout = timeoutMs === undefined ? undefined : timeoutSignal(timeoutMs);
    const signal = merge(options.signal, timeout);
    try {
      return (await callChild(creation, task(), inputs, { ...options, ...(signal && { signal }) })) as O;
    } catch (error) {
      if (error !== timeout?.reason) throw error;
      const what = `The child that runs ${task().name}`;
      throw new FlyteError('deadline_exceeded', `${what} did not end within ${timeoutMs} ms, and is aborted.`);
    }
  };
  const call = async (inputs?: unknown, options: CallTaskOptions = {}): Promise<O> => {
    if (isChild(options)) return callAsChild(inputs, options);
    const { timeoutMs, ...rest } = options;
    const started = await run(inputs, rest);
    return started.outputs({ signal: options.signal, timeoutMs });
  };
  /** One of several calls: its signal ends the run, too. */
  const callOfMap = async (inputs: unknown, options: CallTaskOptions): Promise<O> => {
    if (isChild(options)) return callAsChild(inputs, options);
    const { timeoutMs, ...rest } = options;
    let begun: Run | undefined;
    try {
      const started = await startRun(creation, task(), inputs, rest, (made) => (begun = made));
      return (await started.outputs({ signal: options.signal, timeoutMs })) as O;
    } catch (error) {
      if (options.signal?.aborted === true) await begun?.abort(MAP_FAILED).catch(() => undefined);
      throw error;
    }
  };
  return {
    get name() {
      return task().name;
    },
    run,
    call,
    map: (inputs, options) => mapCalls(inputs, callOfMap, options),
    mapSettled: (inputs, options) => settleCalls(inputs, callOfMap, options),
    attach(runName) {
      const projectId = projectIdOf('TaskHandle.attach', creation.defaults);
      return createRun(creation.clients, projectId, runName, (outputs) =>
        task().codec.decodeOutputs(outputs),
      ) as Run<O>;
    },
  };
}

/** A handle whose task is not known by its type. */
export type AnyTaskHandle = Pick<
  TaskHandle<never, never, unknown>,
  'name' | 'run' | 'call' | 'map' | 'mapSettled' | 'attach'
>;

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
    map: async (...args) => handle().map(...args),
    mapSettled: async (...args) => handle().mapSettled(...args),
    attach: (runName) => handle().attach(runName),
  };
}
