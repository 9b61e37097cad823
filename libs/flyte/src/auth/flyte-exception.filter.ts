import { Catch, Logger, type ArgumentsHost } from '@nestjs/common';
import { type ApplicationConfig, BaseExceptionFilter, type ModuleRef } from '@nestjs/core';
import { of, throwError, type Observable } from 'rxjs';
import { FlyteError, WIRE_ERROR_CODES, type WireErrorCode } from '../errors/flyte-error.js';
import { httpStatus, endBegunAnswer, setAnswerHeader, toHttpException } from './http-answer.js';
import { inboundRequest, isGrpcCall } from './inbound-request.js';
import { clientMessage, logServerFault } from './server-fault.js';
import { answerWebSocket } from './ws-answer.js';

/**
 * Answers a request that ended in a {@link FlyteError}: over HTTP with the status that fits its code and Nest's usual
 * body, elsewhere in that transport's own form. `FlyteModule` registers it for the whole app, as the last resort: an app's
 * own filter that fits comes first. Exceptions of Nest and of others keep their answers.
 */
@Catch(FlyteError)
export class FlyteExceptionFilter extends BaseExceptionFilter {
  protected readonly logger = new Logger(FlyteExceptionFilter.name);

  override catch(error: FlyteError, host: ArgumentsHost): void | Observable<unknown> {
    const type = host.getType<string>();
    if (type !== 'ws') logServerFault(this.logger, error);
    switch (type) {
      case 'http': {
        const { isForeign, response } = inboundRequest(host);
        if (isForeign) throw error;
        if (httpStatus(error) === 401) setAnswerHeader(response, 'WWW-Authenticate', 'Bearer');
        if (endBegunAnswer(response)) return;
        super.catch(toHttpException(error), host);
        return;
      }
      case 'graphql':
        throw toHttpException(error); // the drivers make a GraphQL error with a code of it
      case 'ws':
        answerWebSocket(error, host, this.logger);
        return;
      case 'rpc':
        return answerRpc(toRpcError(error), host);
      default: // a library's own, which takes what is returned for an answer
        throw error;
    }
  }
}

/**
 * Registers the filter for the whole app, before any that the app registers itself: of filters that fit, Nest asks the one
 * that came last. APP_FILTER would put it behind that of the module which imports FlyteModule.
 */
export function addLastResort(filter: FlyteExceptionFilter, moduleRef: ModuleRef): void {
  // Nest gives no public way to its ApplicationConfig while modules are made, and later the routes have their filters.
  const container = Reflect.get(moduleRef, 'container') as
    { readonly applicationConfig?: ApplicationConfig } | undefined;
  if (!container?.applicationConfig)
    throw new FlyteError('internal', 'This version of NestJS is not known to FlyteModule.');
  container.applicationConfig.addGlobalFilter(filter);
}

/** As Nest's own filter does, by an Observable that fails; but for `@GrpcStreamCall`. */
function answerRpc(error: object, host: ArgumentsHost): Observable<unknown> {
  const [call, callback] = host.getArgs<[unknown, ((error: object) => void)?]>();
  if (!isGrpcCall(call)) return throwError(() => error);
  // Nest 12 passes such a failure to nobody: the client would wait, and the rejection that nobody handles would end the
  // process. See `createStreamCallMethod` in @nestjs/microservices, server-grpc.ts.
  if (callback) callback(error);
  else call.emit('error', error);
  return of(undefined);
}

/**
 * The form in which Nest's own filter answers a microservice's client, with what grpc-js reads besides: the number of the
 * code, counted from 1 in the order of the list, and `details`.
 */
function toRpcError(error: FlyteError): object {
  const known = error.fault === 'operator' ? 'internal' : (error.code as WireErrorCode);
  const code = WIRE_ERROR_CODES.indexOf(known) + 1 || WIRE_ERROR_CODES.indexOf('internal') + 1;
  const message = clientMessage(error);
  return { status: 'error', code, message, details: message };
}
