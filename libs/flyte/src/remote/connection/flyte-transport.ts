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
import type { AuthMetadata } from '../../auth/auth-metadata.js';
import { outsideRequests } from '../../auth/outside-requests.js';
import type { Caller } from './caller.js';
import { closed } from './reconnect.js';
import { isTransient, toFlyteError } from './upstream-error.js';
import { USER_AGENT } from './user-agent.js';
import type { Connection } from './connection.js';

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
export function asCaller(connection: Connection, caller: () => Caller, limits: CallLimits): Transport {
  return {
    unary: (method, signal, timeoutMs, header, input, contextValues) => {
      const who = caller();
      const attempt: Attempt<typeof method.input, typeof method.output> = (leftMs, merged, sent) =>
        connection.calls.unary(method, merged, leftMs, headersOf(header, who, sent), input, contextValues);
      return callUnary(method, who, timeoutMs === undefined ? limits : { ...limits, timeoutMs }, signal, attempt);
    },
    stream: (method, signal, timeoutMs, header, input, contextValues) => {
      const again = repeatable(method, input);
      const response = openStream(connection, method, caller, limits, signal, async (merged, who, sent) => {
        const headers = headersOf(header, who, sent);
        return connection.streams.stream(method, merged, timeoutMs, headers, await again(), contextValues);
      });
      // The stream opens at once, and fails perhaps before anybody reads: the reader learns of it then.
      response.catch(() => undefined);
      return response;
    },
  };
}

/** Asks Flyte once. */
type Attempt<I extends DescMessage, O extends DescMessage> = (
  leftMs: number,
  signal: AbortSignal | undefined,
  sent: AuthMetadata | undefined,
) => Promise<UnaryResponse<I, O>>;

async function callUnary<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  caller: Caller,
  { timeoutMs: wanted, retries, project }: CallLimits,
  signal: AbortSignal | undefined,
  attempt: Attempt<I, O>,
): Promise<UnaryResponse<I, O>> {
  // Timers fire at once for what they can't wait, and Infinity is how a caller says "never".
  const timeoutMs = Math.min(Math.max(wanted, 0), MAX_TIMER_MS);
  const deadline = Date.now() + timeoutMs;
  const merged = merge(signal, caller.signal);
  let sent: AuthMetadata | undefined;
  // Never under one millisecond: Connect takes 0 for "no deadline".
  const ask = (): Promise<UnaryResponse<I, O>> => attempt(Math.max(1, deadline - Date.now()), merged, sent);
  const tries = async (): Promise<UnaryResponse<I, O>> => {
    try {
      return await ask();
    } catch (error) {
      if (retries === 0 || !isReadOnly(method) || !isTransient(error)) throw error;
      return askAgain(error, ask);
    }
  };
  const askAgain = async (failure: unknown, again: typeof ask): Promise<UnaryResponse<I, O>> => {
    const { default: pRetry } = await outsideRequests(() => import('p-retry'));
    let first = true;
    // The failure that was is the first of its tries.
    const retry = (): Promise<UnaryResponse<I, O>> => {
      if (!first) return again();
      first = false;
      throw failure;
    };
    return pRetry(retry, {
      retries,
      minTimeout: FIRST_BACKOFF_MS,
      maxTimeout: MAX_BACKOFF_MS,
      randomize: true,
      maxRetryTime: Math.max(0, deadline - Date.now()),
      signal: merged,
      shouldRetry: ({ error }) => isTransient(error) && Date.now() < deadline,
    });
  };
  try {
    merged?.throwIfAborted();
    const given = caller.credentials();
    sent = given instanceof Promise ? await inTime(given, merged, timeoutMs) : given;
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
  connection: Connection,
  method: DescMethodStreaming<I, O>,
  findCaller: () => Caller,
  { streamIdleTimeoutMs, project }: CallLimits,
  signal: AbortSignal | undefined,
  attempt: (signal: AbortSignal, caller: Caller, sent: AuthMetadata | undefined) => Promise<StreamResponse<I, O>>,
): Promise<StreamResponse<I, O>> {
  const caller = findCaller();
  const { open } = connection;
  if (!open) throw closed();
  const end = new AbortController();
  open.add(end);
  const merged = merge(signal, caller.signal, end.signal) ?? end.signal;
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
    merged.throwIfAborted();
    const given = caller.credentials();
    sent = given instanceof Promise ? await inTime(given, merged) : given;
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
  signal: AbortSignal | undefined,
  leftMs?: number,
): Promise<AuthMetadata> {
  if (!renew || !sent || ConnectError.from(refusal).code !== Code.Unauthenticated) throw refusal;
  const given = await inTime(Promise.resolve(renew(sent)), signal, leftMs);
  if (!given || given.fingerprint === sent.fingerprint) throw refusal;
  return given;
}

/** Credentials that have to be waited for: what gives the app's own may hang. */
async function inTime<T>(given: Promise<T>, signal: AbortSignal | undefined, timeoutMs?: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let aborted = (): void => undefined;
  const tooLate = new Promise<never>((_, reject) => {
    const late = new ConnectError('the option "credentials" took too long', Code.DeadlineExceeded);
    if (timeoutMs !== undefined) timer = setTimeout(() => reject(late), timeoutMs);
    aborted = () => reject(ConnectError.from(signal?.reason, Code.Canceled));
    signal?.addEventListener('abort', aborted);
  });
  try {
    return await Promise.race([given, tooLate]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', aborted);
  }
}

/** What travels in the head of a call. Credentials last: where an extractor found a header too, its value was checked. */
function headersOf(given: unknown, { forwarded = [] }: Caller, sent: AuthMetadata | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  // Most calls are given none, and Connect makes an object of its own of whatever it gets.
  if (given !== undefined) new Headers(given as HeadersInit).forEach((value, name) => (headers[name] = value));
  headers['user-agent'] = USER_AGENT;
  for (const [name, value] of forwarded) headers[name] = value;
  for (const [name, value] of sent?.entries() ?? []) headers[name] = value;
  return headers;
}

type HeadersInit = ConstructorParameters<typeof Headers>[0];

/** One signal of several; none of none. */
function merge(...signals: (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((signal) => signal !== undefined);
  return given.length < 2 ? given[0] : AbortSignal.any(given);
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
