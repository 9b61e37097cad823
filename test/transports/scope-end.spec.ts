import type { IncomingMessage } from 'node:http';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Controller, Inject, type INestApplication } from '@nestjs/common';
import { GraphQLModule, Query, Resolver, Subscription } from '@nestjs/graphql';
import {
  ClientProxyFactory,
  GrpcMethod,
  GrpcStreamCall,
  GrpcStreamMethod,
  MessagePattern,
  Transport,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import type { sendUnaryData, ServerDuplexStream, ServerReadableStream } from '@grpc/grpc-js';
import {
  bindAuthScope,
  FlyteError,
  FlyteModule,
  rememberHandshake,
  UserService,
  type HeaderExtractor,
} from 'nestjs-flyte';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { firstValueFrom, from, interval, mergeMap, NEVER, of, concat, switchMap, type Observable } from 'rxjs';
import { io } from 'socket.io-client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startApp, type AppOptions, type Running } from '../support/app.js';
import { until, watchCalls } from '../support/calls.js';
import { collect, freePort, peopleService, PeopleClient, type Person } from '../support/grpc.js';
import { ask, bearer } from '../support/http.js';
import { startPlane } from '../support/plane.js';

const watched = watchCalls();
let plane: LocalControlPlane;
let alice: { authorization: string };
beforeAll(async () => {
  plane = await startPlane(watched.options);
  alice = bearer(await plane.token('alice'));
});
afterAll(() => plane.close());

/** What handlers leave behind: functions that call Flyte in the scope of whoever left them. */
class Late {
  readonly left: (() => Promise<string>)[] = [];
  /** Lets handlers that wait go on. */
  release: () => void = () => undefined;
  readonly released = new Promise<void>((resolve) => (this.release = resolve));
  readonly seen: string[] = [];

  constructor(private readonly users: UserService) {}

  who(): Promise<string> {
    return this.users.get().then(
      ({ subject }) => subject,
      (error: unknown) => (FlyteError.is(error) ? `${error.code}: ${error.message}` : String(error)),
    );
  }
  leave(): void {
    this.left.push(bindAuthScope(() => this.who()));
  }
  /** Leaves a call behind, and calls once more when the test says so. */
  async wait(): Promise<Person> {
    this.leave();
    await this.released;
    const subject = await this.who();
    this.seen.push(subject);
    return { subject };
  }
}
let late: Late;
const asked = (index = 0): Promise<string> | undefined => late.left[index]?.();
const OVER = expect.stringMatching(/^misuse: .*has been answered.*detachAuthScope\(fn\)/s) as unknown as string;
const CANCELED = expect.stringMatching(/^canceled: /) as unknown as string;

async function start(options: AppOptions, headerExtractors?: HeaderExtractor[]): Promise<Running> {
  const { imports = [], providers = [] } = options;
  const app = await startApp({
    ...options,
    providers: [
      ...providers,
      { provide: Late, inject: [UserService], useFactory: (users: UserService) => new Late(users) },
    ],
    imports: [
      FlyteModule.forRoot({
        endpoint: plane.url,
        passthrough: true,
        retries: 0,
        ...(headerExtractors && { headerExtractors }),
      }),
      ...imports,
    ],
  });
  late = app.app.get(Late);
  return app;
}
beforeEach(() => watched.reset());

@WebSocketGateway({ path: '/live' })
class Gateway {
  constructor(@Inject(Late) private readonly late: Late) {}
  handleConnection(client: object, request: IncomingMessage | undefined): void {
    if (request) rememberHandshake(client, request);
  }
  @SubscribeMessage('leave') leave() {
    this.late.leave();
    return { event: 'left', data: '' };
  }
  @SubscribeMessage('wait') wait() {
    return from(this.late.wait()).pipe(mergeMap(() => NEVER));
  }
  @SubscribeMessage('watch') watch(): Observable<object> {
    this.late.leave();
    return interval(5).pipe(switchMap(async () => ({ event: 'seen', data: await this.late.who() })));
  }
}

interface Client {
  send(event: string): void;
  close(): void;
}
const gateways: [string, (app: INestApplication) => void, (url: string) => Promise<Client>][] = [
  [
    'ws',
    (app) => app.useWebSocketAdapter(new WsAdapter(app)) && undefined,
    async (url) => {
      const socket = new WebSocket(`${url.replace('http', 'ws')}/live`, { headers: alice });
      await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
      return { send: (event) => socket.send(JSON.stringify({ event })), close: () => socket.close() };
    },
  ],
  [
    'socket.io',
    () => undefined,
    async (url) => {
      const socket = io(url, { path: '/live', extraHeaders: alice, transports: ['websocket'] });
      await new Promise((resolve, reject) => socket.once('connect', () => resolve(0)).once('connect_error', reject));
      return { send: (event) => socket.emit(event), close: () => socket.disconnect() };
    },
  ],
];

describe.each(gateways)('A scope of a gateway on %s', (_name, configure, connect) => {
  it('holds until its socket closes; what starts then is over, or canceled where the handler still works', async () => {
    await using app = await start({ providers: [Gateway], configure });
    const client = await connect(app.url);
    client.send('leave');
    await until(() => late.left.length === 1, 'a message is handled');
    expect(await asked(0)).toBe('alice');
    client.send('wait');
    client.send('watch');
    await until(() => late.left.length === 3 && watched.calls.length > 3, 'an Observable gives values');
    expect(await Promise.all([asked(0), asked(1), asked(2)])).toEqual(['alice', 'alice', 'alice']);
    client.close();
    await expect.poll(() => asked(0)).toEqual(OVER);
    late.release();
    await until(() => late.seen.length === 1, 'the handler goes on');
    expect(late.seen).toEqual([CANCELED]);
    expect(await Promise.all([asked(0), asked(1), asked(2)])).toEqual([OVER, CANCELED, CANCELED]);
  });
});

@Resolver()
class Resolvers {
  constructor(@Inject(Late) private readonly late: Late) {}
  @Query(() => String) async me() {
    this.late.leave();
    return this.late.who();
  }
  @Subscription(() => String) async *two() {
    this.late.leave();
    yield { two: await this.late.who() };
    yield { two: await this.late.who() };
  }
  @Subscription(() => String) async *endless() {
    this.late.leave();
    for (;;) yield { endless: (await this.late.wait()).subject };
  }
}

it('A scope of GraphQL ends with the answer, and with the subscription', async () => {
  const graphql = GraphQLModule.forRoot<ApolloDriverConfig>({
    driver: ApolloDriver,
    autoSchemaFile: true,
    subscriptions: { 'graphql-ws': true },
  });
  await using app = await start({ providers: [Resolvers], imports: [graphql] });
  const headers = { ...alice, 'content-type': 'application/json' };
  const body = JSON.stringify({ query: '{ me }' });
  expect((await ask(app.url, '/graphql', { method: 'POST', headers, body })).json).toEqual({ data: { me: 'alice' } });
  expect(await asked(0)).toEqual(OVER);

  const received: { type: string; id?: string }[] = [];
  const socket = new WebSocket(`${app.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers: alice });
  socket.on('message', (data: Buffer) => received.push(JSON.parse(data.toString()) as { type: string }));
  const send = (message: object): void => socket.send(JSON.stringify(message));
  const has = (type: string, id?: string): boolean => received.some((one) => one.type === type && one.id === id);
  await new Promise((resolve) => socket.once('open', resolve));
  send({ type: 'connection_init' });
  await until(() => has('connection_ack'), 'the socket is open');
  for (const id of ['endless', 'two']) send({ type: 'subscribe', id, payload: { query: `subscription { ${id} }` } });
  await until(() => has('complete', 'two') && late.left.length === 4, 'one subscription is complete, one waits');
  expect(received.filter(({ id }) => id === 'two')).toMatchObject([
    { type: 'next', payload: { data: { two: 'alice' } } },
    { type: 'next', payload: { data: { two: 'alice' } } },
    { type: 'complete' },
  ]);
  const calls = (): Promise<(string | undefined)[]> => Promise.all(late.left.map((call) => call()));
  const states = async () => [...new Set(await calls())];
  // Of the query and of the subscription that has ended; and of the other one, twice.
  expect((await calls()).filter((seen) => seen === 'alice')).toHaveLength(2);
  send({ type: 'complete', id: 'endless' });
  await expect.poll(states).toEqual([OVER]);
  late.release();
  await until(() => late.seen.length === 1, 'the generator goes on');
  expect(late.seen).toEqual([OVER]);
  // What it fails with has not ended the socket.
  send({ type: 'subscribe', id: 'again', payload: { query: 'subscription { two }' } });
  await until(() => has('complete', 'again'), 'another subscription');
  socket.terminate();
});

@Controller()
class People {
  constructor(@Inject(Late) private readonly late: Late) {}
  @MessagePattern('me') meElsewhere(): Promise<Person> {
    return this.me();
  }
  @GrpcMethod('People', 'Me') async me(): Promise<Person> {
    this.late.leave();
    void this.late.who().then((seen) => this.late.seen.push(seen));
    return { subject: await this.late.who() };
  }
  @GrpcMethod('People', 'Params') async params(): Promise<Person> {
    return this.late.wait();
  }
  @GrpcMethod('People', 'Watch') watch(): Observable<Person> {
    this.late.leave();
    return concat(of(0), this.late.released).pipe(mergeMap(async () => ({ subject: await this.late.who() })));
  }
  @GrpcStreamMethod('People', 'Chat') chat(said: Observable<object>): Observable<Person> {
    this.late.leave();
    return said.pipe(mergeMap(async () => ({ subject: await this.late.who() })));
  }
  @GrpcStreamCall('People', 'Raw')
  async raw(_call: ServerReadableStream<object, Person>, callback: sendUnaryData<Person>): Promise<void> {
    this.late.leave();
    void (async () => {
      // The handler has returned, and the call goes on.
      await this.late.released;
      callback(null, { subject: await this.late.who() });
    })();
  }
  @GrpcStreamCall('People', 'RawChat') async rawChat(call: ServerDuplexStream<object, Person>): Promise<void> {
    this.late.leave();
    void (async () => {
      await this.late.released;
      call.write({ subject: await this.late.who() });
      call.end();
    })();
  }
}

describe('A scope of a microservice', () => {
  const connect = (microservice: MicroserviceOptions) => async (app: INestApplication) => {
    app.connectMicroservice(microservice, { inheritAppConfig: true });
    await app.startAllMicroservices();
  };
  const startGrpc = async () => {
    const { options, address, protoPath } = await peopleService();
    const app = await start({ controllers: [People], configure: connect(options) });
    return { app, client: new PeopleClient(address, protoPath) };
  };

  it('on gRPC ends with its call, of any kind; a call that was begun before goes on', async () => {
    const { app, client } = await startGrpc();
    expect(await client.unary('Me', alice)).toEqual({ subject: 'alice' });
    expect(await asked(0)).toEqual(OVER);
    await until(() => late.seen.length === 1, 'the call that nobody waits for');
    expect(late.seen).toEqual(['alice']);

    const streams = [client.stream('Watch', alice), client.stream('RawChat', alice)].map((stream) => collect(stream));
    const raw = client.silent(alice);
    await until(() => late.left.length === 4, 'three calls are open');
    expect(await Promise.all([asked(1), asked(2), asked(3)])).toEqual(['alice', 'alice', 'alice']);
    late.release();
    const person = { subject: 'alice' };
    expect(await Promise.all([...streams, raw])).toEqual([[person, person], [person], person]);
    expect(await Promise.all([asked(1), asked(2), asked(3)])).toEqual([OVER, OVER, OVER]);

    const chat = client.stream('Chat', alice) as ReturnType<PeopleClient['stream']> & { end(): void };
    chat.end();
    expect(await collect(chat)).toEqual([person, person]);
    expect(await asked(4)).toEqual(OVER);
    client[Symbol.dispose]();
    await app.app.close();
  });

  it('on gRPC is canceled by a client that leaves while the handler works', async () => {
    const { app, client } = await startGrpc();
    const leaves = new AbortController();
    const ending = client.unary('Params', alice, leaves.signal);
    const stream = client.stream('RawChat', alice);
    stream.on('error', () => undefined);
    await until(() => late.left.length === 2, 'the handlers work');
    leaves.abort();
    stream.cancel();
    expect(await ending).toMatchObject({ code: 1 });
    await expect.poll(() => Promise.all([asked(0), asked(1)])).toEqual([CANCELED, CANCELED]);
    late.release();
    await until(() => late.seen.length === 1, 'the handler goes on');
    expect(late.seen).toEqual([CANCELED]);
    client[Symbol.dispose]();
    await app.app.close();
  });

  it('on another transport ends with its handler', async () => {
    const options = { host: '127.0.0.1', port: await freePort() };
    await using app = await start(
      { controllers: [People], configure: connect({ transport: Transport.TCP, options }) },
      [(context) => context.switchToRpc().getData<{ authorization?: string }>()],
    );
    void app;
    const proxy = ClientProxyFactory.create({ transport: Transport.TCP, options });
    expect(await firstValueFrom(proxy.send<unknown>('me', alice))).toEqual({ subject: 'alice' });
    await until(() => late.seen.length === 1, 'the call that nobody waits for');
    expect([...late.seen, await asked(0)]).toEqual(['alice', OVER]);
    await proxy.close();
  });
});
