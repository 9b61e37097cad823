import type { Literal } from '../gen/flyteidl2/core/literals_pb.js';
import type { LiteralType } from '../gen/flyteidl2/core/types_pb.js';
import type { Inputs, Outputs } from '../gen/flyteidl2/task/common_pb.js';
import type { TaskSpec } from '../gen/flyteidl2/task/task_definition_pb.js';

/** What is said of everything that an action has its run do. */
export interface ChildOptions {
  /** The group that it is shown in, and called in; undefined outside any. */
  readonly group: string | undefined;
  /** The step that it is called in; undefined outside any. */
  readonly step?: string | undefined;
  /** Abandons it: Flyte is asked to end it. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * How an action ended: `done`, whether well or not; `retried` where it failed so that a further attempt may follow, which has run again what did
 * not succeed; `interrupted` where the attempt is to be started anew, and goes on with what it called.
 */
export type ActionEnd = 'done' | 'retried' | 'interrupted';

/** A task to be run as a child. */
export interface ChildTask extends ChildOptions {
  /** All that Flyte runs it by. */
  readonly spec: TaskSpec;
  readonly inputs: Inputs;
  /** The version that its caller names; not one that may be another one in the next attempt, such as the latest. */
  readonly version?: string | undefined;
  /** Makes calls of one task the same, whatever their inputs; without it, the inputs and their order tell them apart. */
  readonly key?: string | undefined;
  /** The queue, in place of that of the run. */
  readonly queue?: string | undefined;
}

/** A step to be run once, and recorded. */
export interface Step extends ChildOptions {
  readonly name: string;
  /** What tells it from others of its name. */
  readonly inputs: Inputs;
  /** What is run, where no earlier attempt has its result. */
  readonly work: () => Promise<Outputs>;
}

/** Something to be waited for that somebody else answers. */
export interface Question extends ChildOptions {
  readonly name: string;
  /** The type of the answer: one of boolean, integer, float and string. */
  readonly type: LiteralType;
  readonly prompt: string;
  readonly description: string;
  readonly isMarkdown: boolean;
  /** How long it may take, in milliseconds; for ever if undefined. */
  readonly timeoutMs: number | undefined;
}

/**
 * What an action has its run do: children of its own, steps that are recorded, questions. Each has a name that follows from
 * what is asked, so that an attempt which is started anew finds what was done.
 */
export interface ChildActions {
  /**
   * Runs a task as a child, and waits for its outputs.
   *
   * @throws FlyteError `task_failed`, `run_aborted` or `run_timed_out`, each with `run`
   */
  task(child: ChildTask): Promise<Outputs>;
  /** Runs a step, or gives what it gave an earlier attempt. @throws what the step throws */
  step(step: Step): Promise<Outputs>;
  /** Waits for an answer. @throws FlyteError `deadline_exceeded` where none came in time */
  ask(question: Question): Promise<Literal>;
  /** What Flyte runs this very action by. */
  ownSpec(): Promise<TaskSpec>;
  /** Ends the connection, and what nobody waits for any more. */
  close(end: ActionEnd): Promise<void>;
}
