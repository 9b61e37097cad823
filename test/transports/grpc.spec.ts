import { Code, ConnectError } from '@connectrpc/connect';
import type { sendUnaryData, Server, ServerDuplexStream, ServerReadableStream } from '@grpc/grpc-js';
import { type CanActivate, Controller, type ExecutionContext, type INestMicroservice, UseGuards } from '@nestjs/common';
import {
  ClientProxyFactory,
  GrpcMethod,
  GrpcStreamCall,
  GrpcStreamMethod,
  MessagePattern,
  type MicroserviceOptions,
  Transport,
} from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import {
  FlyteModule,
  FlyteUser,
  getAuthMetadata,
  SkipFlyteAuth,
  User,
  UserService,
  type FlyteModuleOptions,
  type HeaderExtractor,
} from 'nestjs-flyte';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { firstValueFrom, interval, map, mergeMap, skip, switchMap, take, toArray, type Observable } from 'rxjs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LogLines } from '../support/app.js';
import { until, watchCalls } from '../support/calls.js';
import { collect, freePort, peopleService, PeopleClient, rawCall, type Ending, type Person } from '../support/grpc.js';
import { bearer } from '../support/http.js';
import { startPlane } from '../support/plane.js';

// #region controller
@Controller()
class PeopleController {
  constructor(private readonly users: UserService) {}

  @GrpcMethod('People', 'Me')
  async me(): Promise<Person> {
    const { subject } = await this.users.get();
    return { subject };
  }

  @GrpcMethod('People', 'Watch')
  watch(): Observable<Person> {
    return interval(20).pipe(switchMap(() => this.me()));
  }
}
// #endregion

/** Takes its time: until two messages have come, which the handler has not subscribed to yet. */
class HasHeardTwo implements CanActivate {
  canActivate(context: ExecutionContext): Observable<boolean> {
    return context.getArgByIndex<Observable<object>>(0).pipe(
      skip(1),
      take(1),
      map(() => true),
    );
  }
}

@Controller()
class MoreController {
  constructor(private readonly users: UserService) {}

  @GrpcMethod('People', 'Params')
  params(@FlyteUser() one: User, @FlyteUser() other: User): Person {
    return { subject: `${one.subject} ${other.subject}` };
  }

  @SkipFlyteAuth()
  @GrpcMethod('People', 'Open')
  open(): Person {
    return { subject: String(getAuthMetadata()?.names ?? 'nobody') };
  }

  @GrpcStreamMethod('People', 'Chat')
  chat(said: Observable<object>): Observable<Person> {
    return said.pipe(
      take(2),
      mergeMap(() => this.me()),
    );
  }

  @UseGuards(HasHeardTwo)
  @GrpcStreamMethod('People', 'Heard')
  heard(said: Observable<Person>): Observable<Person> {
    return said.pipe(
      take(2),
      toArray(),
      mergeMap(async (heard) => ({
        subject: [(await this.me()).subject, ...heard.map(({ subject }) => subject)].join(' '),
      })),
    );
  }

  @GrpcStreamCall('People', 'Raw')
  async raw(_call: ServerReadableStream<object, Person>, callback: sendUnaryData<Person>): Promise<void> {
    callback(null, await this.me());
  }

  @GrpcStreamCall('People', 'RawChat')
  async rawChat(call: ServerDuplexStream<object, Person>): Promise<void> {
    call.write(await this.me());
    call.end();
  }

  @MessagePattern('me')
  async me(): Promise<Person> {
    return { subject: (await this.users.get()).subject };
  }
}

const watched = watchCalls();
const logger = new LogLines();
let plane: LocalControlPlane;
let service: INestMicroservice;
let client: PeopleClient;
let address: string;
const tokens: Record<string, string> = {};
beforeAll(async () => {
  plane = await startPlane(watched.options);
  for (const who of ['alice', 'bob', 'carol', 'dave']) tokens[who] = await plane.token(who);
  const { options, protoPath, ...people } = await peopleService();
  ({ address } = people);
  service = await start(options);
  client = new PeopleClient(address, protoPath);
});
afterAll(async () => {
  client[Symbol.dispose]();
  await service.close();
  await plane.close();
});
beforeEach(() => {
  watched.reset();
  logger.lines.length = 0;
});

async function start(options: MicroserviceOptions, flyte: FlyteModuleOptions = {}): Promise<INestMicroservice> {
  const module = await Test.createTestingModule({
    controllers: [PeopleController, MoreController],
    imports: [FlyteModule.forRoot({ endpoint: plane.url, passthrough: true, retries: 0, ...flyte })],
  })
    .setLogger(logger)
    .compile();
  const started = module.createNestMicroservice<MicroserviceOptions>(options);
  started.useLogger(logger);
  await started.listen();
  return started;
}
const as = (who: string): { authorization: string } => bearer(tokens[who] ?? '');
const UNAUTHENTICATED = { code: 16, details: expect.stringMatching(/no credentials/) as unknown };

describe('A gRPC microservice', () => {
  it('refuses calls of every kind without credentials as UNAUTHENTICATED', async () => {
    expect(await client.unary('Me')).toEqual(UNAUTHENTICATED);
    expect(await collect(client.stream('Watch'))).toEqual([UNAUTHENTICATED]);
    expect(await collect(client.stream('Chat'))).toEqual([UNAUTHENTICATED]);
    expect(await client.silent()).toEqual(UNAUTHENTICATED);
    expect(await collect(client.stream('RawChat'))).toEqual([UNAUTHENTICATED]);
    expect(watched.calls).toEqual([]);
    // Anyone may send this: it is not for the log.
    expect(logger.lines.filter((line) => /credentials/.test(line))).toEqual([]);
  });

  it('leaves open what is given to the server itself, as reflection and health checks are', async () => {
    const { options, protoPath, address: at } = await peopleService();
    const same = (bytes: Buffer): Buffer => bytes;
    const list = {
      ...{ path: '/reflection/List', requestStream: false, responseStream: false },
      ...{ requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same },
    };
    const handler = (_call: unknown, done: (error: null, answer: Buffer) => void): void =>
      done(null, Buffer.from('people'));
    const onLoadPackageDefinition = (_package: unknown, server: Pick<Server, 'addService'>): void =>
      server.addService({ list }, { list: handler });
    const other = await start({ ...options, options: { ...options.options, onLoadPackageDefinition } });
    using people = new PeopleClient(at, protoPath);
    const answer = await new Promise((resolve) => {
      people.client.makeUnaryRequest(list.path, same, same, Buffer.alloc(0), (error, bytes) =>
        resolve(error ?? String(bytes)),
      );
    });
    expect([answer, await people.unary('Me')]).toEqual(['people', UNAUTHENTICATED]);
    await other.close();
  });

  it('answers calls of every kind as the caller', async () => {
    expect(await client.unary('Me', as('alice'))).toEqual({ subject: 'alice' });
    expect(await client.unary('Me', as('bob'))).toEqual({ subject: 'bob' });
    expect(await collect(client.stream('Watch', as('alice')), 3)).toEqual(
      Array.from({ length: 3 }, () => ({ subject: 'alice' })),
    );
    expect(await collect(client.stream('Chat', as('bob')))).toEqual(
      Array.from({ length: 2 }, () => ({ subject: 'bob' })),
    );
    expect(await client.silent(as('alice'))).toEqual({ subject: 'alice' });
    expect(await collect(client.stream('RawChat', as('bob')))).toEqual([{ subject: 'bob' }]);
  });

  it('gives a handler what came before it each once, though guards took their time', async () => {
    expect(await client.heard(['one', 'two'], as('alice'))).toEqual({ subject: 'alice one two' });
  });

  it('asks Flyte once for all @FlyteUser() of a call, and anew for the next', async () => {
    expect(await client.unary('Params', as('alice'))).toEqual({ subject: 'alice alice' });
    expect(await client.unary('Params', as('bob'))).toEqual({ subject: 'bob bob' });
    expect(watched.calls).toEqual(['alice UserInfo', 'bob UserInfo']);
  });

  it('gives a skipped handler no scope', async () => {
    expect(await client.unary('Open', as('alice'))).toEqual({ subject: 'nobody' });
    expect(await client.unary('Open')).toEqual({ subject: 'nobody' });
  });

  it('keeps 100 concurrent calls of two callers apart', async () => {
    const callers = Array.from({ length: 100 }, (_, i) => (i % 2 ? 'alice' : 'bob'));
    const endings = await Promise.all(callers.map((who) => client.unary('Me', as(who))));
    expect(endings).toEqual(callers.map((subject) => ({ subject })));
  });

  it('cancels the call to Flyte with the client’s call, and no other', async () => {
    watched.hang = true;
    const abort = new AbortController();
    const ofCarol = client.unary('Me', as('carol'), abort.signal);
    const dave = client.stream('Watch', as('dave'));
    const ofDave = collect(dave);
    // Callers of their own: what the test before this one left behind may still be on its way.
    await until(
      () => ['carol UserInfo', 'dave UserInfo'].every((call) => watched.calls.includes(call)),
      'both calls hang',
    );
    abort.abort();
    await until(() => watched.cancelled.includes('carol UserInfo'), 'the call of carol is cancelled');
    expect(watched.cancelled).not.toContain('dave UserInfo');
    dave.cancel();
    await until(() => watched.cancelled.includes('dave UserInfo'), 'the other one too');
    expect(await Promise.all([ofCarol, ofDave])).toMatchObject([{ code: 1 }, [{ code: 1 }]]);
  });

  const codes: [Code, string][] = [
    [Code.InvalidArgument, 'said by Flyte'],
    [Code.NotFound, 'said by Flyte'],
    [Code.AlreadyExists, 'said by Flyte'],
    [Code.PermissionDenied, 'said by Flyte'],
    [Code.ResourceExhausted, 'said by Flyte'],
    [Code.FailedPrecondition, 'said by Flyte'],
    [Code.Aborted, 'said by Flyte'],
    [Code.OutOfRange, 'said by Flyte'],
    [Code.Unauthenticated, 'said by Flyte'],
    [Code.Unknown, 'Flyte: unknown'],
    [Code.DeadlineExceeded, 'Flyte: deadline_exceeded'],
    [Code.Unimplemented, 'Flyte: unimplemented'],
    [Code.Internal, 'Flyte: internal'],
    [Code.Unavailable, 'Flyte: unavailable'],
    [Code.DataLoss, 'Flyte: data_loss'],
  ];
  it.each(codes)('answers Flyte’s code %i with the same one, and the text: %s', async (code, details) => {
    watched.refusal = new ConnectError('said by Flyte', code);
    expect(await client.unary('Me', as('alice'))).toEqual({ code, details });
    for (const method of ['Watch', 'Chat', 'RawChat'] as const) {
      expect(await collect(client.stream(method, as('alice')))).toEqual([{ code, details }]);
    }
    expect(await client.silent(as('alice'))).toEqual({ code, details });
  });

  // Node's HTTP/2 drops the second value before grpc-js, Nest or the guard could see it; grpc-js's own client sends none.
  it('takes the first of two authorization values', async () => {
    const values = ['alice', 'bob'].map((who) => ['authorization', as(who).authorization] as const);
    await rawCall(address, '/people.People/Me', values);
    expect(watched.calls).toEqual(['alice UserInfo']);
  });

  it('refuses what can’t travel as INVALID_ARGUMENT, and quotes no token', async () => {
    const token = 'not-a-token-of-this-plane';
    const endings: Ending[] = [
      await client.unary('Me', { authorization: token.repeat(800) }),
      await client.unary('Me', bearer(token)),
      await client.unary('Me', { cookie: `session=${token}` }),
    ];
    expect(endings).toMatchObject([{ code: 3 }, { code: 16 }, { code: 16 }]);
    expect(JSON.stringify(endings) + logger.lines.join('\n')).not.toContain(token);
  });
});

const fromMessage: HeaderExtractor = (context) => context.switchToRpc().getData<{ authorization?: string }>();

async function askOverTcp(message: object, options: FlyteModuleOptions): Promise<unknown> {
  const port = await freePort();
  const tcp = await start({ transport: Transport.TCP, options: { host: '127.0.0.1', port } }, options);
  const proxy = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
  const answer = await firstValueFrom(proxy.send<unknown>('me', message)).catch((error: unknown) => error);
  await proxy.close();
  await tcp.close();
  return answer;
}

describe('A microservice on another transport', () => {
  it('refuses every message in Nest’s own form, as it has no headers', async () => {
    const answer = { status: 'error', ...UNAUTHENTICATED, message: UNAUTHENTICATED.details };
    expect(await askOverTcp(as('alice'), {})).toEqual(answer);
    expect(watched.calls).toEqual([]);
  });

  it('takes credentials from messages by an extractor of the app', async () => {
    const options = { headerExtractors: [fromMessage] };
    expect(await askOverTcp(as('alice'), options)).toEqual({ subject: 'alice' });
    expect(await askOverTcp({}, options)).toMatchObject({ status: 'error', code: 16 });
  });
});
