import type { DescMessage, DescMethodStreaming, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { Code, ConnectError, type StreamResponse } from '@connectrpc/connect';
import { createAsyncIterable } from '@connectrpc/connect/protocol';
import type { AuthMetadata } from '../../auth/auth-metadata.js';
import { credentialsOf, merge, nameOf, renewed, type CallLimits } from './call-parts.js';
import type { Caller } from './caller.js';
import type { Connection } from './connection.js';
import { closed } from './reconnect.js';
import { toFlyteError } from './upstream-error.js';

/** Opens a stream as a caller: until they leave, or nothing is read from it for too long. */
export async function openStream<I extends DescMessage, O extends DescMessage>(
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
    sent = await credentialsOf(caller, merged);
    const response = await attempt(merged, caller, sent).catch(reopened);
    return { ...response, message: messages(response) };
  } catch (error) {
    forget();
    throw failed(error);
  }
}

/** What a stream sends, as often as it is opened. Connect gives it to be read once; of a server's stream it is one message. */
export function repeatable<I extends DescMessage>(
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
