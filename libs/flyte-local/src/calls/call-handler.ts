import {
  createConnectRouter,
  createContextValues,
  type ConnectRouter,
  type ContextValues,
  type Interceptor,
} from '@connectrpc/connect';
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from '@connectrpc/connect-node';
import {
  assertByteStreamRequest,
  type UniversalHandler,
  type UniversalServerRequest,
} from '@connectrpc/connect/protocol';
import {
  answerUnimplemented,
  refuse,
  type PlaneRequest,
  type PlaneRequestHandler,
  type PlaneResponse,
} from '../http/plane-handler.js';
import { keepActionsToTheirRun } from './action-methods.js';
import { callEnd, logCalls, type CallLogger } from './log-calls.js';
import { MAX_ANONYMOUS_BYTES, MAX_MESSAGE_BYTES, readMessage } from './read-message.js';
import { tellStateProblems } from './state-problems.js';
import { admitted, beginAdmission, requireAdmission, type Admit } from './verify-caller.js';

/** What {@link callHandler} takes. */
export interface CallHandlerOptions {
  /** Adds the methods; of two with one path, the later one answers. */
  readonly routes: (router: ConnectRouter) => void;
  /** Decides by its headers who may make a call. */
  readonly admit: Admit;
  /** Run around each call once its caller is known. */
  readonly interceptors: readonly Interceptor[];
  /** Is told of each call that ended. */
  readonly logger: CallLogger | undefined;
  /** The state folder, for messages about it. */
  readonly state: string;
  /** Ends what streams. */
  readonly shutdownSignal: AbortSignal;
}

/**
 * Makes the handler of calls, in each of Connect's protocols. Nothing of a body is read before its caller is known: who
 * has no token can't fill the memory.
 */
export function callHandler({
  routes,
  admit,
  interceptors,
  logger,
  state,
  shutdownSignal,
}: CallHandlerOptions): PlaneRequestHandler {
  const router = createConnectRouter({
    acceptCompression: [compressionGzip, compressionBrotli],
    interceptors: [
      ...(logger === undefined ? [] : [logCalls(logger)]),
      requireAdmission(),
      keepActionsToTheirRun(),
      tellStateProblems(state),
      ...interceptors,
    ],
    readMaxBytes: MAX_MESSAGE_BYTES,
    shutdownSignal,
  });
  routes(router);
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
  return (request, response) => {
    const handler = handlers.get((request.url ?? '').split('?', 1)[0] ?? '');
    if (handler === undefined) answerUnimplemented(request, response);
    else void answer(handler, { admit, logger }, request, response);
  };
}

async function answer(
  handler: UniversalHandler,
  { admit, logger }: Pick<CallHandlerOptions, 'admit' | 'logger'>,
  request: PlaneRequest,
  response: PlaneResponse,
): Promise<void> {
  const values = createContextValues();
  try {
    const call = universalRequestFromNodeRequest(request, response, undefined, values);
    beginAdmission(admit, call.header, handler.method, values);
    const body = admittedBody(call, values, handler, logger);
    await universalResponseToNodeResponse(await handler({ ...call, body }), response);
  } catch {
    // The client has left, or Connect could not write its answer; a client that is still there must not wait for ever.
    if (response.headersSent) response.destroy();
    else refuse(response, { status: 500, code: 'internal', message: 'The control plane could not answer this call.' });
  }
}

/** The body of a call, once its caller is known. What is refused here reaches no interceptor, and is logged here. */
async function* admittedBody(
  call: UniversalServerRequest,
  values: ContextValues,
  { method }: UniversalHandler,
  logger: CallLogger | undefined,
): AsyncGenerator<Uint8Array> {
  assertByteStreamRequest(call);
  const isOneMessage = method.methodKind === 'unary' || method.methodKind === 'server_streaming';
  const end = callEnd(logger, method, values);
  let message: Uint8Array | undefined;
  try {
    const caller = await admitted(values);
    const maxBytes = caller === undefined ? MAX_ANONYMOUS_BYTES : MAX_MESSAGE_BYTES;
    if (isOneMessage) message = await readMessage(call.body, call.header, method, maxBytes);
  } catch (error) {
    end(error);
    throw error;
  }
  if (message === undefined) yield* call.body;
  else yield message;
}
