import { setTimeout as sleep } from 'node:timers/promises';
import { FlyteError, type FlyteErrorCode } from '../../errors/flyte-error.js';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

/** How many times in a row a stream may fail before whoever reads it learns of it: more than a minute in all. */
export const MAX_FAILURES = 12;

// What a connection that was lost, a proxy that had enough, or a stream that nothing came through looks like. `internal`
// is among them because HTTP/2 resets of that name become it.
const DROPPED = new Set<FlyteErrorCode>(['unavailable', 'deadline_exceeded', 'canceled', 'aborted', 'internal']);

const CLOSED = 'The app has shut down, and its connections to Flyte with it.';

/** Whether a stream that failed so may go on in another one. */
export function isDropped(error: unknown): boolean {
  return FlyteError.is(error) && error.message !== CLOSED && DROPPED.has(error.code);
}

/** What streams fail with that outlive their app. */
export function closed(): FlyteError {
  return new FlyteError('canceled', CLOSED);
}

/** Waits before the n-th try, from 1, with jitter: many waiters must not come back together. */
export async function pause(failures: number, signal: AbortSignal, longestMs = LONGEST_PAUSE_MS): Promise<void> {
  const longest = Math.min(longestMs, FIRST_PAUSE_MS * 2 ** (failures - 1));
  try {
    await sleep(longest * (0.5 + Math.random() / 2), undefined, { signal });
  } catch (cause) {
    throw new FlyteError('canceled', 'Nobody waits any more.', { cause });
  }
}
