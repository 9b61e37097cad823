// What someone would write without the library: the least that gives the same promise. A request without credentials is
// refused, and calls to Flyte travel with those of the request that they are made for.
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  Controller,
  Get,
  Injectable,
  Module,
  UnauthorizedException,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { createClient, type Client } from '@connectrpc/connect';
import { createConnectTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { IdentityService } from 'nestjs-flyte/idl/auth/identity';
import { Observable } from 'rxjs';
import { given } from './support/parent.js';
import { EmptyController, serve, type ServeOptions } from './support/serve.js';

const options = given<ServeOptions>();
const caller = new AsyncLocalStorage<string>();

interface HttpRequest {
  readonly headers: { readonly authorization?: string };
}

@Injectable()
class AuthorizationGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { authorization } = context.switchToHttp().getRequest<HttpRequest>().headers;
    if (!authorization) throw new UnauthorizedException();
    return true;
  }
}

@Injectable()
class ScopeInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { authorization = '' } = context.switchToHttp().getRequest<HttpRequest>().headers;
    return new Observable((subscriber) => caller.run(authorization, () => next.handle().subscribe(subscriber)));
  }
}

@Injectable()
class IdentityClient {
  private readonly client: Client<typeof IdentityService> = createClient(
    IdentityService,
    createConnectTransport({
      baseUrl: options.upstream,
      httpVersion: '2',
      sessionManager: new Http2SessionManager(options.upstream),
    }),
  );

  async get(): Promise<{ subject: string; name: string }> {
    const authorization = caller.getStore();
    if (authorization === undefined) throw new Error('outside a request');
    return this.client.userInfo({}, { headers: { authorization } });
  }
}

@Controller()
class MeController {
  constructor(private readonly identity: IdentityClient) {}

  @Get('me') async me(): Promise<{ subject: string; name: string }> {
    const { subject, name } = await this.identity.get();
    return { subject, name };
  }
}

@Module({
  controllers: [EmptyController, MeController],
  providers: [
    IdentityClient,
    { provide: APP_GUARD, useClass: AuthorizationGuard },
    { provide: APP_INTERCEPTOR, useClass: ScopeInterceptor },
  ],
})
class ByHandModule {}

await serve(ByHandModule, options);
