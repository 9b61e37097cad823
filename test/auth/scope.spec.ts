import { EventEmitter } from 'node:events';
import {
  Catch,
  Controller,
  createParamDecorator,
  Get,
  Injectable,
  type ArgumentsHost,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  HttpException,
  UseGuards,
} from '@nestjs/common';
import {
  authMetadata,
  bindAuthScope,
  FlyteClient,
  FlyteModule,
  getAuthMetadata,
  getFlyteToken,
  inAuthScope,
  InjectFlyte,
  ProjectService,
  runInAuthScope,
  SkipFlyteAuth,
  UserService,
} from 'nestjs-flyte';
import { CurrentUser } from '../support/internals.js';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { exhaustMap, firstValueFrom, Subject } from 'rxjs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startApp, type Running } from '../support/app.js';
import { collect } from '../support/garbage.js';
import { ask, bearer } from '../support/http.js';
import { startPlane } from '../support/plane.js';

let plane: LocalControlPlane;
let alice: string;
let bob: string;
beforeAll(async () => {
  plane = await startPlane();
  [alice, bob] = await Promise.all([plane.token('alice'), plane.token('bob')]);
});
afterAll(() => plane.close());

/** Objects that outlive every request. */
const bus = new EventEmitter();
const subject = new Subject<string>();

@Injectable()
class MayPass implements CanActivate {
  static subjects: string[] = [];
  constructor(private readonly users: UserService) {}
  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.switchToHttp().getRequest<{ url: string }>().url === '/open') return true;
    const { subject } = await runInAuthScope(context, () => this.users.get());
    MayPass.subjects.push(subject);
    return true;
  }
}

@UseGuards(MayPass)
@Controller()
class Shared {
  constructor(private readonly users: UserService) {}

  private async who(): Promise<string> {
    return this.users.get().then(
      (user) => user.subject,
      (error: unknown) => String(error),
    );
  }
  @Get('listen-bare') bare() {
    return new Promise((resolve) => bus.once('tick', () => resolve(this.who()))).then((who) => ({ who }));
  }
  @Get('listen-bound') bound() {
    return new Promise((resolve) =>
      bus.once(
        'tick',
        bindAuthScope(() => resolve(this.who())),
      ),
    ).then((who) => ({ who }));
  }
  @Get('subject-bare') async subjectBare() {
    return { who: await firstValueFrom(subject.pipe(exhaustMap(() => this.who()))) };
  }
  @Get('subject-bound') async subjectBound() {
    return {
      who: await firstValueFrom(
        subject.pipe(
          inAuthScope(),
          exhaustMap(() => this.who()),
        ),
      ),
    };
  }
  @Get('emit') emit() {
    bus.emit('tick');
    subject.next('tick');
    return {};
  }
  @Get('fails') fails(): never {
    throw new HttpException('teapot', 418);
  }
  @Get('open') @SkipFlyteAuth() async open() {
    return { who: await this.who() };
  }
}

@Catch(HttpException)
class AsCaller implements ExceptionFilter {
  constructor(private readonly users: UserService) {}
  async catch(error: HttpException, host: ArgumentsHost): Promise<void> {
    const response = host.switchToHttp().getResponse<{ status(code: number): { json(body: object): void } }>();
    const who = await (async () => runInAuthScope(host, () => this.users.get()))().then(
      (user) => user.subject,
      (problem: unknown) => String(problem),
    );
    response.status(error.getStatus()).json({ who });
  }
}

describe('scopes', () => {
  let app: Running;
  beforeAll(async () => {
    app = await startApp({
      controllers: [Shared],
      imports: [FlyteModule.forRoot({ endpoint: plane.url, passthrough: true })],
      configure: (nest) => {
        nest.useGlobalFilters(new AsCaller(nest.get(UserService)));
      },
    });
  });
  afterAll(() => app.app.close());
  beforeEach(() => {
    MayPass.subjects = [];
  });

  // region: callbacks
  it.each([
    ['listen-bare', 'bob'],
    ['listen-bound', 'alice'],
    ['subject-bare', 'bob'],
    ['subject-bound', 'alice'],
  ])('alice waits at /%s, bob emits: the call is made as %s', async (route, expected) => {
    const waiting = ask(app.url, `/${route}`, { headers: bearer(alice) });
    while (bus.listenerCount('tick') + Number(subject.observed) === 0) {
      // oxlint-disable-next-line no-await-in-loop
      await new Promise(setImmediate);
    }
    await ask(app.url, '/emit', { headers: bearer(bob) });
    expect((await waiting).json).toEqual({ who: expected });
  });
  // endregion

  it('reach a guard of one’s own and an exception filter by runInAuthScope', async () => {
    const answer = await ask(app.url, '/fails', { headers: bearer(alice) });
    expect([answer.status, answer.json]).toEqual([418, { who: 'alice' }]);
    expect(MayPass.subjects).toEqual(['alice']);
  });

  it('do not exist for a request that was refused, nor on an open route', async () => {
    const refused = await ask(app.url, '/fails');
    expect(refused.status).toBe(401);
    expect(refused.text).toMatch(/runInAuthScope found no credentials/);
    const open = await ask(app.url, '/open', { headers: bearer(alice) });
    expect(open.text).toMatch(/FlyteError.*belongs to no request/);
  });
});

describe('authMetadata', () => {
  let app: Running;
  let users: UserService;
  beforeAll(async () => {
    app = await startApp({ imports: [FlyteModule.forRoot({ endpoint: plane.url, passthrough: true })] });
    users = app.app.get(UserService);
  });
  afterAll(() => app.app.close());
  const who = async (): Promise<string> => (await users.get()).subject;

  it('calls as whom it is given: record, pairs, the last of repeated ones, the inner of nested ones', async () => {
    expect(await authMetadata(bearer(alice), who)).toBe('alice');
    expect(await authMetadata([['Authorization', `Bearer ${bob}`]], who)).toBe('bob');
    expect(await authMetadata(['authorization', `Bearer ${bob}`], who)).toBe('bob');
    const twice = [
      ['authorization', `Bearer ${alice}`],
      ['AUTHORIZATION', `Bearer ${bob}`],
    ] as const;
    expect(await authMetadata(twice, who)).toBe('bob');
    const nested = await authMetadata(bearer(alice), async () => [await authMetadata(bearer(bob), who), await who()]);
    expect(nested).toEqual(['bob', 'alice']);
    expect(authMetadata({ 'x-a': '1', cookie: 'c' }, () => getAuthMetadata()?.names)).toEqual(['x-a', 'cookie']);
    expect(getAuthMetadata()).toBeUndefined();
  });

  it.each([
    [{}, 'misuse', /no header/],
    [[], 'misuse', /no header/],
    [{ authorization: undefined }, 'misuse', /no header/],
    [{ authorization: '' }, 'invalid_argument', /"authorization" is empty/],
    [{ authorization: 'a\nb: c' }, 'invalid_argument', /control character/],
    [{ authorization: 'x'.repeat(16_385) }, 'invalid_argument', /longer than 16384/],
    [{ host: 'evil' }, 'misuse', /"host" can't carry/],
    [{ 'X-Amzn-Oidc-Identity': 'admin' }, 'misuse', /x-amzn-oidc-identity/],
    [{ 'x-auth-request-user': 'admin' }, 'misuse', /x-auth-request-user/],
    [{ 'bad name': 'x' }, 'misuse', /not the name of an HTTP header/],
  ])('refuses %j', (headers, code, message) => {
    const call = (): unknown => authMetadata(headers, () => 'ran');
    expect(call).toThrow(message);
    expect(call).toThrow(expect.objectContaining({ code }));
  });

  it('in rounds that each start the next keeps nothing of the rounds before', async () => {
    const kept: WeakRef<object>[] = [];
    const round = (n: number, done: () => void): void =>
      authMetadata({ authorization: `Bearer round-${n}` }, () => {
        kept.push(new WeakRef(getAuthMetadata() ?? {}));
        if (n === 0) done();
        else setImmediate(() => round(n - 1, done));
      });
    // In the last round, so that what it holds is held.
    await new Promise<unknown>((resolve) => round(20, () => resolve(collect())));
    expect(kept.filter((ref) => ref.deref()).length).toBeLessThan(10);
  });

  it('outside of it, a call fails before the network and says what to do', async () => {
    await expect(users.get()).rejects.toMatchObject({
      code: 'misuse',
      message: expect.stringMatching(/authMetadata\(headers, fn\)/),
    });
  });

  it('pages are asked for as the caller of list, wherever they are read', async () => {
    const limited = await plane.token('carol', { projects: ['flytesnacks'] });
    const projects = app.app.get(ProjectService);
    const list = authMetadata(bearer(limited), () => projects.list({ pageSize: 1 }));
    const ids = [];
    for await (const { id } of list) ids.push(id);
    expect(ids).toEqual(['flytesnacks']);
    await expect(async () => {
      for await (const _ of projects.list()) expect.unreachable();
    }).rejects.toMatchObject({ code: 'misuse' });
  });
});

it('what CurrentUser was told in an inner scope is not told to the request around it', async () => {
  const current = createParamDecorator((_: unknown, context: ExecutionContext) => context);
  @Controller()
  class Two {
    constructor(private readonly currentUser: CurrentUser) {}
    @Get('two') async two(@current() context: ExecutionContext) {
      const inner = await authMetadata(bearer(bob), () => this.currentUser.of(context));
      const own = await this.currentUser.of(context);
      return { who: [inner.subject, own.subject], once: own === (await this.currentUser.of(context)) };
    }
  }
  const imports = [FlyteModule.forRoot({ endpoint: plane.url, passthrough: true })];
  await using app = await startApp({ controllers: [Two], imports });
  const answer = await ask(app.url, '/two', { headers: bearer(alice) });
  expect(answer.json).toEqual({ who: ['bob', 'alice'], once: true });
});

describe('connections and apps keep apart', () => {
  @Controller()
  class Both {
    constructor(
      private readonly flyte: FlyteClient,
      @InjectFlyte('eu') private readonly eu: FlyteClient,
    ) {}
    @Get('own') async own() {
      return { who: (await this.flyte.users.get()).subject };
    }
    @Get('eu') async other() {
      return { who: (await this.eu.users.get()).subject };
    }
  }

  it('a scope of one connection is refused by another’s client, unless that passes through itself', async () => {
    const eu = await startPlane();
    for (const passthrough of [false, true]) {
      // oxlint-disable-next-line no-await-in-loop -- one app after the other
      await using app = await startApp({
        controllers: [Both],
        imports: [
          FlyteModule.forRoot({ endpoint: plane.url, passthrough: true }),
          FlyteModule.forRoot({ name: 'eu', endpoint: eu.url, passthrough }),
        ],
      });
      const headers = bearer(alice);
      const own = await ask(app.url, '/own', { headers });
      expect(own.json).toEqual({ who: 'alice' });
      // The other plane has another key. Without passthrough no token reaches it; with it, a foreign one does.
      const other = await ask(app.url, '/eu', { headers });
      // Where nothing travels, that is the app's mistake and not the caller's.
      expect(other.status).toBe(passthrough ? 401 : 500);
      expect(other.text).toMatch(passthrough ? /not signed by/ : /Internal Server Error/);
    }
    await eu.close();
  });

  it('two apps in one process, each with its own Flyte: a scope of one is none for the other', async () => {
    const other = await startPlane();
    const start = (endpoint: string): Promise<Running> =>
      startApp({ imports: [FlyteModule.forRoot({ endpoint, passthrough: true })], controllers: [Nested] });
    @Controller()
    class Nested {
      static foreign: UserService | undefined;
      constructor(private readonly users: UserService) {}
      @Get('mine') async mine() {
        return { who: (await this.users.get()).subject };
      }
      @Get('theirs') async theirs() {
        return { who: (await Nested.foreign?.get())?.subject };
      }
    }
    await using one = await start(plane.url);
    await using two = await start(other.url);
    const carol = bearer(await other.token('carol'));
    expect((await ask(one.url, '/mine', { headers: bearer(alice) })).json).toEqual({ who: 'alice' });
    expect((await ask(two.url, '/mine', { headers: carol })).json).toEqual({ who: 'carol' });
    expect((await ask(two.url, '/mine', { headers: bearer(alice) })).status).toBe(401);
    Nested.foreign = two.app.get(UserService);
    expect((await ask(one.url, '/theirs', { headers: carol })).status).toBe(500);
    await other.close();
  });

  it('a named client is found by its token', async () => {
    await using app = await startApp({
      imports: [
        FlyteModule.forRoot({ name: 'eu', endpoint: plane.url, credentials: () => bearer(bob) }),
        FlyteModule.forRoot({
          endpoint: plane.url,
          passthrough: true,
          credentials: async () => [['authorization', `Bearer ${alice}`]],
        }),
      ],
    });
    expect((await app.app.get<FlyteClient>(getFlyteToken('eu')).users.get()).subject).toBe('bob');
    // With passthrough, the app's own credentials never stand in for a caller's.
    const flyte = app.app.get(FlyteClient);
    await expect(flyte.users.get()).rejects.toMatchObject({ code: 'misuse' });
    expect((await flyte.with({ credentials: 'service' }).users.get()).subject).toBe('alice');
    const inScope = authMetadata(bearer(bob), () =>
      flyte.with({ credentials: 'service', timeoutMs: 60_000 }).users.get(),
    );
    expect((await inScope).subject).toBe('alice');
    expect(() => app.app.get<FlyteClient>(getFlyteToken('eu')).with({ credentials: 'service' })).not.toThrow();
  });
});
