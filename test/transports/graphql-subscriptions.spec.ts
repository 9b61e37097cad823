import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { GqlExecutionContext, GraphQLModule, Mutation, Query, Resolver, Subscription } from '@nestjs/graphql';
import {
  FlyteModule,
  fromAuthorization,
  fromCookie,
  getAuthMetadata,
  UserService,
  type FlyteModuleOptions,
  type HeaderExtractor,
} from 'nestjs-flyte';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { LogLines, startApp, type Running } from '../support/app.js';
import { until, watchCalls } from '../support/calls.js';
import { bearer } from '../support/http.js';
import { startPlane } from '../support/plane.js';

// #region subscription
@Resolver()
class TickResolver {
  constructor(private readonly users: UserService) {}

  @Subscription(() => String)
  async *ticks() {
    for (;;) {
      yield { ticks: (await this.users.get()).subject };
      await sleep(20);
    }
  }
}
// #endregion

@Resolver()
class MoreResolver {
  constructor(private readonly users: UserService) {}

  @Query(() => [String])
  names() {
    return getAuthMetadata()?.names ?? [];
  }

  @Mutation(() => String)
  async touch() {
    return (await this.users.get()).subject;
  }
}

// #region connection-params
const fromConnectionParams: HeaderExtractor = (context) => {
  const { connectionParams } = GqlExecutionContext.create(context).getContext<{
    connectionParams?: { authorization?: string };
  }>();
  return { authorization: connectionParams?.authorization };
};
// #endregion

const watched = watchCalls();
const logger = new LogLines();
let plane: LocalControlPlane;
const tokens: Record<string, string> = {};
beforeAll(async () => {
  plane = await startPlane(watched.options);
  for (const who of ['alice', 'bob']) tokens[who] = await plane.token(who);
});
afterAll(() => plane.close());
beforeEach(() => watched.reset());
const as = (who: string): { authorization: string } => bearer(tokens[who] ?? '');

type Context = (context: { req?: object; extra?: { request: IncomingMessage } }) => object;
const start = (context?: Context, options: FlyteModuleOptions = {}): Promise<Running> =>
  startApp({
    logger,
    providers: [TickResolver, MoreResolver],
    imports: [
      FlyteModule.forRoot({ endpoint: plane.url, passthrough: true, retries: 0, ...options }),
      GraphQLModule.forRoot<ApolloDriverConfig>({
        driver: ApolloDriver,
        autoSchemaFile: true,
        subscriptions: { 'graphql-ws': true },
        context,
      }),
    ],
  });

interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: { data?: Record<string, unknown> | null; errors?: unknown[] } | unknown[];
}

/** Speaks graphql-ws by hand, since browsers' headers are what this is about. */
class Client implements Disposable {
  readonly received: Message[] = [];
  readonly socket: WebSocket;
  constructor(url: string, headers: Record<string, string>, connectionParams?: object) {
    this.socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers });
    this.socket.on('message', (data: Buffer) => this.received.push(JSON.parse(data.toString()) as Message));
    this.socket.on('open', () => this.send({ type: 'connection_init', payload: connectionParams }));
  }
  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }
  async run(query: string, id = query): Promise<void> {
    await until(() => this.received.some(({ type }) => type === 'connection_ack'), 'the socket is open');
    this.send({ type: 'subscribe', id, payload: { query } });
  }
  /** What came for a query, errors as the list of their codes or messages. */
  answers(id: string): unknown[] {
    return this.received.flatMap(({ id: of, payload }) => (of === id && payload !== undefined ? [payload] : []));
  }
  async answersOf(query: string, count = 1): Promise<unknown[]> {
    await this.run(query);
    await until(() => this.answers(query).length >= count, `${count} answers to ${query}`);
    return this.answers(query).slice(0, count);
  }
  [Symbol.dispose](): void {
    this.socket.terminate();
  }
}

const ticks = 'subscription { ticks }';
// Nest hands on graphql-ws's own context, unless the app makes one of it; both are in use.
const contexts: [string, Context | undefined][] = [
  ['the driver’s own context', undefined],
  ['a context of the request that opened the socket', ({ req, extra }) => ({ req: req ?? extra?.request })],
  ['a context with all of it', (context) => ({ ...context })],
];

describe.each(contexts)('GraphQL over graphql-ws, with %s', (_what, context) => {
  let app: Running;
  beforeAll(async () => {
    app = await start(context);
  });
  afterAll(() => app.app.close());

  it('refuses a subscription without credentials', async () => {
    using client = new Client(app.url, {});
    expect(JSON.stringify(await client.answersOf(ticks))).toMatch(/no credentials/);
    expect(watched.calls).toEqual([]);
  });

  it('asks as the caller for each value, and stops with the client', async () => {
    const client = new Client(app.url, as('alice'));
    expect(await client.answersOf(ticks, 3)).toEqual(Array.from({ length: 3 }, () => ({ data: { ticks: 'alice' } })));
    watched.hang = true;
    const before = watched.calls.length;
    await until(() => watched.calls.length > before, 'a call hangs');
    client.socket.terminate();
    await until(() => watched.cancelled.length === 1, 'the call is cancelled');
    expect(watched.cancelled).toEqual(['alice UserInfo']);
  });

  it('keeps two callers apart', async () => {
    using alice = new Client(app.url, as('alice'));
    using bob = new Client(app.url, as('bob'));
    const [ofAlice, ofBob] = await Promise.all([alice.answersOf(ticks, 20), bob.answersOf(ticks, 20)]);
    expect(new Set(ofAlice.map((one) => JSON.stringify(one)))).toEqual(new Set(['{"data":{"ticks":"alice"}}']));
    expect(new Set(ofBob.map((one) => JSON.stringify(one)))).toEqual(new Set(['{"data":{"ticks":"bob"}}']));
  });

  it('takes a cookie alone from its own origin only, for every kind of operation', async () => {
    const cookie = 'session=cookie-of-alice';
    for (const headers of [{}, { origin: 'https://evil.example' }, { origin: 'null' }] as Record<string, string>[]) {
      using evil = new Client(app.url, { cookie, ...headers });
      for (const query of [ticks, 'query { names }', 'mutation { touch }']) {
        expect(JSON.stringify(await evil.answersOf(query))).toMatch(/A cookie alone/);
      }
    }
    expect(watched.calls).not.toContain('nobody UserInfo');
    using own = new Client(app.url, { cookie, origin: app.url });
    expect(await own.answersOf('query { names }')).toEqual([{ data: { names: ['cookie'] } }]);
  });

  it('quotes no token', async () => {
    const token = 'not-a-token-of-this-plane';
    for (const headers of [bearer(token), { authorization: token.repeat(400) }, { cookie: token }]) {
      using client = new Client(app.url, headers);
      const text = JSON.stringify(await client.answersOf(ticks));
      expect(text).toMatch(/errors|message/);
      expect(text).not.toContain(token);
    }
    const log = logger.lines.join('\n');
    for (const secret of [token, 'cookie-of-alice', ...Object.values(tokens)]) expect(log).not.toContain(secret);
  });
});

it('GraphQL over graphql-ws takes a token from connectionParams by an extractor of the app', async () => {
  await using app = await start((context) => context, {
    headerExtractors: [fromAuthorization(), fromCookie(), fromConnectionParams],
  });
  using alice = new Client(app.url, {}, as('alice'));
  using nobody = new Client(app.url, {}, {});
  using odd = new Client(app.url, {}, { authorization: { length: 1 } });
  expect(await alice.answersOf(ticks)).toEqual([{ data: { ticks: 'alice' } }]);
  expect(JSON.stringify(await nobody.answersOf(ticks))).toMatch(/no credentials/);
  expect(JSON.stringify(await odd.answersOf(ticks))).toMatch(/not a string/);
});
