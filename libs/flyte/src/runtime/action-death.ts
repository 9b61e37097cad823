import { constants } from 'node:os';
import type { ActionFailure } from './action-failure.js';

/** What signals usually mean, for a process of Node. */
const MEANINGS: Readonly<Record<string, string>> = {
  SIGKILL: ': out of memory, or somebody killed it',
  SIGABRT: ': Node does that where its own memory is full, see --max-old-space-size',
  SIGSEGV: ': it crashed, in native code',
};

/**
 * What became of an action whose process ended without a result.
 *
 * @param status what a shell says of it: its exit code, or 128 and the number of the signal that ended it
 */
export function deathOf(status: number): ActionFailure {
  const signal = Object.entries(constants.signals).find(([, number]) => number + 128 === status)?.[0];
  const how =
    signal === undefined ? `ended with exit code ${status}` : `was ended by ${signal}${MEANINGS[signal] ?? ''}`;
  const message = `The process of the action ${how}. It left no result; its log may tell more.`;
  return { code: 'ProcessDied', message, origin: 'user', recoverable: true };
}
