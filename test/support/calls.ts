import { setTimeout as sleep } from 'node:timers/promises';
import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import { callerOf } from 'nestjs-flyte-local';

/** Who called what at the plane, and how it ended for those who left. */
export interface WatchedCalls {
  readonly interceptor: Interceptor;
  /** `alice UserInfo`, one for each call whose token was verified. */
  readonly calls: string[];
  /** The same, for calls that their caller gave up while they hung. */
  readonly cancelled: string[];
  /** While true, calls wait until their caller gives up. */
  hang: boolean;
  /** While set, what calls are refused with. */
  refusal: ConnectError | undefined;
  /** Forgets what was seen, and lets calls pass. */
  reset(): void;
}

/** For the plane's option `interceptors`. */
export function watchCalls(): WatchedCalls {
  const watched: WatchedCalls = {
    calls: [],
    cancelled: [],
    hang: false,
    refusal: undefined,
    reset() {
      watched.calls.length = watched.cancelled.length = 0;
      watched.hang = false;
      watched.refusal = undefined;
    },
    interceptor: (next) => async (request) => {
      const call = `${callerOf(request.contextValues)?.subject} ${request.method.name}`;
      watched.calls.push(call);
      if (watched.refusal) throw watched.refusal;
      if (!watched.hang) return next(request);
      // A caller may have left before this is reached.
      if (!request.signal.aborted) await new Promise((left) => request.signal.addEventListener('abort', left));
      watched.cancelled.push(call);
      throw new ConnectError('gone', Code.Canceled);
    },
  };
  return watched;
}

/** Waits for something that is about to happen elsewhere, five seconds at most. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let i = 0; !condition(); i++) {
    if (i > 500) throw new Error(`waited in vain: ${what}`);
    // oxlint-disable-next-line no-await-in-loop
    await sleep(10);
  }
}
