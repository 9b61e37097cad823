import { join } from 'node:path';
import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect';
import { RunService } from 'nestjs-flyte/idl/workflow/run_service';
import type { ActionDetails } from 'nestjs-flyte/idl/workflow/run_definition';
import { INPUTS_FILE } from 'nestjs-flyte/protocol';
import { requireCaller, requireRun } from '../calls/caller-context.js';
import { fileUrl } from '../execution/attempts/data-folder.js';
import { actionKeyOf, rootActionOf, type ActionKey } from '../runs/action-id.js';
import { isOpen, lastAttempt } from '../runs/action-record.js';
import { actionOf, identityOf, runOf } from '../runs/new-action.js';
import { ACTION_COLUMNS } from '../runs/list-columns.js';
import { pageOf, parsePage } from '../runs/page.js';
import type { SqlStatement } from '../state/sql.js';
import { answerCondition, literalOf } from './answer-condition.js';
import { createRun } from './create-run.js';
import { CLUSTER, logContextOf, noLogs } from './log-context.js';
import type { PlaneContext, PlaneService } from './plane-service.js';
import { NO_REASON, notFound, requireAction } from './require-action.js';
import { runConditions } from './run-conditions.js';
import { watchActions } from './watch-actions.js';
import { watchGroups } from './watch-groups.js';
import { watchRuns } from './watch-runs.js';

/** What is not over comes first. */
const ORDER = 'phase ASC, sequence DESC';

/** Runs, with the semantics of Flyte's open-source backend. */
export const runService: PlaneService = {
  register(router, context) {
    const { actions, data, executor } = context.engine;
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
        const page = parsePage(request.request, ACTION_COLUMNS, ORDER);
        const { items, token } = pageOf(
          page,
          actions.list([...runConditions(request.scopeBy, values), ...page.filters], page),
        );
        return { runs: items.map(runOf), token };
      },
      listActions({ request, runId }, { values }) {
        const { project, domain, run } = rootActionOf(runId);
        requireRun(values, { project, domain, run });
        const page = parsePage(request, ACTION_COLUMNS, ORDER);
        const ofRun: SqlStatement = ['project = ? AND domain = ? AND run_name = ?', [project, domain, run]];
        const { items, token } = pageOf(page, actions.list([ofRun, ...page.filters], page));
        return { actions: items.map(actionOf), token };
      },
      abortRun({ runId, reason }, { values }) {
        const key = rootActionOf(runId);
        requireRun(values, key);
        if (executor.abort(key, reason ?? NO_REASON, identityOf(requireCaller(values)))) return {};
        throw notFound(key);
      },
      abortAction({ actionId, reason }, { values }) {
        const key = actionKeyOf(actionId);
        requireRun(values, key);
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
      watchRuns: (request, handler) => watchRuns(context.engine, request, handler),
      watchGroups: (request, handler) => watchGroups(context.engine, request, handler),
      getActionDataURIs({ actionId }, { values }) {
        const key = actionKeyOf(actionId);
        const details = requireAction(context, key, values);
        const inputs = data.inputsFolder(key);
        return {
          inputsUri: fileUrl(join(inputs, INPUTS_FILE)),
          outputsUri: lastAttempt(details).outputs?.outputUri ?? '',
        };
      },
      getActionLogContext({ actionId, attempt }, { values }) {
        const key = actionKeyOf(actionId);
        const found = requireAction(context, key, values).attempts[attempt - 1];
        if (found?.logsAvailable !== true) throw noLogs(attempt);
        const { startTime, endTime } = found;
        return { logContext: logContextOf(key, attempt), cluster: CLUSTER, startTime, endTime };
      },
      watchActions: ({ runId }, handler) => watchActions(context, rootActionOf(runId), handler),
      signalEvent({ actionId, payload }, { values }) {
        answerCondition(context, actionId, literalOf(payload), values);
        return {};
      },
    });
  },
};

/** The record as it is, and then as it becomes. */
async function* changesOf(
  context: PlaneContext,
  key: ActionKey,
  { values, signal }: HandlerContext,
): AsyncGenerator<ActionDetails, void> {
  const left = new AbortController();
  // Listening comes first, so that nothing happens unseen between the two.
  const changes = context.engine.feed.watch(key, AbortSignal.any([signal, left.signal]));
  try {
    yield requireAction(context, key, values);
    yield* changes;
  } catch (error) {
    // The signal's own reason: a plane that closes says that it does.
    throw signal.aborted ? ConnectError.from(signal.reason, Code.Canceled) : error;
  } finally {
    // Also before the first change was read, when closing the generator would not end the listening.
    left.abort();
  }
}
