import { setTimeout as sleep } from 'node:timers/promises';
import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import { callerOf, type CallLogEntry, type LocalControlPlaneOptions } from 'nestjs-flyte-local';

/** Who called what at the plane, and how it ended for those who left. */
export interface WatchedCalls {
  /** For the plane. */
  readonly options: LocalControlPlaneOptions;
  /** `alice UserInfo` for each call whose token was verified, `nobody UserInfo` for those that the plane refused. */
  readonly calls: string[];
  /** The calls that their caller gave up while they hung. */
  readonly cancelled: string[];
  /** While true, calls wait until their caller gives up. */
  hang: boolean;
  /** While set, what calls are refused with. */
  refusal: ConnectError | undefined;
  /** Forgets what was seen, and lets calls pass. */
  reset(): void;
}

/** Watches the calls to a plane, and delays or refuses them. */
export function watchCalls(): WatchedCalls {
  const interceptor: Interceptor = (next) => async (request) => {
    const call = `${callerOf(request.contextValues)?.subject} ${request.method.name}`;
    watched.calls.push(call);
    if (watched.refusal) throw watched.refusal;
    if (!watched.hang) return next(request);
    // A caller may have left before this is reached.
    if (!request.signal.aborted) await new Promise((left) => request.signal.addEventListener('abort', left));
    watched.cancelled.push(call);
    throw new ConnectError('gone', Code.Canceled);
  };
  const logger = ({ subject, method }: CallLogEntry): void => {
    if (subject === undefined) watched.calls.push(`nobody ${method.split('/')[1]}`);
  };
  const watched: WatchedCalls = {
    options: { interceptors: [interceptor], logger },
    calls: [],
    cancelled: [],
    hang: false,
    refusal: undefined,
    reset() {
      watched.calls.length = watched.cancelled.length = 0;
      watched.hang = false;
      watched.refusal = undefined;
    },
  };
  return watched;
}

/** Waits for something that is about to happen elsewhere, a minute at most: a busy machine takes its time. */
export async function until(condition: () => boolean, what = String(condition)): Promise<void> {
  for (let i = 0; !condition(); i++) {
    if (i > 6_000) throw new Error(`waited in vain: ${what}`);
    // oxlint-disable-next-line no-await-in-loop
    await sleep(10);
  }
}
