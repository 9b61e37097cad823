import { brand } from './brand.js';

/**
 * Codes that the wire uses: those of Connect and gRPC, in Connect's spelling.
 * @see https://connectrpc.com/docs/protocol#error-codes
 */
export const WIRE_ERROR_CODES = [
  'canceled',
  'unknown',
  'invalid_argument',
  'deadline_exceeded',
  'not_found',
  'already_exists',
  'permission_denied',
  'resource_exhausted',
  'failed_precondition',
  'aborted',
  'out_of_range',
  'unimplemented',
  'internal',
  'unavailable',
  'data_loss',
  'unauthenticated',
] as const;

/** A code of {@link WIRE_ERROR_CODES}. */
export type WireErrorCode = (typeof WIRE_ERROR_CODES)[number];

/**
 * What kind of failure a {@link FlyteError} is: a code of the wire, or one of ours:
 *
 * - `invalid_configuration`: an option or a variable is wrong; thrown while the app starts.
 * - `misuse`: this library was called in a way that can't work, such as a call as the caller where there is no caller.
 * - `image_build_failed`: a container image could not be built or pushed; the message ends with what the builder said.
 * - `task_failed`, `run_aborted`, `run_timed_out`: Flyte did as asked, and the run did not succeed; `run` tells more.
 */
export type FlyteErrorCode =
  | WireErrorCode
  | 'invalid_configuration'
  | 'misuse'
  | 'image_build_failed'
  | 'task_failed'
  | 'run_aborted'
  | 'run_timed_out';

/** Which run did not succeed, and whose fault that was. */
export interface FailedRun {
  /** The run's name. */
  readonly name: string;
  /** The action of the run that this is about: `a0`, or a child that an action called. */
  readonly action: string;
  /** The full name of its task; empty where Flyte does not say. */
  readonly task: string;
  /** How it ended. */
  readonly phase: 'failed' | 'aborted' | 'timed_out';
  /** The attempt that ended it, from 1; 0 where none began. */
  readonly attempt: number;
  /** Who failed: the task's own code, or what runs it. `unknown` where Flyte does not say. */
  readonly origin: 'user' | 'system' | 'unknown';
}

/** How {@link FlyteError} is made. */
export interface FlyteErrorOptions {
  /** What led to this error. It is printed with the error, so it must hold no credential. */
  readonly cause?: unknown;
  /** What Flyte or the network said, for the logs of whoever runs the app. It must hold no credential either. */
  readonly detail?: string;
  /** The run that did not succeed. */
  readonly run?: FailedRun;
  /** `operator`: the mistake is the app's or its operator's, though the code is one that blames who asked. */
  readonly fault?: 'operator';
}

const branded = brand<FlyteError>('FlyteError');

/**
 * The one error of this library. Its `code` is for programs, its message for people: what was wrong, what was seen,
 * what to do. Neither ever holds a credential.
 */
export class FlyteError extends Error {
  override readonly name = 'FlyteError';
  /** What kind of failure this is. */
  readonly code: FlyteErrorCode;
  /**
   * What Flyte or the network said, for the logs of whoever runs the app: too much for a client, who can do nothing
   * about it. Absent where the message says it all.
   */
  declare readonly detail?: string;
  /** The run that did not succeed, with the codes `task_failed`, `run_aborted` and `run_timed_out`. */
  declare readonly run?: FailedRun;
  /** `operator`: clients are told nothing of it, as it is no fault of theirs; the log is, with what to do. */
  declare readonly fault?: 'operator';

  /**
   * @param code the kind of failure
   * @param message for people, without any credential
   */
  constructor(code: FlyteErrorCode, message: string, options: FlyteErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.detail !== undefined) this.detail = options.detail;
    if (options.run !== undefined) this.run = options.run;
    if (options.fault !== undefined) this.fault = options.fault;
    branded.mark(this);
  }

  /**
   * Whether a value is a FlyteError, of this copy of the library or of another one in the same process; `instanceof`
   * asks this too.
   */
  static is(value: unknown): value is FlyteError {
    return branded.is(value);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return FlyteError.is(value);
  }
}
