import { FlyteError } from '../../errors/flyte-error.js';
import { MAX_FAILURES, pause } from './reconnect.js';

/**
 * Asks Flyte something for one who waits: where it is gone for a while, as while it starts anew, it is asked again, as long as
 * a dropped stream would be opened again.
 *
 * @param ask one call; with the retries that every call has
 * @param mayPass which failures another try may change
 * @throws FlyteError as Flyte answers; after a minute of failures in a row, the last of them
 */
export async function askAgain<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
  mayPass = isGone,
): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one try after the other
      return await ask(signal);
    } catch (error) {
      if (!mayPass(error) || signal.aborted || failures >= MAX_FAILURES) throw error;
    }
    // oxlint-disable-next-line no-await-in-loop -- the pause between them
    await pause(failures, signal);
  }
}

function isGone(error: unknown): boolean {
  return FlyteError.is(error) && ['unavailable', 'deadline_exceeded'].includes(error.code);
}
