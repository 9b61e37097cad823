import type { IncomingMessage } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway, WebSocketServer, type OnGatewayConnection } from '@nestjs/websockets';
import { FlyteModule, FlyteUser, rememberHandshake, User, UserService } from 'nestjs-flyte';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { interval, switchMap, type Observable } from 'rxjs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, type Server } from 'ws';
import { LogLines, startApp, type Running } from '../support/app.js';
import { until, watchCalls } from '../support/calls.js';
import { bearer } from '../support/http.js';
import { startPlane } from '../support/plane.js';

interface Reply {
  readonly event: string;
  readonly data: unknown;
}

// #region gateway
@WebSocketGateway({ path: '/live' })
class LiveGateway implements OnGatewayConnection {
  constructor(private readonly users: UserService) {}

  handleConnection(client: WebSocket, request: IncomingMessage): void {
    rememberHandshake(client, request);
  }

  @SubscribeMessage('me')
  async me(): Promise<Reply> {
    return { event: 'me', data: (await this.users.get()).subject };
  }
}
// #endregion

@WebSocketGateway({ path: '/live' })
class MoreGateway {
  @WebSocketServer() readonly server!: Server;

  constructor(private readonly users: UserService) {}

  @SubscribeMessage('params')
  params(@FlyteUser() one: User, @FlyteUser() other: User): Reply {
    return { event: 'params', data: [one.subject, other.subject] };
  }

  @SubscribeMessage('watch')
  watch(): Observable<Reply> {
    return interval(20).pipe(switchMap(async () => ({ event: 'me', data: (await this.users.get()).subject })));
  }
}

/** Forgets to tell the guard which request opened its sockets. */
@WebSocketGateway({ path: '/forgetful' })
class ForgetfulGateway {
  constructor(private readonly users: UserService) {}

  @SubscribeMessage('me')
  async me(): Promise<Reply> {
    return { event: 'me', data: (await this.users.get()).subject };
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
    providers: [LiveGateway, MoreGateway, ForgetfulGateway],
    imports: [FlyteModule.forRoot({ endpoint: plane.url, passthrough: true, retries: 0 })],
    configure: (nest: INestApplication) => {
      nest.useWebSocketAdapter(new WsAdapter(nest));
    },
  });
});
afterAll(async () => {
  await app.app.close();
  await plane.close();
});
const sockets: WebSocket[] = [];
beforeEach(() => {
  watched.reset();
  logger.lines.length = 0;
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.terminate();
  return until(() => app.app.get(MoreGateway).server.clients.size === 0, 'all sockets are closed');
});

async function connect(headers: Record<string, string>, path = '/live'): Promise<WebSocket> {
  const socket = new WebSocket(`${app.url.replace('http', 'ws')}${path}`, { headers });
  sockets.push(socket);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return socket;
}
const as = (who: string): Promise<WebSocket> => connect(bearer(tokens[who] ?? ''));

/** Sends an event as often as asked, and gives the answers. */
function send(socket: WebSocket, event: string, times = 1): Promise<Reply[]> {
  return new Promise((resolve) => {
    const replies: Reply[] = [];
    socket.on('message', function collect(data: Buffer) {
      if (replies.push(JSON.parse(data.toString()) as Reply) < times) return;
      socket.off('message', collect);
      resolve(replies);
    });
    for (let i = 0; i < times; i++) socket.send(JSON.stringify({ event, data: 'body' }));
  });
}
/** Asks for an Observable, and gives the list that its values are added to. */
function watch(socket: WebSocket): unknown[] {
  const seen: unknown[] = [];
  socket.on('message', (data: Buffer) => seen.push((JSON.parse(data.toString()) as Reply).data));
  socket.send(JSON.stringify({ event: 'watch' }));
  return seen;
}
const refused = (code: string, message: RegExp) => [
  {
    event: 'exception',
    data: { status: 'error', code, message: expect.stringMatching(message) as unknown, cause: { pattern: 'me' } },
  },
];

describe('A gateway on WsAdapter', () => {
  it('refuses a message without credentials by the event exception', async () => {
    expect(await send(await connect({}), 'me')).toEqual(refused('unauthenticated', /no credentials/));
    expect(watched.calls).toEqual([]);
    expect(logger.lines).toEqual([]);
  });

  it('handles a message as the one who opened the socket', async () => {
    expect(await send(await as('alice'), 'me')).toEqual([{ event: 'me', data: 'alice' }]);
    expect(await send(await as('bob'), 'params')).toEqual([{ event: 'params', data: ['bob', 'bob'] }]);
    expect(watched.calls).toEqual(['alice UserInfo', 'bob UserInfo']);
  });

  it('refuses all messages where the handshake was not remembered', async () => {
    const socket = await connect(bearer(tokens['alice'] ?? ''), '/forgetful');
    expect(await send(socket, 'me')).toEqual(refused('unauthenticated', /no credentials/));
  });

  it('takes a cookie alone from its own origin only', async () => {
    const cookie = 'session=cookie-of-alice';
    for (const headers of [{}, { origin: 'https://evil.example' }, { origin: 'null' }] as Record<string, string>[]) {
      const socket = await connect({ cookie, ...headers });
      expect(await send(socket, 'me')).toEqual(refused('permission_denied', /A cookie alone/));
    }
    expect(watched.calls).toEqual([]);
    const own = await connect({ cookie, origin: app.url });
    expect(await send(own, 'me')).toEqual(refused('unauthenticated', /token/));
  });

  it('keeps two clients apart, over 100 messages each at once', async () => {
    const [alice, bob] = [await as('alice'), await as('bob')];
    const [ofAlice, ofBob] = await Promise.all([send(alice, 'me', 100), send(bob, 'me', 100)]);
    expect(ofAlice).toEqual(Array.from({ length: 100 }, () => ({ event: 'me', data: 'alice' })));
    expect(ofBob).toEqual(Array.from({ length: 100 }, () => ({ event: 'me', data: 'bob' })));
  });

  it('asks as the caller at each value of an Observable', async () => {
    const [alice, bob] = [await as('alice'), await as('bob')];
    const [ofAlice, ofBob] = [watch(alice), watch(bob)];
    await until(() => ofAlice.length >= 5 && ofBob.length >= 5, 'five values each');
    expect([...new Set(ofAlice), ...new Set(ofBob)]).toEqual(['alice', 'bob']);
  });

  it.each(['close', 'terminate'] as const)('cancels the call to Flyte on %s', async (how) => {
    watched.hang = true;
    const [carol, dave] = [await as('carol'), await as('dave')];
    for (const socket of [carol, dave]) socket.send(JSON.stringify({ event: 'me' }));
    // Callers of their own: what the test before this one left behind may still be on its way.
    await until(
      () => ['carol UserInfo', 'dave UserInfo'].every((call) => watched.calls.includes(call)),
      'both calls hang',
    );
    carol[how]();
    await until(() => watched.cancelled.includes('carol UserInfo'), 'the call of carol is cancelled');
    expect(watched.cancelled).not.toContain('dave UserInfo');
    dave[how]();
    await until(() => watched.cancelled.includes('dave UserInfo'), 'the other one too');
  });

  it('leaves no listener behind over 1,000 messages on one socket', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error): number => warnings.push(warning);
    process.on('warning', warn);
    const alice = await as('alice');
    await send(alice, 'me');
    const { clients } = app.app.get(MoreGateway).server;
    expect(clients.size).toBe(1);
    const listeners = (): number[] =>
      [...clients].flatMap((client) => client.eventNames().map((event) => client.listenerCount(event)));
    const afterOne = listeners();
    for (let i = 0; i < 10; i++) expect(await send(alice, 'me', 100)).toHaveLength(100);
    expect(watched.calls).toHaveLength(1_001);
    expect(listeners()).toEqual(afterOne);
    process.off('warning', warn);
    expect(warnings.filter(({ name }) => name === 'MaxListenersExceededWarning')).toEqual([]);
  });

  it('quotes no token', async () => {
    const token = 'not-a-token-of-this-plane';
    for (const headers of [bearer(token), { authorization: token.repeat(400) }, { cookie: `session=${token}` }]) {
      const answer = JSON.stringify(await send(await connect(headers), 'me'));
      expect(answer).toMatch(/"event":"exception"/);
      expect(answer).not.toContain(token);
    }
    expect(logger.lines.join('\n')).not.toContain(token);
  });
});
