import { FlyteError } from '../errors/flyte-error.js';

/**
 * Shows why a command failed: of this library's own errors the message, of others, which are somebody's bug, the stack.
 *
 * @returns the process's exit code: 2 where the command was used wrongly, 1 otherwise
 */
export function reportFailure(error: unknown): number {
  if (!FlyteError.is(error)) {
    console.error(error);
    return 1;
  }
  console.error(`${error.code}: ${error.message}`);
  return error.code === 'invalid_argument' ? 2 : 1;
}
