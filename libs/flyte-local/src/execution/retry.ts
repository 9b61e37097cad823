import { durationMs, type Duration } from '@bufbuild/protobuf/wkt';
import type { TaskMetadata } from 'nestjs-flyte/idl/core/tasks';
import { MAX_RETRIES, MAX_TIMER_MS } from 'nestjs-flyte/protocol';

/** When to try again, and when to give up. All times in milliseconds; undefined means no limit. */
export interface RetryPolicy {
  /** How many attempts there may be. */
  readonly maxAttempts: number;
  /** How long one attempt may run. */
  readonly maxRuntimeMs: number | undefined;
  /** How long one attempt may wait for its turn. */
  readonly maxQueuedMs: number | undefined;
  /** How long all attempts may take together, from the run's creation. */
  readonly deadlineMs: number | undefined;
  /** How long to wait before a retry. @param retry from 0 */
  readonly delayMs: (retry: number) => number;
}

/** What a task says about failures. */
export function retryPolicy(metadata: TaskMetadata | undefined): RetryPolicy {
  const { retries = 0, backoff } = metadata?.retries ?? {};
  const base = milliseconds(backoff?.base) ?? 0;
  const cap = milliseconds(backoff?.cap) ?? MAX_TIMER_MS;
  const factor = Math.max(1, backoff?.factor ?? 1);
  return {
    maxAttempts: 1 + Math.min(retries, MAX_RETRIES),
    maxRuntimeMs: milliseconds(metadata?.timeout),
    maxQueuedMs: milliseconds(metadata?.timeouts?.queuedTimeout),
    deadlineMs: milliseconds(metadata?.timeouts?.deadline),
    delayMs: (retry) => Math.min(base * factor ** retry, cap, MAX_TIMER_MS),
  };
}

/** Zero or less means no limit. */
function milliseconds(duration: Duration | undefined): number | undefined {
  const value = duration === undefined ? 0 : durationMs(duration);
  return value > 0 ? Math.min(Math.ceil(value), MAX_TIMER_MS) : undefined;
}
