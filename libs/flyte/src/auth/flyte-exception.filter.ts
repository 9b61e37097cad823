import { createRequire } from 'node:module';
import { Catch, Logger, type ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { throwError, type Observable } from 'rxjs';
import { FlyteError, WIRE_ERROR_CODES, type WireErrorCode } from '../errors/flyte-error.js';
import { httpStatus, setAnswerHeader, toHttpException } from './http-answer.js';
import { inboundRequest } from './inbound-request.js';

/**
 * Answers a request that ended in a {@link FlyteError}: over HTTP with the status that fits its code and Nest's usual
 * body, elsewhere in that transport's own form. `FlyteModule` registers it for the whole app; exceptions of Nest and of
 * others keep their answers.
 */
@Catch(FlyteError)
export class FlyteExceptionFilter extends BaseExceptionFilter {
  protected readonly logger = new Logger(FlyteExceptionFilter.name);

  override catch(error: FlyteError, host: ArgumentsHost): void | Observable<never> {
    if (httpStatus(error) >= 500) this.logger.error(describe(error));
    switch (host.getType<string>()) {
      case 'http':
        if (error.code === 'unauthenticated') {
          setAnswerHeader(inboundRequest(host).response, 'WWW-Authenticate', 'Bearer');
        }
        super.catch(toHttpException(error), host);
        return;
      case 'graphql':
        throw toHttpException(error); // the drivers make a GraphQL error with a code of it
      case 'ws':
        answerWebSocket(error, host);
        return;
      default:
        return throwError(() => toRpcError(error));
    }
  }
}

/** For the log: everything there is to know, none of which is a credential. */
function describe({ code, message, detail, stack }: FlyteError): string {
  const where = stack?.split('\n').slice(1).join('\n');
  return [`${code}: ${message}`, detail, where].filter(Boolean).join('\n');
}

/** What a client may read, by the same rule as over HTTP. */
function clientMessage(error: FlyteError): string {
  return httpStatus(error) < 500 ? error.message : `Flyte: ${error.code}`;
}

/**
 * The form in which Nest's own filter answers a microservice's client, with what grpc-js reads besides: the number of the
 * code, counted from 1 in the order of the list, and `details`.
 */
function toRpcError(error: FlyteError): object {
  const code = WIRE_ERROR_CODES.indexOf(error.code as WireErrorCode) + 1 || WIRE_ERROR_CODES.indexOf('internal') + 1;
  const message = clientMessage(error);
  return { status: 'error', code, message, details: message };
}

const require = createRequire(import.meta.url);

/** Nest's own filter knows how each kind of socket is spoken to. An app with a gateway has the package. */
function answerWebSocket(error: FlyteError, host: ArgumentsHost): void {
  const nest = require('@nestjs/websockets') as {
    WsException: new (message: string) => Error;
    BaseWsExceptionFilter: new () => { catch(exception: Error, host: ArgumentsHost): void };
  };
  new nest.BaseWsExceptionFilter().catch(new nest.WsException(clientMessage(error)), host);
}
