import type { DescMethod } from '@bufbuild/protobuf';
import { Code, ConnectError, type ContextValues, type Interceptor, type StreamResponse } from '@connectrpc/connect';
import { callerOf } from './caller-context.js';

/** One call that ended. It holds no header and nothing that was sent. */
export interface CallLogEntry {
  /** For example `flyteidl2.project.ProjectService/GetProject`. */
  readonly method: string;
  /** Who called; undefined for an anonymous call, and for one whose token was refused. */
  readonly subject: string | undefined;
  /** `ok`, or the error's code in Connect's spelling, such as `not_found`. */
  readonly code: string;
  /** From the call's arrival to the end of its last message, in milliseconds. */
  readonly durationMs: number;
}

/** Is told of each call that ended. */
export type CallLogger = (entry: CallLogEntry) => void;

/**
 * Begins to measure a call.
 *
 * @param values the call's context values, which may name its caller when it ends
 * @returns reports that the call ended, with the error if there was one
 */
export function callEnd(
  logger: CallLogger | undefined,
  method: DescMethod,
  values: ContextValues,
): (error?: unknown) => void {
  const started = performance.now();
  return (error) =>
    logger?.({
      method: `${method.parent.typeName}/${method.name}`,
      subject: callerOf(values)?.subject,
      code: error === undefined ? 'ok' : nameOf(error),
      durationMs: performance.now() - started,
    });
}

/** The interceptor that reports each call when it ends; it must come before the one that verifies the caller. */
export function logCalls(logger: CallLogger): Interceptor {
  return (next) => async (request) => {
    const end = callEnd(logger, request.method, request.contextValues);
    try {
      const response = await next(request);
      if (response.stream) return { ...response, message: reportEnd(response.message, end) };
      end();
      return response;
    } catch (error) {
      end(error);
      throw error;
    }
  };
}

/** A stream ends when its last message is taken, fails, or is no longer wanted. */
async function* reportEnd(
  messages: StreamResponse['message'],
  end: (error?: unknown) => void,
): AsyncGenerator<StreamResponse['message'] extends AsyncIterable<infer Message> ? Message : never> {
  let failure: unknown = new ConnectError('The client left.', Code.Canceled);
  try {
    yield* messages;
    failure = undefined;
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    end(failure);
  }
}

/** Connect spells its codes in snake case on the wire, and in Pascal case in its enum. */
function nameOf(error: unknown): string {
  const name = Code[ConnectError.from(error, Code.Internal).code] ?? 'Unknown';
  return name.replaceAll(/(?<!^)([A-Z])/g, '_$1').toLowerCase();
}
