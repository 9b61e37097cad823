import type { TaskSettings } from '../tasks/task-settings.js';
import { ActionError, type ActionFailure } from './action-failure.js';
import { RUNTIME_VARIABLES } from './runtime-settings.js';

/** How long an action may still take, in milliseconds, and what it fails with then. */
export interface TimeLimit {
  readonly ms: number;
  readonly failure: ActionFailure;
}

/** The time to load and start the tasks module. */
export function startLimit(ms: number): TimeLimit {
  const message =
    `The tasks module did not start within ${ms / 1000} s. See what it waits for, such as a connection in onModuleInit; ` +
    `the variable ${RUNTIME_VARIABLES.startTimeoutMs} gives it longer.`;
  return { ms, failure: { code: 'StartTimedOut', message, origin: 'user', recoverable: true } };
}

/**
 * Of what a task declares, the time that is up first. Flyte's backend holds no task to any of it.
 *
 * @param started asks when the first attempt was queued
 * @throws ActionError where the deadline has passed: there is nothing to begin with
 */
export async function timeLimit(
  { maxRuntimeMs, deadlineMs }: Pick<TaskSettings, 'maxRuntimeMs' | 'deadlineMs'>,
  started: () => Promise<Date>,
): Promise<TimeLimit | undefined> {
  const limits: TimeLimit[] = [];
  if (deadlineMs !== undefined) {
    const failure = tooLate(deadlineMs);
    const ms = (await started()).getTime() + deadlineMs - Date.now();
    if (ms <= 0) throw new ActionError(failure);
    limits.push({ ms, failure });
  }
  // Counted as Flyte does: from when the process started. What asking took counts.
  if (maxRuntimeMs !== undefined) {
    limits.push({ ms: Math.max(0, maxRuntimeMs - performance.now()), failure: tookTooLong(maxRuntimeMs) });
  }
  return limits.toSorted((one, other) => one.ms - other.ms)[0];
}

function tookTooLong(ms: number): ActionFailure {
  const message = `The task took longer than the ${ms / 1000} s that its "timeout" allows.`;
  return { code: 'TaskTimeoutError', message, origin: 'user', recoverable: true };
}

/** No retry could be in time. */
function tooLate(ms: number): ActionFailure {
  const message = `The run did not end within the ${ms / 1000} s that its "timeout.deadline" allows for all attempts together.`;
  return { code: 'DeadlineExceeded', message, origin: 'user', recoverable: false };
}
