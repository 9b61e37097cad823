import { Code, ConnectError, type ContextValues, type HandlerContext } from '@connectrpc/connect';
import { RunService, type ListRunsRequest } from 'nestjs-flyte/idl/workflow/run_service';
import type { ActionDetails } from 'nestjs-flyte/idl/workflow/run_definition';
import { requireCaller, requireProject } from '../calls/caller-context.js';
import { actionKeyOf, rootActionOf, type ActionKey } from '../runs/action-id.js';
import { isOpen } from '../runs/action-record.js';
import { actionOf, identityOf, runOf } from '../runs/new-action.js';
import { nextToken, parsePage } from '../runs/page.js';
import type { SqlStatement } from '../state/sql.js';
import { createRun } from './create-run.js';
import type { PlaneContext, PlaneService } from './plane-service.js';
import { ownProjects } from './task-service.js';

/** What runs and actions may be sorted by. */
const COLUMNS = { created_at: 'sequence', phase: 'phase', name: 'run_name', task_name: 'task_name' };

/** Flyte's own words for an abort without a reason would be as good; these are ours. */
const NO_REASON = 'Aborted by a caller who gave no reason.';

/** Runs, with the semantics of Flyte's open-source backend. Each is one action, its root. */
export const runService: PlaneService = {
  register(router, context) {
    const { actions, executor } = context.engine;
    router.service(RunService, {
      createRun: (request, { values }) => ({ run: runOf(createRun(context, request, values)) }),
      getRunDetails({ runId }, { values }) {
        const key = rootActionOf(runId);
        return { details: { action: requireAction(context, key, values), runSpec: actions.runSpec(key) } };
      },
      getActionDetails({ actionId }, { values }) {
        return { details: requireAction(context, actionKeyOf(actionId), values) };
      },
      listRuns(request, { values }) {
        const page = parsePage(request.request, COLUMNS);
        const found = actions.list(scopeOf(request, values), page);
        return { runs: found.map(runOf), token: nextToken(page, found.length) };
      },
      listActions({ request, runId }, { values }) {
        const { project, domain, run } = rootActionOf(runId);
        requireProject(values, project);
        const page = parsePage(request, COLUMNS);
        const ofRun: SqlStatement = ['project = ? AND domain = ? AND run_name = ?', [project, domain, run]];
        const found = actions.list([ofRun], page);
        return { actions: found.map(actionOf), token: nextToken(page, found.length) };
      },
      abortRun({ runId, reason }, { values }) {
        const key = rootActionOf(runId);
        requireProject(values, key.project);
        if (executor.abort(key, reason ?? NO_REASON, identityOf(requireCaller(values)))) return {};
        throw notFound(key);
      },
      abortAction({ actionId, reason }, { values }) {
        const key = actionKeyOf(actionId);
        requireProject(values, key.project);
        if (executor.abort(key, reason === '' ? NO_REASON : reason, identityOf(requireCaller(values)))) return {};
        throw notFound(key);
      },
      async *watchActionDetails({ actionId }, handler) {
        for await (const details of changesOf(context, actionKeyOf(actionId), handler)) {
          yield { details };
          // What was decided about the action may come earlier: after an abort, its process still has to end.
          if (!isOpen(details)) return;
        }
      },
      async *watchActions({ runId }, handler) {
        for await (const details of changesOf(context, rootActionOf(runId), handler)) {
          yield { enrichedActions: [{ action: actionOf(details), meetsFilter: true }] };
        }
      },
    });
  },
};

/**
 * The record of an action that the caller may see.
 *
 * @throws ConnectError `permission_denied` or `not_found`
 */
export function requireAction({ engine }: PlaneContext, key: ActionKey, values: ContextValues): ActionDetails {
  requireProject(values, key.project);
  const details = engine.actions.get(key);
  if (details === undefined) throw notFound(key);
  return details;
}

/** The record as it is, and then as it becomes. */
async function* changesOf(
  context: PlaneContext,
  key: ActionKey,
  { values, signal }: HandlerContext,
): AsyncGenerator<ActionDetails, void> {
  // Listening comes first, so that nothing happens unseen between the two.
  const changes = context.engine.feed.watch(key, signal);
  try {
    yield requireAction(context, key, values);
    yield* changes;
  } catch (error) {
    // The signal's own reason: a plane that closes says that it does.
    throw signal.aborted ? ConnectError.from(signal.reason, Code.Canceled) : error;
  } finally {
    await changes.return();
  }
}

function scopeOf({ scopeBy }: ListRunsRequest, values: ContextValues): SqlStatement[] {
  switch (scopeBy.case) {
    case 'projectId': {
      const { name, domain } = scopeBy.value;
      requireProject(values, name);
      return [['project = ? AND domain = ?', [name, domain]]];
    }
    case 'taskName':
    case 'taskId': {
      const { project, domain, name } = scopeBy.value;
      const ofTask: SqlStatement = ['task_project = ? AND task_domain = ? AND task_name = ?', [project, domain, name]];
      const version: SqlStatement[] = scopeBy.case === 'taskId' ? [['task_version = ?', [scopeBy.value.version]]] : [];
      return [ofTask, ...version, ...ownProjects(values)];
    }
    case 'triggerName':
      throw new ConnectError('The local control plane has no triggers.', Code.Unimplemented);
    default:
      return ownProjects(values);
  }
}

function notFound({ project, domain, run, name }: ActionKey): ConnectError {
  return new ConnectError(
    `There is no action ${JSON.stringify(name)} of a run ${JSON.stringify(run)} in project ${JSON.stringify(project)}, ` +
      `domain ${JSON.stringify(domain)}.`,
    Code.NotFound,
  );
}
