import type { MessageInitShape } from '@bufbuild/protobuf';
import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect';
import type { WatchActionsResponseSchema } from 'nestjs-flyte/idl/workflow/run_service';
import type { ActionKey } from '../runs/action-id.js';
import { actionOf } from '../runs/new-action.js';
import type { PlaneContext } from './plane-service.js';
import { requireAction } from './require-action.js';

/** The actions of a run that are there, and then each that is new or has changed. It has no end. */
export async function* watchActions(
  context: PlaneContext,
  root: ActionKey,
  { values, signal }: HandlerContext,
): AsyncGenerator<MessageInitShape<typeof WatchActionsResponseSchema>, void> {
  const { actions, feed } = context.engine;
  const left = new AbortController();
  // Listening comes first, so that nothing happens unseen between the two.
  const changes = feed.watchRun(root, AbortSignal.any([signal, left.signal]));
  try {
    requireAction(context, root, values);
    const enrichedActions = actions.ofRun(root).map((details) => ({ action: actionOf(details), meetsFilter: true }));
    yield { enrichedActions };
    for await (const details of changes) yield { enrichedActions: [{ action: actionOf(details), meetsFilter: true }] };
  } catch (error) {
    throw signal.aborted ? ConnectError.from(signal.reason, Code.Canceled) : error;
  } finally {
    left.abort();
  }
}
