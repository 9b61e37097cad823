import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Client } from '@connectrpc/connect';
import { FlyteError, type FlyteErrorCode } from '../errors/flyte-error.js';
import type { ActionSchema, ActionsService } from '../gen/flyteidl2/actions/actions_service_pb.js';
import { loadRetry } from '../remote/connection/load-retry.js';

/** How long one try may take, in milliseconds. */
const TIMEOUT_MS = 30_000;
/** Some twenty minutes: a Flyte may be replaced by its next version meanwhile. */
const TRIES = 120;

/** What another try would not change (flyteorg/flyte-sdk, controllers/remote/_core.py). */
const FINAL = new Set<FlyteErrorCode>([
  ...(['aborted', 'invalid_argument', 'not_found', 'data_loss', 'canceled', 'misuse'] as const),
  ...(['unauthenticated', 'permission_denied', 'unimplemented'] as const),
]);

/**
 * Has Flyte take up a child. One that it knows already is as good.
 *
 * @throws FlyteError as Flyte answers, where another try would not change it
 */
export async function enqueue(
  actions: Client<typeof ActionsService>,
  action: MessageInitShape<typeof ActionSchema>,
  signal: AbortSignal,
): Promise<void> {
  const pRetry = await loadRetry();
  try {
    await pRetry(() => actions.enqueue({ action }, { signal, timeoutMs: TIMEOUT_MS }), {
      ...{ retries: TRIES, minTimeout: 250, maxTimeout: 10_000, randomize: true, signal },
      shouldRetry: ({ error }) => !isFinal(error) && !isKnown(error),
    });
  } catch (error) {
    if (!isKnown(error)) throw error;
  }
}

/** Whether another try would not change a failure. */
export function isFinal(error: unknown): boolean {
  return !FlyteError.is(error) || FINAL.has(error.code);
}

/** Flyte's open-source backend says it in the words of Kubernetes, under the code `internal`. */
function isKnown(error: unknown): boolean {
  if (!FlyteError.is(error)) return false;
  return (
    error.code === 'already_exists' || (error.code === 'internal' && /\balready exists\b/.test(error.detail ?? ''))
  );
}
