import type { Client } from '@connectrpc/connect';
import { FlyteError, type FailedRun, type FlyteErrorCode } from '../errors/flyte-error.js';
import type { RunService } from '../gen/flyteidl2/workflow/run_service_pb.js';
import type { ActionUpdate } from '../gen/flyteidl2/workflow/state_service_pb.js';
import { failureOfGivenUp } from './given-up.js';
import { detailedRunInfo, phaseOf, type RunInfo } from '../remote/runs/run-info.js';

/** Names an action of a run. */
export interface ChildId {
  readonly run: { readonly org: string; readonly project: string; readonly domain: string; readonly name: string };
  readonly name: string;
}

const ENDS: Readonly<Record<FailedRun['phase'], { readonly code: FlyteErrorCode; readonly words: string }>> = {
  failed: { code: 'task_failed', words: 'failed' },
  aborted: { code: 'run_aborted', words: 'was aborted' },
  timed_out: { code: 'run_timed_out', words: 'timed out' },
};

/** What a child that did not succeed makes of its call: which child, of which task, in which attempt, and why. */
export async function childFailure(
  runs: Client<typeof RunService>,
  { run, name }: ChildId,
  { phase, error }: ActionUpdate,
  task: string,
): Promise<FlyteError> {
  const info = await details(runs, { run, name });
  const ended = phaseOf(phase);
  const how = ended === 'aborted' || ended === 'timed_out' ? ended : 'failed';
  const { code, words } = ENDS[how];
  const attempt = info?.attempts ?? 0;
  const message = info?.error?.message || error?.message || 'no reason given';
  const failed = {
    name: run.name,
    action: name,
    task,
    phase: how,
    attempt,
    origin: info?.error?.origin ?? 'unknown',
  } as const;
  const decided = how === 'aborted' ? failureOfGivenUp(message, failed) : undefined;
  if (decided) return decided;
  const which = attempt > 0 ? `, attempt ${attempt}` : '';
  return new FlyteError(code, `The child ${name} of run ${run.name}, task ${task}${which}, ${words}: ${message}`, {
    run: failed,
  });
}

/** The update says less. Where Flyte can't be asked, it must do. */
async function details(runs: Client<typeof RunService>, actionId: ChildId): Promise<RunInfo | undefined> {
  try {
    const { details: found } = await runs.getActionDetails({ actionId });
    return found && detailedRunInfo(found);
  } catch {
    return undefined;
  }
}
