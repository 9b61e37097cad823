import { Injectable, Logger, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { catchError, isObservable, map, Observable, throwError } from 'rxjs';
import { FlyteError } from '../errors/flyte-error.js';
import { AuthPolicy, requirementOf } from './auth-policy.js';
import { inAuthScope, rememberedScopes, runInScope, type AuthScope } from './auth-scope.js';
import { inboundRequest } from './inbound-request.js';
import { toWsException } from './ws-answer.js';

/**
 * Runs pipes and handler in the scope of what {@link FlyteAuthGuard} found: promises, Observables, server-sent events,
 * timers, and the async iterators that this library's services return. `FlyteModule` registers it for the whole app.
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
    const scope = this.scopeOf(context);
    if (!scope) return next.handle();
    // The handler is called on subscription, and the subscription handed back, so that a disconnect ends the source.
    const answer = new Observable((subscriber) =>
      runInScope(scope, () => {
        bindMessages(context);
        return next.handle().subscribe(subscriber);
      }),
    );
    // A subscription's generator runs as whoever asks it for its next value.
    return context.getType<string>() === 'graphql' ? answer.pipe(map((value) => iterateInScope(value, scope))) : answer;
  }

  protected scopeOf(context: ExecutionContext): AuthScope | undefined {
    // Asked again: resolvers of one GraphQL request share its credentials, but not their requirements.
    if (requirementOf(this.policy, context) === 'none') return undefined;
    return rememberedScopes(inboundRequest(context).identity).find(({ owner }) => owner === this.policy.owner);
  }
}

/** What a gRPC client streams is emitted by its connection: to the handler, in the scope that this is called in. */
function bindMessages(context: ExecutionContext): void {
  const args = context.getArgs<unknown[]>();
  const [messages] = args;
  if (context.getType() !== 'rpc' || !isObservable(messages)) return;
  const bound = messages.pipe(inAuthScope());
  // Nest keeps messages back until a handler has subscribed, and is told of that by this function (`@GrpcStreamMethod`).
  if ('drainBuffer' in messages) Object.assign(bound, { drainBuffer: messages.drainBuffer });
  args[0] = bound;
}

/** An async iterator whose code runs in a scope; other values as they are. */
function iterateInScope(value: unknown, scope: AuthScope): unknown {
  if (!isAsyncIterator(value)) return value;
  const ended = { done: true, value: undefined } as const;
  const iterator: AsyncIterableIterator<unknown> = {
    next: () => runInScope(scope, () => value.next()),
    return: () => runInScope(scope, async () => (await value.return?.()) ?? ended),
    throw: (error) => runInScope(scope, async () => (await value.throw?.(error)) ?? ended),
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}

function isAsyncIterator(value: unknown): value is AsyncIterableIterator<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return 'next' in value && typeof value.next === 'function' && Symbol.asyncIterator in value;
}
