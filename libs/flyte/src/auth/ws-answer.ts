import { createRequire } from 'node:module';
import type { ArgumentsHost, Logger } from '@nestjs/common';
import type { FlyteError } from '../errors/flyte-error.js';
import { clientMessage, logServerFault } from './server-fault.js';

type WsException = Error & { getError(): unknown };

interface WebSockets {
  readonly WsException: new (answer: object) => WsException;
  readonly BaseWsExceptionFilter: new () => { catch(exception: Error, host: ArgumentsHost): void };
}

const require = createRequire(import.meta.url);

/** Nest's own package knows how each kind of socket is spoken to. An app with a gateway has it. */
function websockets(): WebSockets {
  return require('@nestjs/websockets') as WebSockets;
}

/**
 * An error in the form that Nest answers on sockets, as the event `exception`: Nest applies no app-wide filter to
 * gateways, and its own would answer "Internal server error". Filters that a gateway names may still catch FlyteError, as
 * the result is both. A server's fault is logged.
 */
export function toWsException(error: FlyteError, host: ArgumentsHost, logger: Logger): WsException {
  const { WsException } = websockets();
  if (error instanceof WsException) return error;
  logServerFault(logger, error);
  // Nest's usual answer, without the message that caused it: an app may look for credentials in there.
  const cause = { pattern: host.switchToWs().getPattern() };
  const code = error.fault === 'operator' ? 'internal' : error.code;
  const exception = new WsException({ status: 'error', message: clientMessage(error), code, cause });
  return Object.defineProperties(exception, Object.getOwnPropertyDescriptors(error));
}

/** Sends an error to the socket that a message came from. */
export function answerWebSocket(error: FlyteError, host: ArgumentsHost, logger: Logger): void {
  const exception = toWsException(error, host, logger);
  const client = host.switchToWs().getClient<{ readyState?: unknown; send?: (text: string) => void }>();
  if (typeof client.readyState === 'number' && typeof client.send === 'function') {
    // A client of `ws`, which Nest 11's filter sends nothing to. This is what Nest 12's sends.
    client.send(JSON.stringify({ event: 'exception', data: exception.getError() }));
    return;
  }
  const { BaseWsExceptionFilter } = websockets();
  new BaseWsExceptionFilter().catch(exception, host);
}
