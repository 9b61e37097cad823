import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect';
import {
  ActionsService,
  type WatchForUpdatesRequest,
  type WatchForUpdatesResponseSchema,
} from 'nestjs-flyte/idl/actions/actions_service';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ActionDetails } from 'nestjs-flyte/idl/workflow/run_definition';
import { requireCaller } from '../calls/caller-context.js';
import { actionKeyOf } from '../runs/action-id.js';
import { identityOf } from '../runs/new-action.js';
import { actionUpdate, isToBeTakenAgain } from './action-update.js';
import { answerCondition } from './answer-condition.js';
import { enqueueAction } from './enqueue-action.js';
import type { PlaneContext, PlaneService } from './plane-service.js';
import { NO_REASON, notFound, requireAction } from './require-action.js';

/** What actions have their run do: children, recorded steps, conditions. With the semantics of Flyte's open-source backend. */
export const actionsService: PlaneService = {
  register(router, context) {
    const { actions, executor } = context.engine;
    router.service(ActionsService, {
      enqueue: (request, { values }) => enqueueAction(context, request, values),
      watchForUpdates: (request, handler) => watchForUpdates(context, request, handler),
      update({ actionId, attempt, status }, { values }) {
        const key = actionKeyOf(actionId);
        requireAction(context, key, values);
        if (attempt === 0 || status === undefined) throw invalid('The request has no attempt, or no status.');
        // As upstream: of the status only these, since phases are the executor's.
        actions.update(key, (details) => {
          if (details.status === undefined) return false;
          details.status.attempts = Math.max(status.attempts, details.attempts.length);
          details.status.cacheStatus = status.cacheStatus;
          return true;
        });
        return {};
      },
      abort({ actionId, reason }, { values }) {
        const key = actionKeyOf(actionId);
        requireAction(context, key, values);
        if (executor.abort(key, reason || NO_REASON, identityOf(requireCaller(values)))) return {};
        throw notFound(key);
      },
      signal({ actionId, value }, { values }) {
        answerCondition(context, actionId, value, values);
        return {};
      },
    });
  },
};

/** The action and its children as they are, a mark, and then each child that is new or has changed. It has no end. */
async function* watchForUpdates(
  context: PlaneContext,
  { filter }: WatchForUpdatesRequest,
  { values, signal }: HandlerContext,
): AsyncGenerator<MessageInitShape<typeof WatchForUpdatesResponseSchema>, void> {
  if (filter.case !== 'parentActionId') throw invalid('The request has no parent_action_id.');
  const key = actionKeyOf(filter.value);
  const { actions, data, feed } = context.engine;
  const update = (details: ActionDetails) => ({
    message: { case: 'actionUpdate' as const, value: actionUpdate(data, details) },
  });
  const left = new AbortController();
  // Listening comes first, so that nothing happens unseen between the two.
  const changes = feed.watchChildren(key, AbortSignal.any([signal, left.signal]));
  try {
    yield update(requireAction(context, key, values));
    for (const child of actions.children(key)) {
      if (!isToBeTakenAgain(data, child)) yield update(child);
    }
    yield { message: { case: 'controlMessage', value: { sentinel: true } } };
    for await (const details of changes) yield update(details);
  } catch (error) {
    throw signal.aborted ? ConnectError.from(signal.reason, Code.Canceled) : error;
  } finally {
    left.abort();
  }
}

function invalid(message: string): ConnectError {
  return new ConnectError(message, Code.InvalidArgument);
}
