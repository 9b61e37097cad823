import { EventEmitter } from 'node:events';
import { Logger, type CallHandler } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { WsException } from '@nestjs/websockets';
import { defer, firstValueFrom, lastValueFrom, NEVER, of, Subject, throwError, type Observable } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { FlyteError } from '../errors/flyte-error.js';
import { AuthMetadataInterceptor } from './auth-metadata.interceptor.js';
import { createAuthMetadata } from './auth-metadata.js';
import type { AuthPolicy } from './auth-policy.js';
import { getAuthMetadata, rememberScope, runInScope, type AuthScope } from './auth-scope.js';
import { SkipFlyteAuth } from './auth.decorators.js';
import { inboundRequest } from './inbound-request.js';

const OWNER = Symbol('owner');
class Routes {
  closed(): void {}
  @SkipFlyteAuth() open(): void {}
}
const interceptor = new AuthMetadataInterceptor({
  owner: OWNER,
  passthrough: true,
  isExcluded: () => false,
} as unknown as AuthPolicy);
const scope = (who: string, owner: symbol = OWNER): AuthScope => ({
  owner,
  metadata: createAuthMetadata({ 'x-user': who }),
});
const who = (): string => getAuthMetadata()?.get('x-user') ?? 'nobody';

/** A request of alice's, with what the guard kept of it. */
function requestOf(type: string, args: unknown[], route: keyof Routes = 'closed'): ExecutionContextHost {
  const context = new ExecutionContextHost(args, Routes, Routes.prototype[route]);
  context.setType(type);
  rememberScope(inboundRequest(context).identity, scope('bob', Symbol('other')));
  rememberScope(inboundRequest(context).identity, scope('alice'));
  return context;
}
const http = (route: keyof Routes = 'closed'): ExecutionContextHost =>
  requestOf('http', [{ method: 'GET', url: '/', headers: {} }, {}], route);
const graphql = (fields: object = {}): ExecutionContextHost =>
  requestOf('graphql', [{}, {}, { extra: { request: { method: 'GET', url: '/', headers: {}, ...fields } } }, {}]);
const grpcCall = (): EventEmitter => Object.assign(new EventEmitter(), { getPeer: () => '' });
const handler = (handle: () => Observable<unknown>): CallHandler => ({ handle: () => defer(handle) });
const isOver = (context: ExecutionContextHost): boolean => inboundRequest(context).life.isOver;

describe('a handler runs', () => {
  it('as the caller, wherever it is subscribed to', async () => {
    const answer = interceptor.intercept(
      http(),
      handler(() => of(who())),
    );
    expect(await firstValueFrom(answer)).toBe('alice');
    expect(await runInScope(scope('carol'), () => firstValueFrom(answer))).toBe('alice');
  });

  it('as nobody where it is open or nothing was kept, also inside another request', async () => {
    const nothing = new ExecutionContextHost(
      [{ method: 'GET', url: '/', headers: {} }, {}],
      Routes,
      Reflect.get(Routes.prototype, 'closed'),
    );
    for (const context of [http('open'), nothing]) {
      const next = handler(() => of(who()));
      expect(await firstValueFrom(interceptor.intercept(context, next))).toBe('nobody');
      expect(await runInScope(scope('carol'), () => firstValueFrom(interceptor.intercept(context, next)))).toBe(
        'nobody',
      );
      expect(
        await runInScope(scope('dave', Symbol('other')), () => firstValueFrom(interceptor.intercept(context, next))),
      ).toBe('dave');
    }
  });

  it('until whoever subscribed has left', () => {
    const source = new Subject<unknown>();
    for (const context of [http(), http('open'), graphql(), requestOf('rpc', [{}, {}])]) {
      const subscription = runInScope(scope('carol'), () =>
        interceptor
          .intercept(
            context,
            handler(() => source),
          )
          .subscribe(),
      );
      expect(source.observed).toBe(true);
      subscription.unsubscribe();
      expect(source.observed).toBe(false);
    }
  });

  it.each([
    ['HTTP', http],
    ['GraphQL', graphql],
  ])('and what it returns to be read later does too: over %s', async (_over, request) => {
    async function* generate(): AsyncGenerator<string> {
      yield who();
    }
    const generator = generate();
    const value = await firstValueFrom(
      interceptor.intercept(
        request(),
        handler(() => of(generator)),
      ),
    );
    // Nest knows a stream again that is itself.
    expect(value === generator).toBe(request === http);
    expect(await (value as AsyncGenerator).next()).toEqual({ done: false, value: 'alice' });
  });
});

describe('a request without a response is over', () => {
  it.each(['complete', 'error'])('with %s of its handler', async (end) => {
    const context = requestOf('rpc', [{}, {}]);
    const before: boolean[] = [];
    const answer = interceptor.intercept(
      context,
      handler(() => {
        before.push(isOver(context));
        return end === 'error' ? throwError(() => new Error('broken')) : of(1);
      }),
    );
    await lastValueFrom(answer).catch(() => undefined);
    expect([before, isOver(context)]).toEqual([[false], true]);
    // Tried again, as by `retry`, it begins once more.
    await lastValueFrom(answer).catch(() => undefined);
    expect(before).toEqual([false, false]);
  });

  it('where nobody wants its answer any more, but not by a client that left, of which the signal tells', () => {
    const [left, gone] = [requestOf('ws', [{ handshake: {} }, 'data']), grpcCall()];
    const call = requestOf('rpc', [{}, {}, gone]);
    const rpc = requestOf('rpc', [{}, {}]);
    for (const context of [left, call, rpc]) {
      const subscription = interceptor
        .intercept(
          context,
          handler(() => NEVER),
        )
        .subscribe();
      Object.assign(gone, { cancelled: true });
      subscription.unsubscribe();
    }
    expect([isOver(call), isOver(rpc)]).toEqual([false, true]);
    // Where its handler is done all the same, it is over.
    interceptor
      .intercept(
        call,
        handler(() => of(1)),
      )
      .subscribe();
    expect(isOver(call)).toBe(true);
  });

  it('but a raw call goes on, until its callback is called', async () => {
    const callback = vi.fn<(...answer: unknown[]) => void>();
    const [streaming, single] = [requestOf('rpc', [grpcCall()]), requestOf('rpc', [grpcCall(), callback])];
    for (const context of [streaming, single])
      // oxlint-disable-next-line no-await-in-loop
      await lastValueFrom(
        interceptor.intercept(
          context,
          handler(() => of(undefined)),
        ),
      );
    expect([isOver(streaming), isOver(single)]).toEqual([false, false]);
    single.getArgByIndex<(...answer: unknown[]) => void>(1)(null, { answer: 1 });
    expect([isOver(single), callback.mock.calls]).toEqual([true, [[null, { answer: 1 }]]]);
  });
});

describe('what a gRPC client streams', () => {
  it('is handled as the caller, with what Nest is told by', async () => {
    const messages = Object.assign(new Subject<number>(), { drainBuffer: () => 'drained' });
    const context = requestOf('rpc', [messages, {}, grpcCall()]);
    const seen: unknown[] = [];
    const next = handler(() => {
      const given = context.getArgByIndex<Subject<number> & { drainBuffer: () => string }>(0);
      given.subscribe((value) => seen.push([who(), value]));
      seen.push(given.drainBuffer());
      return NEVER;
    });
    interceptor.intercept(context, next).subscribe();
    runInScope(scope('carol'), () => messages.next(1));
    expect(seen).toEqual(['drained', ['alice', 1]]);
  });

  it('has nothing that it did not have, and other arguments are as they are', () => {
    const [plain, message] = [requestOf('rpc', [new Subject(), {}, grpcCall()]), { a: 1 }];
    const untouched = [
      requestOf('rpc', [message, {}]),
      requestOf('rpc', [message, () => 1]),
      requestOf('rpc', [grpcCall(), undefined]),
      requestOf('http', [{ method: 'GET', url: '/', headers: {} }, message]),
    ];
    const stream = requestOf('graphql', [new Subject(), {}, {}, {}]);
    const before = [...untouched, stream].map((context) => [...context.getArgs<unknown[]>()]);
    for (const context of [plain, ...untouched, stream])
      interceptor
        .intercept(
          context,
          handler(() => NEVER),
        )
        .subscribe();
    expect(plain.getArgByIndex(0)).not.toHaveProperty('drainBuffer');
    for (const [i, context] of [...untouched, stream].entries())
      for (const [j, argument] of context.getArgs<unknown[]>().entries()) expect(argument).toBe(before[i]?.[j]);
  });
});

it('an error over a socket has the form that Nest answers there, and others stay as they are', async () => {
  const log = vi.spyOn(Logger.prototype, 'error').mockReturnValue();
  const fail = (type: string, error: unknown): Promise<unknown> => {
    const args = type === 'ws' ? [{ handshake: {} }, 'data', 'event'] : [{ method: 'GET', url: '/', headers: {} }, {}];
    return firstValueFrom(
      interceptor.intercept(
        requestOf(type, args),
        handler(() => throwError(() => error)),
      ),
    ).catch((one: unknown) => one);
  };
  const [ours, theirs] = [new FlyteError('internal', 'It broke.'), new Error('a bug')];
  expect(await fail('ws', ours)).toBeInstanceOf(WsException);
  expect(log).toHaveBeenCalledWith(expect.stringContaining('internal: It broke.'));
  expect([await fail('ws', theirs), await fail('http', ours)]).toEqual([theirs, ours]);
  log.mockRestore();
});
