import type { Readable } from 'node:stream';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Condition } from '../../tasks/condition.js';
import type { Given } from '../../tasks/typing.js';
import type { CallOptions } from '../connection/call-options.js';
import type { RunInfo } from './run-info.js';
import type { LogsOptions, RunLogLine } from './run-logs.js';

/** Options of everything that waits for a run. */
export interface WaitOptions {
  /** Ends the waiting; never the run. */
  readonly signal?: AbortSignal;
  /** How long to wait, in milliseconds. For ever if not given. The run goes on afterwards. */
  readonly timeoutMs?: number;
}

/** Options of {@link Run.signal}. */
export interface SignalOptions extends CallOptions {
  /** The name of the action that the answer is for, where several wait for conditions of one name. */
  readonly action?: string;
}

/** A run of a task whose outputs are known by type. Having one costs nothing: Flyte is asked by its methods. */
export abstract class Run<Outputs = unknown> {
  /** Its name, by which any process may attach to it. */
  abstract readonly name: string;
  abstract readonly project: string;
  abstract readonly domain: string;
  /**
   * What Flyte knows of it now.
   *
   * @throws FlyteError `not_found`
   */
  abstract get(options?: CallOptions): Promise<RunInfo>;
  /**
   * Waits until it has ended, one way or another.
   *
   * @throws FlyteError `deadline_exceeded` or `canceled` if the waiting ends first; the run goes on
   */
  abstract wait(options?: WaitOptions): Promise<RunInfo>;
  /**
   * Waits until it has ended, and gives what the task returned.
   *
   * @throws FlyteError `task_failed`, `run_aborted` or `run_timed_out`, each with `run`; else as {@link wait}
   */
  abstract outputs(options?: WaitOptions): Promise<Outputs>;
  /** What the task was given, by name, as plain values. */
  abstract inputs(options?: CallOptions): Promise<Record<string, unknown>>;
  /** The run now, and at each change of its phase or attempt until it has ended. Survives dropped streams. */
  abstract watch(options?: Pick<WaitOptions, 'signal'>): AsyncIterable<RunInfo>;
  /**
   * What its process writes. Waits for the process and ends with the run; survives dropped streams, and a Flyte that starts
   * anew.
   *
   * @throws FlyteError when it is read: `not_found` of a run that ended before, if Flyte has no logs of it any more
   */
  abstract logs(options?: LogsOptions): AsyncIterable<RunLogLine>;
  /**
   * The report that its task wrote: of its last attempt, as a stream, which is to be destroyed where it is not read to its
   * end. `files.upload(…, { report: true })` in a task, `flyte.report` in Python. What a task writes is to be trusted as
   * little as the task: as a page of your own site it could act as who looks at it.
   *
   * @throws FlyteError `not_found` where it wrote none; `permission_denied`. What fails later is the stream's error
   */
  abstract report(options?: CallOptions): Promise<Readable>;
  /**
   * Answers a condition that one of its actions waits for.
   *
   * @throws FlyteError `invalid_argument` for what does not fit the condition's schema; `failed_precondition` where nothing waits for it, as
   * it was answered already, and where several wait, of which `action` names one
   */
  abstract signal<S extends StandardSchemaV1>(
    condition: Condition<S>,
    value: Given<S>,
    options?: SignalOptions,
  ): Promise<void>;
  /** Stops it. One that has ended stays as it is: it is asked first, since Flyte's backend would rewrite how it ended. */
  abstract abort(reason?: string, options?: CallOptions): Promise<void>;
}
