import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Observable } from 'rxjs';
import { AuthPolicy, requirementOf } from './auth-policy.js';
import { rememberedScopes, runInScope, type AuthScope } from './auth-scope.js';
import { inboundRequest } from './inbound-request.js';

/**
 * Runs pipes and handler in the scope of what {@link FlyteAuthGuard} found: promises, Observables, server-sent events,
 * timers, and the async iterators that this library's services return. `FlyteModule` registers it for the whole app.
 */
@Injectable()
export class AuthMetadataInterceptor implements NestInterceptor {
  constructor(
    protected readonly policy: AuthPolicy,
    protected readonly reflector: Reflector,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const scope = this.scopeOf(context);
    if (!scope) return next.handle();
    // The handler is called on subscription, and the subscription handed back, so that a disconnect ends the source.
    return new Observable((subscriber) => runInScope(scope, () => next.handle().subscribe(subscriber)));
  }

  protected scopeOf(context: ExecutionContext): AuthScope | undefined {
    // Asked again: resolvers of one GraphQL request share its credentials, but not their requirements.
    if (requirementOf(this.policy, this.reflector, context) === 'none') return undefined;
    return rememberedScopes(inboundRequest(context).identity).find(({ owner }) => owner === this.policy.owner);
  }
}
