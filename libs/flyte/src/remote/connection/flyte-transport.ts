import { MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import type {
  DescMessage,
  DescMethodStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';
import { Code, ConnectError, type StreamResponse, type Transport, type UnaryResponse } from '@connectrpc/connect';
import { createAsyncIterable } from '@connectrpc/connect/protocol';
import pRetry from 'p-retry';
import type { AuthMetadata } from '../../auth/auth-metadata.js';
import type { Caller } from './caller.js';
import { closed } from './reconnect.js';
import { isTransient, toFlyteError } from './upstream-error.js';
import { USER_AGENT } from './user-agent.js';
import type { Wire } from './connection.js';

/** Limits of a call, in milliseconds, and how often it may be repeated. */
export interface CallLimits {
  readonly timeoutMs: number;
  readonly streamIdleTimeoutMs: number;
  readonly retries: number;
  /** The project that the module was given, which nobody else is to blame for. */
  readonly project?: string | undefined;
}

// The IDL marks few methods; these too only read.
const READ_ONLY = new Set([
  'flyteidl2.auth.IdentityService.UserInfo',
  'flyteidl2.auth.AuthMetadataService.GetOAuth2Metadata',
  'flyteidl2.auth.AuthMetadataService.GetPublicClientConfig',
  'flyteidl2.project.ProjectService.GetProject',
  'flyteidl2.project.ProjectService.ListProjects',
  'flyteidl2.secret.SecretService.GetSecret',
  'flyteidl2.secret.SecretService.ListSecrets',
  'flyteidl2.task.TaskService.GetTaskDetails',
  'flyteidl2.task.TaskService.ListTasks',
  'flyteidl2.task.TaskService.ListVersions',
  'flyteidl2.workflow.RunService.GetRunDetails',
  'flyteidl2.workflow.RunService.GetActionDetails',
  'flyteidl2.workflow.RunService.ListRuns',
  'flyteidl2.workflow.RunService.ListActions',
  'flyteidl2.dataproxy.DataProxyService.GetActionData',
  // These sign a URL, and leave nothing behind.
  'flyteidl2.dataproxy.DataProxyService.CreateUploadLocation',
  'flyteidl2.dataproxy.DataProxyService.CreateDownloadLink',
]);

const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 2_000;
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * A Connect transport whose calls are made as a caller: with their credentials, until they leave, and failing as
 * {@link FlyteError}. Who that is, is asked at the moment a method is called, not when a stream is first read.
 *
 * @param caller finds the caller in the running code's scope; throws where there is none
 */
export function asCaller(wire: Wire, caller: () => Caller, limits: CallLimits): Transport {
  return {
    unary: (method, signal, timeoutMs, header, input, contextValues) => {
      const who = caller();
      return callUnary(
        method,
        who,
        { ...limits, ...(timeoutMs !== undefined && { timeoutMs }) },
        signal,
        async (left, merged, sent) => {
          const done = new AbortController();
          const transport = wire.unary(done.signal);
          try {
            return await transport.unary(method, merged, left, headersOf(header, who, sent), input, contextValues);
          } finally {
            done.abort();
          }
        },
      );
    },
    stream: (method, signal, timeoutMs, header, input, contextValues) => {
      const again = repeatable(method, input);
      const response = openStream(wire, method, caller, limits, signal, async (merged, who, sent) => {
        const headers = headersOf(header, who, sent);
        return wire.stream(merged).stream(method, merged, timeoutMs, headers, await again(), contextValues);
      });
      // The stream opens at once, and fails perhaps before anybody reads: the reader learns of it then.
      response.catch(() => undefined);
      return response;
    },
  };
}

async function callUnary<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  caller: Caller,
  { timeoutMs: wanted, retries, project }: CallLimits,
  signal: AbortSignal | undefined,
  attempt: (leftMs: number, signal: AbortSignal, sent: AuthMetadata | undefined) => Promise<UnaryResponse<I, O>>,
): Promise<UnaryResponse<I, O>> {
  // Timers fire at once for what they can't wait, and Infinity is how a caller says "never".
  const timeoutMs = Math.min(Math.max(wanted, 0), MAX_TIMER_MS);
  const deadline = Date.now() + timeoutMs;
  const merged = merge(signal, caller.signal);
  let sent: AuthMetadata | undefined;
  try {
    // Never under one millisecond: Connect takes 0 for "no deadline".
    const tries = (): Promise<UnaryResponse<I, O>> =>
      pRetry(() => attempt(Math.max(1, deadline - Date.now()), merged, sent), {
        retries: isReadOnly(method) ? retries : 0,
        minTimeout: FIRST_BACKOFF_MS,
        maxTimeout: MAX_BACKOFF_MS,
        randomize: true,
        maxRetryTime: timeoutMs,
        signal: merged,
        shouldRetry: ({ error }) => isTransient(error) && Date.now() < deadline,
      });
    sent = await inTime(caller.credentials, merged, timeoutMs);
    try {
      return await tries();
    } catch (error) {
      sent = await renewed(error, caller, sent, merged, deadline - Date.now());
      return await tries();
    }
  } catch (error) {
    throw toFlyteError(error, nameOf(method), sent, { isApp: caller.isApp, project });
  }
}

async function openStream<I extends DescMessage, O extends DescMessage>(
  wire: Wire,
  method: DescMethodStreaming<I, O>,
  findCaller: () => Caller,
  { streamIdleTimeoutMs, project }: CallLimits,
  signal: AbortSignal | undefined,
  attempt: (signal: AbortSignal, caller: Caller, sent: AuthMetadata | undefined) => Promise<StreamResponse<I, O>>,
): Promise<StreamResponse<I, O>> {
  const caller = findCaller();
  const { open } = wire;
  if (!open) throw closed();
  const end = new AbortController();
  open.add(end);
  const merged = merge(signal, caller.signal, end.signal);
  let sent: AuthMetadata | undefined;
  const failed = (error: unknown): Error =>
    toFlyteError(end.signal.aborted ? end.signal.reason : error, nameOf(method), sent, {
      isApp: caller.isApp,
      project,
    });
  // It also ends what nobody reads any more: Connect's clients don't tell when a loop over their messages is left.
  const timer = setTimeout(() => end.abort(idle(streamIdleTimeoutMs)), streamIdleTimeoutMs).unref();
  const forget = (): void => {
    clearTimeout(timer);
    open.delete(end);
  };
  merged.addEventListener('abort', forget, { once: true });
  // What else a call sends, it sends once.
  let mayRenew = method.methodKind === 'server_streaming';
  /** Opens it once more, with other credentials, where it was refused for those it had before it gave anything. */
  const reopened = async (refusal: unknown): Promise<StreamResponse<I, O>> => {
    if (!mayRenew) throw refusal;
    mayRenew = false;
    sent = await renewed(refusal, caller, sent, merged);
    return attempt(merged, caller, sent);
  };
  async function* messages(response: StreamResponse<I, O>): StreamResponse<I, O>['message'] & AsyncGenerator {
    const one = async function* (from: StreamResponse<I, O>): AsyncGenerator<MessageShape<O>> {
      for await (const message of from.message) {
        mayRenew = false;
        timer.refresh();
        yield message;
      }
    };
    try {
      try {
        yield* one(response);
      } catch (error) {
        yield* one(await reopened(error));
      }
    } catch (error) {
      throw failed(error);
    } finally {
      end.abort(new ConnectError('the stream is not read any more', Code.Canceled));
    }
  }
  try {
    sent = await inTime(caller.credentials, merged);
    const response = await attempt(merged, caller, sent).catch(reopened);
    return { ...response, message: messages(response) };
  } catch (error) {
    forget();
    throw failed(error);
  }
}

/** What a stream sends, as often as it is opened. Connect gives it to be read once; of a server's stream it is one message. */
function repeatable<I extends DescMessage>(
  { methodKind }: DescMethodStreaming,
  input: AsyncIterable<MessageInitShape<I>>,
): () => Promise<AsyncIterable<MessageInitShape<I>>> {
  if (methodKind !== 'server_streaming') return async () => input;
  let kept: Promise<MessageInitShape<I>[]> | undefined;
  const read = async (): Promise<MessageInitShape<I>[]> => {
    const messages: MessageInitShape<I>[] = [];
    for await (const message of input) messages.push(message);
    return messages;
  };
  return async () => createAsyncIterable(await (kept ??= read()));
}

function idle(ms: number): ConnectError {
  return new ConnectError(`nothing was read from the stream for ${ms} ms`, Code.DeadlineExceeded);
}

/**
 * Credentials in place of those that Flyte refused. A call that was refused for them was not made (RFC 9110, 15.5.2), so
 * whatever it does may be tried with others, once.
 *
 * @throws the refusal, where it is another one or there are no others
 */
async function renewed(
  refusal: unknown,
  { renew }: Caller,
  sent: AuthMetadata | undefined,
  signal: AbortSignal,
  leftMs?: number,
): Promise<AuthMetadata> {
  if (!renew || !sent || ConnectError.from(refusal).code !== Code.Unauthenticated) throw refusal;
  const given = await inTime(() => renew(sent), signal, leftMs);
  if (!given || given.fingerprint === sent.fingerprint) throw refusal;
  return given;
}

/** The credentials of a caller; what gives the app's own may hang. */
async function inTime(
  give: Caller['credentials'],
  signal: AbortSignal,
  timeoutMs?: number,
): Promise<AuthMetadata | undefined> {
  signal.throwIfAborted();
  const given = give();
  if (!(given instanceof Promise)) return given;
  let timer: NodeJS.Timeout | undefined;
  let aborted = (): void => undefined;
  const tooLate = new Promise<never>((_, reject) => {
    const late = new ConnectError('the option "credentials" took too long', Code.DeadlineExceeded);
    if (timeoutMs !== undefined) timer = setTimeout(() => reject(late), timeoutMs);
    aborted = () => reject(ConnectError.from(signal.reason, Code.Canceled));
    signal.addEventListener('abort', aborted);
  });
  try {
    return await Promise.race([given, tooLate]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', aborted);
  }
}

function headersOf(given: unknown, { forwarded = [] }: Caller, sent: AuthMetadata | undefined): Headers {
  const headers = new Headers(given as ConstructorParameters<typeof Headers>[0]);
  headers.set('User-Agent', USER_AGENT);
  // Credentials last: where an extractor found a header too, its value is the one that was checked.
  for (const [name, value] of [...forwarded, ...(sent?.entries() ?? [])]) headers.set(name, value);
  return headers;
}

function merge(...signals: (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== undefined));
}

function isReadOnly(method: DescMethodUnary): boolean {
  return (
    method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS ||
    READ_ONLY.has(`${method.parent.typeName}.${method.name}`)
  );
}

function nameOf(method: DescMethodUnary | DescMethodStreaming): string {
  return `${method.parent.name}.${method.name}`;
}
