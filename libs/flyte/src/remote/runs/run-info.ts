import { timestampDate } from '@bufbuild/protobuf/wkt';
import { ActionPhase } from '../../gen/flyteidl2/common/phase_pb.js';
import {
  ErrorInfo_Kind,
  type Action,
  type ActionDetails,
  type ActionMetadata,
  type ActionStatus,
} from '../../gen/flyteidl2/workflow/run_definition_pb.js';
import { messageOfSystem } from '../../errors/failure-origin.js';
import type { FailedRun } from '../../errors/flyte-error.js';

/** How far a run is. */
export type RunPhase = 'queued' | 'running' | 'succeeded' | 'failed' | 'aborted' | 'timed_out';

/** Why a run did not succeed. */
export interface RunFailure {
  /** What the task, or what runs it, said. */
  readonly message: string;
  /** Who failed. */
  readonly origin: FailedRun['origin'];
}

/** What Flyte knows of a run. */
export class RunInfo {
  readonly name: string = '';
  readonly project: string = '';
  readonly domain: string = '';
  /** The full name of its task; empty where Flyte does not say. */
  readonly task: string = '';
  /** The version of its task; empty where Flyte does not say. */
  readonly version: string = '';
  readonly phase: RunPhase = 'queued';
  /** Whether it has ended, one way or another. */
  readonly done: boolean = false;
  /** How many attempts began. */
  readonly attempts: number = 0;
  /** Why it did not succeed; undefined while it may, after it did, and in lists. */
  readonly error: RunFailure | undefined = undefined;
  readonly startedAt: Date | undefined = undefined;
  readonly endedAt: Date | undefined = undefined;
}

// Newer than this IDL: taken over from an earlier run, which counts as success.
const RECOVERED = 10;

const PHASES: ReadonlyMap<number, RunPhase> = new Map([
  [ActionPhase.RUNNING, 'running'],
  [ActionPhase.PAUSED, 'running'],
  [ActionPhase.SUCCEEDED, 'succeeded'],
  [RECOVERED, 'succeeded'],
  [ActionPhase.FAILED, 'failed'],
  [ActionPhase.ABORTED, 'aborted'],
  [ActionPhase.TIMED_OUT, 'timed_out'],
]);
const DONE: ReadonlySet<RunPhase> = new Set(['succeeded', 'failed', 'aborted', 'timed_out']);

/** A phase in the words of this library. */
export function phaseOf(phase: ActionPhase | undefined): RunPhase {
  return PHASES.get(phase ?? 0) ?? 'queued';
}

/** Whether a phase is the last. */
export function isDone(phase: ActionPhase | undefined): boolean {
  return DONE.has(phaseOf(phase));
}

/** A run by its root action, as lists have it. */
export function toRunInfo({ id, metadata, status }: Pick<Action, 'id' | 'metadata' | 'status'>): RunInfo {
  return Object.assign(new RunInfo(), {
    name: id?.run?.name ?? '',
    project: id?.run?.project ?? '',
    domain: id?.run?.domain ?? '',
    ...taskOf(metadata),
    ...stateOf(status),
  });
}

/** A run by its root action, with what lists leave out. */
export function detailedRunInfo(details: ActionDetails): RunInfo {
  const listed = toRunInfo(details);
  const template = details.spec.case === 'task' ? details.spec.value.taskTemplate?.id : undefined;
  return Object.assign(listed, {
    task: listed.task || (template?.name ?? ''),
    version: listed.version || (template?.version ?? ''),
    error: runFailure(details, listed.phase),
  });
}

function taskOf(metadata: ActionMetadata | undefined): Pick<RunInfo, 'task' | 'version'> {
  const id = metadata?.spec.case === 'task' ? metadata.spec.value.id : undefined;
  return { task: id?.name ?? '', version: id?.version ?? '' };
}

function stateOf(status: ActionStatus | undefined): Omit<RunInfo, 'name' | 'project' | 'domain' | 'task' | 'version'> {
  const phase = phaseOf(status?.phase);
  return {
    phase,
    done: DONE.has(phase),
    attempts: status?.attempts ?? 0,
    error: undefined,
    startedAt: status?.startTime && timestampDate(status.startTime),
    endedAt: status?.endTime && timestampDate(status.endTime),
  };
}

function runFailure({ result, attempts }: ActionDetails, phase: RunPhase): RunFailure | undefined {
  if (phase === 'aborted') {
    return { message: (result.case === 'abortInfo' && result.value.reason) || 'no reason given', origin: 'unknown' };
  }
  if (phase !== 'failed' && phase !== 'timed_out') return undefined;
  const info = result.case === 'errorInfo' ? result.value : attempts.at(-1)?.errorInfo;
  const ofSystem = messageOfSystem(info?.message ?? '');
  if (ofSystem !== undefined) return { message: ofSystem, origin: 'system' };
  const origin =
    info?.kind === ErrorInfo_Kind.USER ? 'user' : info?.kind === ErrorInfo_Kind.SYSTEM ? 'system' : 'unknown';
  return { message: info?.message || (phase === 'timed_out' ? 'it took too long' : 'no reason given'), origin };
}

/**
 * Whether nothing more is to come of an action that is done. Flyte tells the last phase before the last attempt's error
 * and outputs (flyteorg/flyte runs/service/run_service.go, `lastAttemptIsTerminal`).
 */
export function isSettled({ status, attempts }: ActionDetails): boolean {
  const last = attempts.toSorted((one, other) => one.attempt - other.attempt).at(-1);
  return phaseOf(status?.phase) === 'aborted' || (last !== undefined && isDone(last.phase));
}
