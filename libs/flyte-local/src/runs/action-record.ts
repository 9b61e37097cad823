import { create } from '@bufbuild/protobuf';
import { timestampDate, timestampFromDate, type Timestamp } from '@bufbuild/protobuf/wkt';
import type { EnrichedIdentity } from 'nestjs-flyte/idl/common/identity';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import type { CatalogCacheStatus } from 'nestjs-flyte/idl/core/catalog';
import {
  AbortInfoSchema,
  ActionAttemptSchema,
  ErrorInfoSchema,
  PhaseTransitionSchema,
  type ActionAttempt,
  type ActionDetails,
  type ErrorInfo,
  type ErrorInfo_Kind,
} from 'nestjs-flyte/idl/workflow/run_definition';

/** The phases that nothing follows. */
const TERMINAL: ReadonlySet<ActionPhase> = new Set([
  ActionPhase.SUCCEEDED,
  ActionPhase.FAILED,
  ActionPhase.ABORTED,
  ActionPhase.TIMED_OUT,
]);

/** Whether nothing follows a phase. */
export function isTerminal(phase: ActionPhase): boolean {
  return TERMINAL.has(phase);
}

/**
 * The last attempt of an action.
 *
 * @throws TypeError if the record has none, which no record of this plane has
 */
export function lastAttempt(details: ActionDetails): ActionAttempt {
  const attempt = details.attempts.at(-1);
  if (attempt === undefined) throw new TypeError('an action without attempts');
  return attempt;
}

/** Whether an action may still do something: its last attempt has not ended, whatever was decided about the action. */
export function isOpen(details: ActionDetails): boolean {
  return !isTerminal(lastAttempt(details).phase);
}

/** Adds the next attempt, in phase QUEUED. */
export function addAttempt(details: ActionDetails): void {
  const now = timestampFromDate(new Date());
  const attempt = details.attempts.length + 1;
  details.attempts.push(create(ActionAttemptSchema, { attempt, startTime: now }));
  enter(lastAttempt(details), ActionPhase.QUEUED, now);
  setPhase(details, ActionPhase.QUEUED, now);
}

/** Takes the last attempt, and the action with it, to a phase that is not the end. */
export function advance(details: ActionDetails, phase: ActionPhase): void {
  const now = timestampFromDate(new Date());
  enter(lastAttempt(details), phase, now);
  setPhase(details, phase, now);
}

/** How an attempt ended. */
export interface AttemptEnd {
  /** A terminal phase. */
  readonly phase: ActionPhase;
  /** Why, for phases that need a reason. */
  readonly error?: ErrorInfo | undefined;
  /** Where the outputs are, for SUCCEEDED. */
  readonly outputUri?: string | undefined;
  /** Whether they were there already, or are kept for the next who asks. */
  readonly cacheStatus?: CatalogCacheStatus | undefined;
}

/** Ends the last attempt, and only that: the action may go on with a further one. */
export function endAttempt(details: ActionDetails, { phase, error, outputUri, cacheStatus }: AttemptEnd): void {
  const now = timestampFromDate(new Date());
  const attempt = lastAttempt(details);
  enter(attempt, phase, now);
  attempt.endTime = now;
  if (error !== undefined) attempt.errorInfo = error;
  if (cacheStatus !== undefined) {
    attempt.cacheStatus = cacheStatus;
    if (details.status !== undefined) details.status.cacheStatus = cacheStatus;
  }
  if (outputUri !== undefined) {
    attempt.outputs = { $typeName: 'flyteidl2.task.OutputReferences', outputUri, reportUri: '' };
  }
}

/** Ends the action; of two ends, the first stands. */
export function endAction(details: ActionDetails, { phase, error }: AttemptEnd): void {
  if (isTerminal(details.status?.phase ?? ActionPhase.UNSPECIFIED)) return;
  setPhase(details, phase, timestampFromDate(new Date()));
  if (error !== undefined) details.result = { case: 'errorInfo', value: error };
}

/** Marks the action as aborted; its attempt ends when its process has. False if the action had ended before. */
export function markAborted(details: ActionDetails, reason: string, abortedBy: EnrichedIdentity | undefined): boolean {
  if (isTerminal(details.status?.phase ?? ActionPhase.UNSPECIFIED)) return false;
  setPhase(details, ActionPhase.ABORTED, timestampFromDate(new Date()));
  details.result = { case: 'abortInfo', value: create(AbortInfoSchema, { reason, abortedBy }) };
  return true;
}

/** Whether somebody aborted the action. */
export function isAborted(details: ActionDetails): boolean {
  return details.status?.phase === ActionPhase.ABORTED;
}

/** An error as the record holds it. */
export function errorInfo(kind: ErrorInfo_Kind, message: string): ErrorInfo {
  return create(ErrorInfoSchema, { kind, message });
}

function enter(attempt: ActionAttempt, phase: ActionPhase, now: Timestamp): void {
  const previous = attempt.phaseTransitions.at(-1);
  if (previous !== undefined) previous.endTime ??= now;
  attempt.phase = phase;
  const endTime = isTerminal(phase) ? now : undefined;
  attempt.phaseTransitions.push(create(PhaseTransitionSchema, { phase, startTime: now, endTime }));
}

function setPhase(details: ActionDetails, phase: ActionPhase, now: Timestamp): void {
  const { status } = details;
  if (status === undefined) throw new TypeError('an action without a status');
  // A decision about the action stands: an attempt that still runs after an abort does not reopen it.
  if (isTerminal(status.phase)) return;
  status.phase = phase;
  status.attempts = Math.max(1, details.attempts.length);
  if (!isTerminal(phase)) return;
  status.endTime = now;
  const started = status.startTime === undefined ? now : status.startTime;
  status.durationMs = BigInt(Math.max(0, timestampDate(now).getTime() - timestampDate(started).getTime()));
}
