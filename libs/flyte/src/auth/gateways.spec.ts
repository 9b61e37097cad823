import { Injectable, UseGuards, UseInterceptors } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { describe, expect, it } from 'vitest';
import { AuthMetadataInterceptor } from './auth-metadata.interceptor.js';
import { AuthPolicy } from './auth-policy.js';
import { OptionalFlyteAuth, SkipFlyteAuth } from './auth.decorators.js';
import { FlyteAuthGuard } from './flyte-auth.guard.js';
import { openGateways } from './gateways.js';

class OwnGuard extends FlyteAuthGuard {}
class OtherGuard {
  canActivate(): boolean {
    return true;
  }
}

@WebSocketGateway()
class Bare {
  @SubscribeMessage('one') one(): void {}
  @SubscribeMessage('two') two(): void {}
  @SkipFlyteAuth() @SubscribeMessage('open') open(): void {}
  noHandler(): void {}
}
@WebSocketGateway()
class Inheriting extends Bare {
  override one(): void {}
}
@WebSocketGateway()
@UseGuards(FlyteAuthGuard)
class WithoutScope {
  @OptionalFlyteAuth() @SubscribeMessage('one') one(): void {}
}
@WebSocketGateway()
@UseGuards(OwnGuard)
@UseInterceptors(AuthMetadataInterceptor)
class Guarded {
  @SubscribeMessage('one') one(): void {}
}
@WebSocketGateway()
@UseGuards(OtherGuard, new OtherGuard())
@UseInterceptors(AuthMetadataInterceptor)
class OtherwiseGuarded {
  @SubscribeMessage('one') one(): void {}
}
@WebSocketGateway()
class GuardedByHandler {
  @UseGuards(Object.create(FlyteAuthGuard.prototype) as FlyteAuthGuard)
  @UseInterceptors(AuthMetadataInterceptor)
  @SubscribeMessage('one')
  one(): void {}
}
@WebSocketGateway()
@SkipFlyteAuth()
class Open {
  @SubscribeMessage('one') one(): void {}
}
@Injectable()
class NoGateway {
  @SubscribeMessage('one') one(): void {}
}

async function openIn(providers: NonNullable<Parameters<typeof Test.createTestingModule>[0]['providers']>) {
  const policy = { provide: AuthPolicy, useValue: { passthrough: true } };
  const module = await Test.createTestingModule({ providers: [policy, ...providers] }).compile();
  return openGateways(module.get(ModulesContainer));
}

describe('The gateways that only a guard of the whole app would close', () => {
  it('are those with a handler that has no guard, or no scope', async () => {
    expect(await openIn([Bare, Inheriting, WithoutScope, OtherwiseGuarded])).toEqual([
      'Bare (one, two)',
      // Its own `one` has no @SubscribeMessage: no message reaches that.
      'Inheriting (two)',
      'WithoutScope (one)',
      'OtherwiseGuarded (one)',
    ]);
  });

  it('are found by what is made, whatever it is injected as', async () => {
    expect(await openIn([{ provide: 'chat', useClass: Bare }])).toEqual(['Bare (one, two)']);
  });

  it('are not those that name guard and interceptor, or are open on purpose', async () => {
    expect(await openIn([Guarded, GuardedByHandler, Open, NoGateway, { provide: 'value', useValue: 1 }])).toEqual([]);
  });
});
