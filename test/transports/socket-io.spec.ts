import { Code, ConnectError } from '@connectrpc/connect';
import { Catch, UseFilters, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { BaseWsExceptionFilter, MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import {
  FlyteError,
  FlyteExceptionFilter,
  FlyteModule,
  FlyteUser,
  getAuthMetadata,
  runInAuthScope,
  SkipFlyteAuth,
  User,
  UserService,
} from 'nestjs-flyte';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { finalize, interval, switchMap, type Observable } from 'rxjs';
import { io, type Socket } from 'socket.io-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LogLines, startApp, type Running } from '../support/app.js';
import { until, watchCalls } from '../support/calls.js';
import { bearer } from '../support/http.js';
import { startPlane } from '../support/plane.js';

/** What a filter of the app's own caught, and what it could do there. */
let caught: string[] = [];
/** How many Observables nobody listens to any more. */
let ended = 0;

@Catch(FlyteError)
class OwnFilter extends BaseWsExceptionFilter {
  override catch(error: FlyteError, host: ArgumentsHost): void {
    let scope = 'scope';
    try {
      runInAuthScope(host, () => undefined);
    } catch (failure) {
      scope = failure instanceof FlyteError ? failure.code : 'other';
    }
    caught.push(`${error.code} ${scope}`);
    super.catch(error, host);
  }
}

@Catch()
class AppFilter implements ExceptionFilter {
  catch(error: Error): void {
    caught.push(`app-wide: ${error.message}`);
  }
}

// #region gateway
@WebSocketGateway()
class MeGateway {
  constructor(private readonly users: UserService) {}

  @SubscribeMessage('me')
  async me(): Promise<string> {
    return (await this.users.get()).subject;
  }

  @SubscribeMessage('watch')
  watch(): Observable<{ event: string; data: string }> {
    return interval(20).pipe(switchMap(async () => ({ event: 'seen', data: await this.me() })));
  }
}
// #endregion

@WebSocketGateway()
class MoreGateway {
  constructor(private readonly gateway: MeGateway) {}

  @SubscribeMessage('params')
  params(@FlyteUser() one: User, @FlyteUser() other: User, @MessageBody() body: string): string {
    return `${one.subject} ${other.subject} ${body}`;
  }

  @SkipFlyteAuth()
  @SubscribeMessage('open')
  open(): readonly string[] {
    return getAuthMetadata()?.names ?? [];
  }

  @SkipFlyteAuth()
  @SubscribeMessage('openMe')
  openMe(): Promise<string> {
    return this.gateway.me();
  }

  @UseFilters(OwnFilter)
  @SubscribeMessage('ownFilter')
  ownFilter(): Promise<string> {
    return this.gateway.me();
  }

  @SubscribeMessage('endless')
  endless(): Observable<{ event: string; data: string }> {
    const me = async () => ({ event: 'seen', data: await this.gateway.me() });
    return interval(20).pipe(
      switchMap(me),
      finalize(() => ended++),
    );
  }

  @SkipFlyteAuth()
  @SubscribeMessage('broken')
  broken(): never {
    throw new Error('a bug of the app');
  }

  @UseFilters(FlyteExceptionFilter)
  @SubscribeMessage('named')
  named(): Promise<string> {
    return this.gateway.me();
  }
}

const watched = watchCalls();
const logger = new LogLines();
let plane: LocalControlPlane;
let app: Running;
const tokens: Record<string, string> = {};
beforeAll(async () => {
  plane = await startPlane(watched.options);
  for (const who of ['alice', 'bob', 'carol', 'dave']) tokens[who] = await plane.token(who);
  app = await startApp({
    logger,
    providers: [MeGateway, MoreGateway, { provide: APP_FILTER, useClass: AppFilter }],
    imports: [FlyteModule.forRoot({ endpoint: plane.url, passthrough: true, retries: 0 })],
  });
});
afterAll(async () => {
  await app.app.close();
  await plane.close();
});
const sockets: Socket[] = [];
beforeEach(() => {
  watched.reset();
  caught = [];
  logger.lines.length = 0;
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.disconnect();
});

function connect(extraHeaders: Record<string, string>): Socket {
  const socket = io(app.url, { extraHeaders, transports: ['websocket'], forceNew: true });
  sockets.push(socket);
  return socket;
}
const as = (who: string): Socket => connect(bearer(tokens[who] ?? ''));

/** What a message is answered with: by acknowledgement, or as the event `exception`. */
function send(socket: Socket, event: string, body: unknown = 'body'): Promise<unknown> {
  return new Promise((resolve) => {
    socket.once('exception', (exception: object) => resolve({ exception }));
    socket.emit(event, body, resolve);
  });
}
const refused = (code: string, message: unknown, pattern = 'me') => ({
  exception: { status: 'error', code, message, cause: { pattern } },
});

describe('A socket.io gateway', () => {
  it('refuses a message without credentials by the event exception, though it names neither guard nor filter', async () => {
    const body = { secret: 'whatever the message held' };
    expect(await send(connect({}), 'me', body)).toEqual(
      refused('unauthenticated', expect.stringMatching(/no credentials/)),
    );
    expect(watched.calls).toEqual([]);
    // Anyone may send this: it is not for the log.
    expect(logger.lines).toEqual([]);
  });

  it('handles a message as the one who opened the socket', async () => {
    expect(await send(as('alice'), 'me')).toBe('alice');
    expect(await send(as('bob'), 'me')).toBe('bob');
  });

  it('asks Flyte once for all @FlyteUser() of a message, and anew for the next', async () => {
    const alice = as('alice');
    expect(await send(alice, 'params', 'first')).toBe('alice alice first');
    expect(watched.calls).toHaveLength(1);
    expect(await send(alice, 'params', 'first')).toBe('alice alice first');
    expect(watched.calls).toHaveLength(2);
  });

  it('gives a skipped handler no scope', async () => {
    expect(await send(as('alice'), 'open')).toEqual([]);
    expect(await send(connect({}), 'open')).toEqual([]);
    const { exception } = (await send(as('alice'), 'openMe')) as { exception: object };
    expect(exception).toMatchObject({ status: 'error', message: 'Flyte: misuse' });
    expect(watched.calls).toEqual([]);
  });

  it('takes a cookie alone from its own origin only', async () => {
    const cookie = 'session=cookie-of-alice';
    for (const headers of [{}, { origin: 'https://evil.example' }, { origin: 'null' }] as Record<string, string>[]) {
      expect(await send(connect({ cookie, ...headers }), 'me')).toEqual(
        refused('permission_denied', expect.stringMatching(/A cookie alone/)),
      );
    }
    expect(watched.calls).toEqual([]);
    // From its own origin the cookie travels, and the plane says what it thinks of it.
    expect(await send(connect({ cookie, origin: app.url }), 'me')).toEqual(
      refused('unauthenticated', expect.stringMatching(/token/)),
    );
  });

  const codes: [Code, string, string][] = [
    [Code.Unauthenticated, 'unauthenticated', 'said by Flyte'],
    [Code.NotFound, 'not_found', 'said by Flyte'],
    [Code.Unavailable, 'unavailable', 'Flyte: unavailable'],
    [Code.Internal, 'internal', 'Flyte: internal'],
  ];
  it.each(codes)('answers Flyte’s code %s as %s, with or without a filter named', async (code, name, message) => {
    watched.refusal = new ConnectError('said by Flyte', code);
    const alice = as('alice');
    expect(await send(alice, 'me')).toEqual(refused(name, message));
    expect(await send(alice, 'named')).toEqual(refused(name, message, 'named'));
    // Once for each message, and only what an operator can do something about.
    const logged = logger.lines.filter((line) => line.includes('said by Flyte'));
    expect(logged).toHaveLength(message === 'said by Flyte' ? 0 : 2);
  });

  // Why the guard and the interceptor make a WsException of it themselves. Guards, interceptors and pipes do apply.
  it('is not reached by the filters of the app, as Nest has it', async () => {
    expect(await send(as('alice'), 'broken')).toMatchObject({ exception: { message: 'Internal server error' } });
    expect(caught).toEqual([]);
  });

  it('leaves FlyteError to filters of the app’s own, outside the caller’s scope', async () => {
    watched.refusal = new ConnectError('said by Flyte', Code.Aborted);
    expect(await send(as('alice'), 'ownFilter')).toEqual(refused('aborted', 'said by Flyte', 'ownFilter'));
    expect(await send(connect({}), 'ownFilter')).toMatchObject({ exception: { code: 'unauthenticated' } });
    expect(caught).toEqual(['aborted misuse', 'unauthenticated misuse']);
  });

  it('keeps two clients apart, over 100 messages each at once', async () => {
    const [alice, bob] = [as('alice'), as('bob')];
    const both = Array.from({ length: 100 }, async () => [await send(alice, 'me'), await send(bob, 'params', 'x')]);
    expect(await Promise.all(both)).toEqual(Array.from({ length: 100 }, () => ['alice', 'bob bob x']));
  });

  it('asks as the caller at each value of an Observable, until the client disconnects', async () => {
    const [alice, bob] = [as('alice'), as('bob')];
    const seen: Record<string, unknown[]> = { alice: [], bob: [] };
    for (const [who, socket] of Object.entries({ alice, bob })) {
      socket.on('seen', (subject) => seen[who]?.push(subject));
      socket.emit(who === 'alice' ? 'endless' : 'watch');
    }
    await until(() => Object.values(seen).every(({ length }) => length >= 5), 'five values each');
    expect([...new Set(seen['alice']), ...new Set(seen['bob'])]).toEqual(['alice', 'bob']);
    expect(ended).toBe(0);
    alice.disconnect();
    await until(() => ended === 1, 'the Observable of alice is unsubscribed from');
  });

  it('cancels the call to Flyte when the socket disconnects, and no other', async () => {
    watched.hang = true;
    const [carol, dave] = [as('carol'), as('dave')];
    carol.emit('me');
    dave.emit('me');
    // Callers of their own: what the test before this one left behind may still be on its way.
    await until(
      () => ['carol UserInfo', 'dave UserInfo'].every((call) => watched.calls.includes(call)),
      'both calls hang',
    );
    carol.disconnect();
    await until(() => watched.cancelled.includes('carol UserInfo'), 'the call of carol is cancelled');
    expect(watched.cancelled).not.toContain('dave UserInfo');
    dave.disconnect();
    await until(() => watched.cancelled.includes('dave UserInfo'), 'the other one too');
  });

  it('quotes no token', async () => {
    const token = 'not-a-token-of-this-plane';
    for (const headers of [bearer(token), { authorization: token.repeat(400) }, { cookie: `session=${token}` }]) {
      const answer = JSON.stringify(await send(connect(headers), 'me'));
      expect(answer).toMatch(/exception/);
      expect(answer).not.toContain(token);
    }
    expect(await send(connect({ authorization: 'Bearer \u00e9' }), 'me')).toEqual(
      refused('invalid_argument', expect.stringMatching(/outside ASCII/)),
    );
    expect(logger.lines.join('\n')).not.toContain(token);
  });
});
