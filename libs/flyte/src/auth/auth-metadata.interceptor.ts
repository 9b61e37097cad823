import { Injectable, Logger, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { catchError, isObservable, map, Observable, tap, throwError } from 'rxjs';
import { FlyteError } from '../errors/flyte-error.js';
import { AuthPolicy, requirementOf } from './auth-policy.js';
import {
  inAuthScope,
  isInScopeOf,
  rememberedScopes,
  runInScope,
  runOutsideScopesOf,
  type AuthScope,
} from './auth-scope.js';
import { inboundRequest, isGrpcCall, type InboundRequest } from './inbound-request.js';
import { beginRequest, endRequest } from './request-life.js';
import { iterateInScope, ReadInScope } from './streamed-answer.js';
import { toWsException } from './ws-answer.js';

/**
 * Runs pipes and handler in the scope of what {@link FlyteAuthGuard} found: promises, Observables, server-sent events,
 * timers, the async iterators that this library's services return, and streams and async generators that a handler returns. `FlyteModule` registers it for the whole app.
 */
@Injectable()
export class AuthMetadataInterceptor implements NestInterceptor {
  protected readonly logger = new Logger(AuthMetadataInterceptor.name);

  constructor(protected readonly policy: AuthPolicy) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const answer = this.inScope(context, next);
    if (context.getType<string>() !== 'ws') return answer;
    return answer.pipe(
      catchError((error: unknown) =>
        throwError(() => (error instanceof FlyteError ? toWsException(error, context, this.logger) : error)),
      ),
    );
  }

  protected inScope(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = inboundRequest(context);
    const scope = this.scopeOf(context, request);
    if (!scope) return outsideScopesOf(this.policy.owner, next);
    // The handler is called on subscription, and the subscription handed back, so that a disconnect ends the source.
    const inScopeOf = (handle: () => Observable<unknown>): Observable<unknown> =>
      new Observable((subscriber) => runInScope(scope, () => handle().subscribe(subscriber)));
    switch (context.getType<string>()) {
      case 'http': // its response shows when it is over
        return new Observable((subscriber) =>
          runInScope(scope, () => next.handle().subscribe(new ReadInScope(subscriber, scope))),
        );
      case 'graphql': // so it does here, but not for what a socket carries
        return inScopeOf(() => next.handle()).pipe(map((value) => iterateInScope(value, scope, request)));
      case 'rpc': {
        const answer = inScopeOf(() => {
          bindCall(context);
          return next.handle();
        });
        // A call of grpc-js alone (`@GrpcStreamCall`) goes on when the handler has returned.
        return isGrpcCall(context.getArgByIndex(0)) ? answer : endWith(answer, request);
      }
      default:
        return endWith(
          inScopeOf(() => next.handle()),
          request,
        );
    }
  }

  protected scopeOf(context: ExecutionContext, request: InboundRequest): AuthScope | undefined {
    // Asked again: resolvers of one GraphQL request share its credentials, but not their requirements.
    if (requirementOf(this.policy, context, request) === 'none') return undefined;
    return rememberedScopes(request.identity).find(({ owner }) => owner === this.policy.owner);
  }
}

/** Of a request that a handler of this app makes of the app itself, perhaps in this process: it is another one all the same. */
function outsideScopesOf(owner: symbol, next: CallHandler): Observable<unknown> {
  if (!isInScopeOf(owner)) return next.handle();
  return new Observable((subscriber) => runOutsideScopesOf(owner, () => next.handle().subscribe(subscriber)));
}

/** Ends a request with what its handler gives; not where its client leaves first, of which the signal tells. */
function endWith(answer: Observable<unknown>, { identity, life }: InboundRequest): Observable<unknown> {
  return new Observable((subscriber) => {
    beginRequest(identity);
    const end = (): void => endRequest(identity);
    const subscription = answer.pipe(tap({ error: end, complete: end })).subscribe(subscriber);
    return () => {
      subscription.unsubscribe();
      if (!life.hasLeft) end();
    };
  });
}

/**
 * What a gRPC client streams is emitted by its connection: to the handler, in the scope that this is called in. The answer
 * of a raw call is given by a callback, after which the call is over.
 */
function bindCall(context: ExecutionContext): void {
  const args = context.getArgs<unknown[]>();
  const [messages, callback] = args;
  if (isGrpcCall(messages) && typeof callback === 'function') {
    args[1] = (...answer: unknown[]): void => {
      endRequest(messages);
      Reflect.apply(callback, undefined, answer);
    };
  }
  if (!isObservable(messages)) return;
  const bound = messages.pipe(inAuthScope());
  // Nest keeps messages back until a handler has subscribed, and is told of that by this function (`@GrpcStreamMethod`).
  if ('drainBuffer' in messages) Object.assign(bound, { drainBuffer: messages.drainBuffer });
  args[0] = bound;
}
