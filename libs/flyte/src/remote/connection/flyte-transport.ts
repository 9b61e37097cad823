import type { Transport } from '@connectrpc/connect';
import { headersOf, merge, type CallLimits } from './call-parts.js';
import type { Caller } from './caller.js';
import type { Connection } from './connection.js';
import { openStream, repeatable } from './stream-call.js';
import { UnaryCall } from './unary-call.js';

/**
 * A Connect transport whose calls are made as a caller: with their credentials, until they leave, and failing as
 * {@link FlyteError}. Who that is, is asked at the moment a method is called, not when a stream is first read.
 *
 * @param caller finds the caller in the running code's scope; throws where there is none
 */
export function asCaller(connection: Connection, caller: () => Caller, limits: CallLimits): Transport {
  return {
    unary: (method, given, timeoutMs, header, input, contextValues) => {
      const who = caller();
      const request = { method, input, header: header as unknown, contextValues, signal: merge(given, who.signal) };
      return new UnaryCall(connection, request, who, limits, timeoutMs).answer();
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
