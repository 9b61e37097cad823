import {
  Controller,
  Get,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type INestApplication,
  type Type,
} from '@nestjs/common';
import { GrpcMethod, type MicroserviceOptions } from '@nestjs/microservices';
import {
  AuthMetadataInterceptor,
  FlyteAuthGuard,
  FlyteExceptionFilter,
  FlyteModule,
  FlyteUser,
  User,
  UserService,
} from 'nestjs-flyte';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { interval, switchMap, type Observable } from 'rxjs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LogLines, startApp, type Running } from '../support/app.js';
import { watchCalls } from '../support/calls.js';
import { collect, peopleService, PeopleClient, type Person } from '../support/grpc.js';
import { ask, bearer } from '../support/http.js';
import { startPlane } from '../support/plane.js';

@Controller()
class BareController {
  constructor(private readonly users: UserService) {}

  @Get('me')
  @GrpcMethod('People', 'Me')
  async me(): Promise<Person> {
    return { subject: (await this.users.get()).subject };
  }

  @GrpcMethod('People', 'Params')
  params(@FlyteUser() { subject }: User): Person {
    return { subject };
  }

  @GrpcMethod('People', 'Open')
  async open(): Promise<Person> {
    return { subject: 'no call to Flyte' };
  }

  @GrpcMethod('People', 'Watch')
  watch(): Observable<Person> {
    return interval(20).pipe(switchMap(() => this.me()));
  }
}

// #region use
@UseGuards(FlyteAuthGuard)
@UseInterceptors(AuthMetadataInterceptor)
@UseFilters(FlyteExceptionFilter)
@Controller()
class GuardedController extends BareController {}
// #endregion

// #region inherit
async function connectInheriting(app: INestApplication, microservice: MicroserviceOptions): Promise<void> {
  app.connectMicroservice(microservice, { inheritAppConfig: true });
  await app.startAllMicroservices();
}
// #endregion

async function connectBare(app: INestApplication, microservice: MicroserviceOptions): Promise<void> {
  app.connectMicroservice(microservice);
  await app.startAllMicroservices();
}

const watched = watchCalls();
const logger = new LogLines();
let plane: LocalControlPlane;
const tokens: Record<string, string> = {};
beforeAll(async () => {
  plane = await startPlane(watched.options);
  for (const who of ['alice', 'bob']) tokens[who] = await plane.token(who);
});
afterAll(() => plane.close());
beforeEach(() => {
  watched.reset();
  logger.lines.length = 0;
});
const as = (who: string): { authorization: string } => bearer(tokens[who] ?? '');

async function start(controller: Type, connect: typeof connectBare): Promise<{ app: Running; client: PeopleClient }> {
  const { options, address, protoPath } = await peopleService();
  const app = await startApp({
    logger,
    controllers: [controller],
    imports: [FlyteModule.forRoot({ endpoint: plane.url, passthrough: true, retries: 0 })],
    configure: (nest) => connect(nest, options),
  });
  return { app, client: new PeopleClient(address, protoPath) };
}
const UNAUTHENTICATED = { code: 16, details: expect.stringMatching(/no credentials/) as unknown };

describe.each([
  ['that inherits the app’s configuration', BareController, connectInheriting],
  ['whose controller names guard, interceptor and filter', GuardedController, connectBare],
  ['that does both', GuardedController, connectInheriting],
] as const)('A hybrid app with a microservice %s', (_what, controller, connect) => {
  let app: Running;
  let client: PeopleClient;
  beforeAll(async () => {
    ({ app, client } = await start(controller, connect));
  });
  afterAll(async () => {
    client[Symbol.dispose]();
    await app.app.close();
  });

  it('refuses calls without credentials, and requests too', async () => {
    for (const method of ['Me', 'Params', 'Open']) expect(await client.unary(method)).toEqual(UNAUTHENTICATED);
    expect(await collect(client.stream('Watch'))).toEqual([UNAUTHENTICATED]);
    expect((await ask(app.url, '/me')).status).toBe(401);
    expect(watched.calls).toEqual([]);
  });

  it('answers calls and requests as the caller', async () => {
    expect(await client.unary('Me', as('alice'))).toEqual({ subject: 'alice' });
    expect(await client.unary('Params', as('bob'))).toEqual({ subject: 'bob' });
    expect(await collect(client.stream('Watch', as('bob')), 2)).toEqual(
      Array.from({ length: 2 }, () => ({ subject: 'bob' })),
    );
    expect((await ask(app.url, '/me', { headers: as('alice') })).json).toEqual({ subject: 'alice' });
  });
});

describe('A hybrid app with a microservice that neither inherits nor names them', () => {
  it('is open, as Nest has it, but reaches Flyte as nobody: calls fail as misuse', async () => {
    const { app, client } = await start(BareController, connectBare);
    expect(await client.unary('Open')).toEqual({ subject: 'no call to Flyte' });
    for (const headers of [{}, as('alice')]) {
      for (const method of ['Me', 'Params']) {
        // Without the filter, in Nest's own words.
        expect(await client.unary(method, headers)).toEqual({ code: 2, details: 'Internal server error' });
      }
    }
    expect(watched.calls).toEqual([]);
    expect(logger.lines.join('\n')).toMatch(
      /Flyte was called as the caller, but the running code belongs to no request/,
    );
    expect((await ask(app.url, '/me')).status).toBe(401);
    expect((await ask(app.url, '/me', { headers: as('alice') })).json).toEqual({ subject: 'alice' });
    client[Symbol.dispose]();
    await app.app.close();
  });
});
