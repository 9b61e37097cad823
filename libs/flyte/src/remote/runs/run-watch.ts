import { FlyteError } from '../../errors/flyte-error.js';
import type { ActionDetails } from '../../gen/flyteidl2/workflow/run_definition_pb.js';
import type { WatchActionDetailsResponse } from '../../gen/flyteidl2/workflow/run_service_pb.js';
import { isDropped, MAX_FAILURES, pause } from '../connection/reconnect.js';
import { isDone, isSettled, phaseOf } from './run-info.js';

/** How long the error or the outputs of a run that is done are waited for, in milliseconds. */
const SETTLE_MS = 5_000;

/**
 * An action now, and at each change of its phase or attempt until it is done, through as many streams as that takes: proxies end long ones at will.
 *
 * @param open a stream, as the caller of whoever asked first
 * @throws FlyteError as Flyte answers; after a minute of failures in a row, the last of them
 */
export async function* watchAction(
  open: (signal: AbortSignal) => AsyncIterable<WatchActionDetailsResponse>,
  signal: AbortSignal,
): AsyncGenerator<ActionDetails, void> {
  let last = '';
  for (let failures = 1; ; failures += 1) {
    let final: ActionDetails | undefined;
    let timer: NodeJS.Timeout | undefined;
    const settling = new AbortController();
    try {
      for await (const { details } of open(AbortSignal.any([signal, settling.signal]))) {
        if (!details) continue;
        failures = 0;
        // Flyte tells the same several times in a row.
        const step = `${phaseOf(details.status?.phase)} ${Math.max(1, details.status?.attempts ?? 1)}`;
        if (!isDone(details.status?.phase)) {
          if (step !== last) yield details;
          last = step;
        } else if (isSettled(details)) {
          yield details;
          return;
        } else {
          final = details;
          timer ??= setTimeout(() => settling.abort(), SETTLE_MS);
        }
      }
    } catch (error) {
      if (signal.aborted || (final === undefined && (!isDropped(error) || failures >= MAX_FAILURES))) throw error;
    } finally {
      clearTimeout(timer);
      // Leaving the loop does not end the stream: Connect's clients don't pass that on.
      settling.abort();
    }
    if (final !== undefined) {
      yield final;
      return;
    }
    if (signal.aborted) throw new FlyteError('canceled', 'Nobody waits any more.');
    // Also after a stream that ended well but too early: it may be a proxy that ends each at once.
    await pause(Math.max(1, failures), signal);
  }
}
