import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect';
import type { Run } from 'nestjs-flyte/idl/workflow/run_definition';
import type { WatchRunsRequest } from 'nestjs-flyte/idl/workflow/run_service';
import type { Engine } from '../execution/engine.js';
import { runOf } from '../runs/new-action.js';
import { runConditions } from './run-conditions.js';

/** As upstream, a watch begins with so many runs at most. */
const SNAPSHOT = { limit: 100, offset: 0, order: 'phase ASC, sequence DESC' };
const ONE = { ...SNAPSHOT, limit: 1 };

/** The runs that are there, and then each that is new or has changed. It has no end. */
export async function* watchRuns(
  { actions, feed }: Engine,
  { target }: WatchRunsRequest,
  { values, signal }: HandlerContext,
): AsyncGenerator<{ runs: Run[] }, void> {
  const conditions = runConditions(target, values);
  const left = new AbortController();
  // Listening comes first, so that nothing happens unseen between the two.
  const changes = feed.watchAll(AbortSignal.any([signal, left.signal]));
  try {
    const runs = actions.list(conditions, SNAPSHOT).slice(0, SNAPSHOT.limit);
    if (runs.length > 0) yield { runs: runs.map(runOf) };
    for await (const details of changes) {
      if (details.metadata?.parent !== '') continue;
      const { project = '', domain = '', name = '' } = details.id?.run ?? {};
      const isThis = ['project = ? AND domain = ? AND run_name = ?', [project, domain, name]] as const;
      if (actions.list([...conditions, isThis], ONE).length > 0) yield { runs: [runOf(details)] };
    }
  } catch (error) {
    // The signal's own reason: a plane that closes says that it does.
    throw signal.aborted ? ConnectError.from(signal.reason, Code.Canceled) : error;
  } finally {
    left.abort();
  }
}
