import { CommanderError } from 'commander';
import { FlyteError, type FlyteErrorCode } from '../errors/flyte-error.js';
import { note } from './output.js';

/** How the command ends: the exit codes that scripts may rely on. After Ctrl-C it is 130, after SIGTERM 143. */
export const EXIT_CODES = {
  /** What was asked could not be done. */
  failed: 1,
  /** The command was used wrongly: nothing was done. */
  usage: 2,
  /** A run ended otherwise than well. */
  runFailed: 3,
} as const;

const OF_RUNS: ReadonlySet<FlyteErrorCode> = new Set(['task_failed', 'run_aborted', 'run_timed_out']);

/**
 * Shows why a command failed: of this library's own errors the message, of others, which are somebody's bug, the stack.
 *
 * @returns the process's exit code
 */
export function reportFailure(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_CODES.usage; // has been shown
  if (!FlyteError.is(error)) {
    console.error(error);
    return EXIT_CODES.failed;
  }
  note(`${error.code}: ${error.message}${error.detail === undefined ? '' : `\n${error.detail}`}`);
  if (OF_RUNS.has(error.code)) return EXIT_CODES.runFailed;
  return error.code === 'invalid_argument' ? EXIT_CODES.usage : EXIT_CODES.failed;
}
