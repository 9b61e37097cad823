import { create } from '@bufbuild/protobuf';
import { timestampDate, type Timestamp } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect';
import { ActionPhase } from 'nestjs-flyte/idl/common/phase';
import { TaskGroupSchema, type ActionDetails, type TaskGroup } from 'nestjs-flyte/idl/workflow/run_definition';
import type { WatchGroupsRequest } from 'nestjs-flyte/idl/workflow/run_service';
import type { Engine } from '../execution/engine.js';
import type { SqlStatement } from '../state/sql.js';
import { runConditions } from './run-conditions.js';

/** As upstream, groups are made of so many runs at most, the last ones, */
const RUNS = { limit: 1000, offset: 0, order: 'sequence DESC' };
/** and name so many of theirs. */
const MOST_RECENT = 10;

/**
 * The runs of a project and domain by their tasks: all groups, and then each in which something has changed. With an end date it is
 * over after the first answer.
 *
 * @throws ConnectError `invalid_argument` where there is no project or no start date; `permission_denied`
 */
export async function* watchGroups(
  { actions, feed }: Engine,
  request: WatchGroupsRequest,
  { values, signal }: HandlerContext,
): AsyncGenerator<{ taskGroups: TaskGroup[]; sentinel: boolean }, void> {
  const { scopeBy, startDate, endDate } = request;
  if (scopeBy.case !== 'projectId') throw invalid('The request has no project_id.');
  if (startDate === undefined) throw invalid('The request has no start_date.');
  const conditions = [
    ...runConditions(scopeBy, values),
    createdAt('>=', startDate),
    ...(endDate === undefined ? [] : [createdAt('<=', endDate)]),
  ];
  const left = new AbortController();
  // Listening comes first, so that nothing happens unseen between the two.
  const changes = feed.watchAll(AbortSignal.any([signal, left.signal]));
  const groups = () => groupsOf(actions.list(conditions, RUNS).slice(0, RUNS.limit));
  try {
    yield { taskGroups: groups(), sentinel: true };
    if (endDate !== undefined) return;
    for await (const details of changes) {
      const { project, domain } = details.id?.run ?? {};
      if (details.metadata?.parent !== '' || project !== scopeBy.value.name || domain !== scopeBy.value.domain)
        continue;
      const changed = groups().filter(({ taskName }) => taskName === taskNameOf(details));
      if (changed.length > 0) yield { taskGroups: changed, sentinel: true };
    }
  } catch (error) {
    // The signal's own reason: a plane that closes says that it does.
    throw signal.aborted ? ConnectError.from(signal.reason, Code.Canceled) : error;
  } finally {
    left.abort();
  }
}

function createdAt(comparison: '>=' | '<=', at: Timestamp): SqlStatement {
  return [`created_at ${comparison} ?`, [timestampDate(at).toISOString()]];
}

/** @param runs the newest first */
function groupsOf(runs: readonly ActionDetails[]): TaskGroup[] {
  const byTask = groupBy(runs, taskNameOf);
  return Array.from(byTask, ([taskName, ofTask]) => groupOf(taskName, ofTask));
}

function groupOf(taskName: string, runs: readonly ActionDetails[]): TaskGroup {
  const byPhase = groupBy(runs, phaseOf);
  const [latest] = runs;
  const task = latest?.metadata?.spec.case === 'task' ? latest.metadata.spec.value : undefined;
  return create(TaskGroupSchema, {
    taskName,
    environmentName: latest?.metadata?.environmentName,
    shortName: task?.shortName,
    totalRuns: BigInt(runs.length),
    latestRunTime: latest?.status?.startTime,
    averageFailureRate: (byPhase.get(ActionPhase.FAILED)?.length ?? 0) / runs.length,
    phaseCounts: Array.from(byPhase, ([phase, ofPhase]) => ({ phase, count: BigInt(ofPhase.length) })),
    recentStatuses: runs
      .slice(0, MOST_RECENT)
      .map((run) => ({ runName: run.id?.run?.name ?? '', phase: phaseOf(run) })),
  });
}

/** As Map.groupBy, which Node 20 does not have. */
function groupBy<K>(runs: readonly ActionDetails[], keyOf: (run: ActionDetails) => K): Map<K, ActionDetails[]> {
  const groups = new Map<K, ActionDetails[]>();
  for (const run of runs) {
    const group = groups.get(keyOf(run));
    if (group === undefined) groups.set(keyOf(run), [run]);
    else group.push(run);
  }
  return groups;
}

function taskNameOf({ id, metadata }: ActionDetails): string {
  const task = metadata?.spec.case === 'task' ? metadata.spec.value : undefined;
  return task?.id?.name || task?.shortName || (id?.name ?? '');
}

function phaseOf({ status }: ActionDetails): ActionPhase {
  return status?.phase ?? ActionPhase.UNSPECIFIED;
}

function invalid(message: string): ConnectError {
  return new ConnectError(message, Code.InvalidArgument);
}
