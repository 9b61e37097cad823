import { Controller, Inject, Injectable, UseGuards, type CanActivate } from '@nestjs/common';
import { ExternalContextCreator } from '@nestjs/core';
import { MessagePattern, Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  FlyteError,
  FlyteModule,
  getAuthMetadata,
  SkipFlyteAuth,
  UserService,
  type HeaderExtractor,
} from 'nestjs-flyte';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { firstValueFrom } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LogLines } from '../support/app.js';
import { startPlane } from '../support/plane.js';

let plane: LocalControlPlane;
let alice: string;
beforeAll(async () => {
  plane = await startPlane();
  alice = await plane.token('alice');
});
afterAll(() => plane.close());

interface Message {
  readonly token?: string;
}
/** What libraries hand to each of their handlers: one object for all calls. */
const SHARED = { client: 'of all of them' };
const turns = async (): Promise<void> => {
  for (let i = Math.random() * 5; i > 0; i--) await new Promise(setImmediate);
};

// #region extractor
const fromMessage: HeaderExtractor = (context) => {
  if (context.getType<string>() !== 'discord') return undefined;
  const { token } = context.getArgByIndex<Message>(0);
  return token ? { authorization: `Bearer ${token}` } : undefined;
};
// #endregion

/** For all types, and in turns: guards of different calls overtake one another. */
const fromAnyMessage: HeaderExtractor = async (context) => {
  await turns();
  const { token } = context.getArgByIndex<Message>(0);
  return token ? { authorization: `Bearer ${token}` } : undefined;
};

/** A guard of the app's own, between the library's guard and its interceptor. */
class Slow implements CanActivate {
  async canActivate(): Promise<boolean> {
    await turns();
    return true;
  }
}

@Injectable()
@UseGuards(Slow)
@Controller()
class Handlers {
  constructor(@Inject(UserService) private readonly users: UserService) {}
  @MessagePattern('who') async who(_message: Message): Promise<string | undefined> {
    await turns();
    return getAuthMetadata()?.get('authorization');
  }
  @MessagePattern('me') async me(_message: Message): Promise<string> {
    return (await this.users.get()).subject;
  }
  @SkipFlyteAuth()
  @MessagePattern('open')
  open(_message: Message): readonly string[] {
    return getAuthMetadata()?.names ?? [];
  }
}
type Method = 'who' | 'me' | 'open';
type Call = (method: Method, message: unknown) => Promise<unknown>;

/** A transport of somebody's own, in which all messages share one context. */
class Strategy extends Server implements CustomTransportStrategy {
  listen(callback: () => void): void {
    callback();
  }
  close(): void {}
  on(): void {}
  unwrap(): never {
    throw new Error('there is nothing to unwrap');
  }
  readonly call: Call = async (method, message) => {
    const handler: MessageHandler | null = this.getHandlerByPattern(method);
    return firstValueFrom(this.transformToObservable(await handler?.(message, SHARED)));
  };
}

type Kind = 'an unknown type' | 'a type that a library did not name' | 'a transport of one’s own';
async function start(kind: Kind, options: { headerExtractors?: HeaderExtractor[] } = {}): Promise<Call> {
  const module = await Test.createTestingModule({
    controllers: [Handlers],
    providers: [Handlers],
    imports: [FlyteModule.forRoot({ endpoint: plane.url, passthrough: true, ...options })],
  })
    .setLogger(new LogLines())
    .compile();
  const strategy = new Strategy();
  const service = module.createNestMicroservice({ strategy, logger: false });
  await service.listen();
  const creator = module.get(ExternalContextCreator, { strict: false });
  const handlers = module.get(Handlers);
  const external =
    (type: string): Call =>
    async (method, message) => {
      const handler = creator.create(
        handlers,
        handlers[method] as (...args: unknown[]) => unknown,
        method,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        type,
      );
      return (handler as (...args: unknown[]) => Promise<unknown>)(message, SHARED);
    };
  if (kind === 'a transport of one’s own') return strategy.call;
  return external(kind === 'an unknown type' ? 'discord' : 'http');
}
const kinds: Kind[] = ['an unknown type', 'a type that a library did not name', 'a transport of one’s own'];

describe.each(kinds)('A context of %s', (kind) => {
  it('with an object that all calls share: none of 1,000 at once is made as somebody else', async () => {
    const call = await start(kind, { headerExtractors: [fromAnyMessage] });
    const tokens = Array.from({ length: 1_000 }, (_, i) => `token-of-${i}`);
    const seen = await Promise.all(tokens.map((token) => call('who', { token })));
    expect(seen).toEqual(tokens.map((token) => `Bearer ${token}`));
    expect(await call('me', { token: alice })).toBe('alice');
  });

  it.each([[{}], [{ token: 'x' }], ['text'], [undefined], [42]])(
    'is closed where nothing finds credentials: %j',
    async (message) => {
      const call = await start(kind);
      const error: unknown = await call('who', message).then(
        () => expect.unreachable(),
        (reason: unknown) => reason,
      );
      const expected = /no credentials.*a header extractor.*or open the handler with @SkipFlyteAuth/;
      expect(error instanceof Error || FlyteError.is(error) ? String(error) : JSON.stringify(error)).toMatch(expected);
      expect(await call('open', message)).toEqual([]);
    },
  );
});

it('An extractor of the app reads the contexts of one library only', async () => {
  const headerExtractors = [fromMessage];
  expect(await (await start('an unknown type', { headerExtractors }))('me', { token: alice })).toBe('alice');
  const other = await start('a type that a library did not name', { headerExtractors });
  await expect(other('me', { token: alice })).rejects.toThrow('no credentials');
});
