import { Code, ConnectError, type Interceptor, type StreamResponse } from '@connectrpc/connect';
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

/** The interceptor that reports each call when it ends; it must come before the one that verifies the caller. */
export function logCalls(logger: CallLogger): Interceptor {
  return (next) => async (request) => {
    const started = performance.now();
    const method = `${request.service.typeName}/${request.method.name}`;
    const end = (code: string): void =>
      logger({
        method,
        subject: callerOf(request.contextValues)?.subject,
        code,
        durationMs: performance.now() - started,
      });
    try {
      const response = await next(request);
      if (response.stream) return { ...response, message: reportEnd(response.message, end) };
      end('ok');
      return response;
    } catch (error) {
      end(nameOf(error));
      throw error;
    }
  };
}

/** A stream ends when its last message is taken, fails, or is no longer wanted. */
async function* reportEnd(
  messages: StreamResponse['message'],
  end: (code: string) => void,
): AsyncGenerator<StreamResponse['message'] extends AsyncIterable<infer Message> ? Message : never> {
  let code = 'canceled';
  try {
    yield* messages;
    code = 'ok';
  } catch (error) {
    code = nameOf(error);
    throw error;
  } finally {
    end(code);
  }
}

/** Connect spells its codes in snake case on the wire, and in Pascal case in its enum. */
function nameOf(error: unknown): string {
  const name = Code[ConnectError.from(error, Code.Internal).code] ?? 'Unknown';
  return name.replaceAll(/(?<!^)([A-Z])/g, '_$1').toLowerCase();
}
