import { currentAction } from '../../action/action-scope.js';
import { outsideRequests } from '../../auth/outside-requests.js';
import { FlyteError } from '../../errors/flyte-error.js';
import type { RunOptions } from './run-options.js';

/** Options of `TaskHandle.map` and `mapSettled`: those of each call. */
export interface MapOptions extends Omit<RunOptions, 'name' | 'idempotencyKey' | 'timeoutMs'> {
  /** How long to wait for each call's outputs, in milliseconds. For ever if not given. */
  readonly timeoutMs?: number;
  /** How many calls wait at a time. No limit if not given. */
  readonly concurrency?: number;
}

/** What the other calls are aborted with; `run.abort()` says it, too. */
export const MAP_FAILED = 'Another call of the same map failed.';

/** One call of several. Once its signal fires, what it began is ended, too. */
type Call<I, O> = (inputs: I, options: Omit<MapOptions, 'concurrency'>) => Promise<O>;

/** The outputs of all calls; the first that fails ends the others. */
export async function mapCalls<I, O>(
  inputs: Iterable<I>,
  call: Call<I, O>,
  { concurrency, signal, ...options }: MapOptions = {},
): Promise<O[]> {
  // Read to its end before anything begins: a source may break.
  const all = [...inputs];
  const limit = await limiter(concurrency);
  const failed = new AbortController();
  const ends = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  let first: { readonly error: unknown } | undefined;
  const calls = await Promise.allSettled(
    all.map((one) =>
      limit(async () => {
        try {
          ends.throwIfAborted();
          return await call(one, { ...options, signal: ends });
        } catch (error) {
          // An attempt that starts anew finds what was aborted so; the failure that led to it comes, too.
          if (!wasAborted(error)) {
            first ??= { error };
            // Here, before the limit begins the next.
            failed.abort(new FlyteError('canceled', MAP_FAILED));
          }
          throw error;
        }
      }),
    ),
  );
  if (first !== undefined) throw first.error;
  return calls.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
}

/** What became of each call. */
export async function settleCalls<I, O>(
  inputs: Iterable<I>,
  call: Call<I, O>,
  { concurrency, ...options }: MapOptions = {},
): Promise<PromiseSettledResult<O>[]> {
  const all = [...inputs];
  const limit = await limiter(concurrency);
  const settled = await Promise.allSettled(all.map((one) => limit(async () => call(one, options))));
  // What an attempt that is ended did not come to, is no result.
  currentAction()?.signal.throwIfAborted();
  return settled;
}

function wasAborted(error: unknown): boolean {
  return FlyteError.is(error) && error.code === 'canceled' && error.message === MAP_FAILED;
}

async function limiter(concurrency = Infinity): Promise<<T>(work: () => Promise<T>) => Promise<T>> {
  if (concurrency !== Infinity && !(Number.isSafeInteger(concurrency) && concurrency > 0)) {
    throw new FlyteError('invalid_argument', `Option "concurrency": give a whole number from 1, got ${concurrency}.`);
  }
  const { default: pLimit } = await outsideRequests(() => import('p-limit'));
  return pLimit(concurrency);
}
