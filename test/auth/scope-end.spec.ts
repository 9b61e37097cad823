import { connect as connectHttp2, constants } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { Controller, Get, Headers, Inject, Res, Sse, StreamableFile, type INestApplication } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  authMetadata,
  bindAuthScope,
  detachAuthScope,
  FlyteClient,
  FlyteError,
  FlyteModule,
  getAuthMetadata,
  inAuthScope,
  InjectTask,
  ProjectService,
  SkipFlyteAuth,
  TaskHandle,
  taskRef,
  UserService,
} from 'nestjs-flyte';
import { TaskCodec } from 'nestjs-flyte/testing';
import { ProjectService as Projects } from 'nestjs-flyte/idl/project/project_service';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { concatMap, defer, firstValueFrom, range, repeat, share, Subject, take, toArray, type Observable } from 'rxjs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { ADAPTERS, startApp, type Running } from '../support/app.js';
import { until, watchCalls } from '../support/calls.js';
import { collect } from '../support/garbage.js';
import { ask, bearer } from '../support/http.js';
import { startPlane } from '../support/plane.js';
import { FakeFlyte } from '../tasks/fake-flyte.js';

const watched = watchCalls();
let plane: LocalControlPlane;
const tokens: Record<string, string> = {};
const as = (who: string): { authorization: string } => bearer(tokens[who] ?? '');
beforeAll(async () => {
  plane = await startPlane(watched.options);
  for (const who of ['alice', 'bob']) tokens[who] = await plane.token(who);
  await using app = await startApp({ imports: [FlyteModule.forRoot({ endpoint: plane.url })] });
  const projects = createClient(Projects, app.app.get(FlyteClient).transport);
  await authMetadata(as('alice'), () => projects.createProject({ project: { id: 'second' } }));
});
afterAll(() => plane.close());

/** Lets code of a request go on when the test says so; it goes on in the scope in which it waits. */
class Turns {
  private next = deferred();
  wait(): Promise<void> {
    return this.next.promise;
  }
  give(): void {
    this.next.resolve();
    this.next = deferred();
  }
}
function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

/** What late code found out, and when it may. */
class Late {
  readonly turns = new Turns();
  readonly seen: string[] = [];
  async after(count: number): Promise<string[]> {
    this.turns.give();
    await until(() => this.seen.length >= count, `${count} late calls`);
    return this.seen;
  }
}
const OVER = expect.stringMatching(/^misuse: .*has been answered.*detachAuthScope\(fn\)/s) as unknown as string;
const how = (error: unknown): string => (FlyteError.is(error) ? `${error.code}: ${error.message}` : String(error));

@Controller()
class Visited {
  private poller: Promise<void> | undefined;
  private readonly jobs: ((who: string) => void)[] = [];
  private draining: Promise<void> | undefined;
  private readonly shared: Observable<string>;
  private readonly bus = new Subject<void>();

  constructor(
    private readonly users: UserService,
    private readonly projects: ProjectService,
    private readonly flyte: FlyteClient,
    @Inject(Late) private readonly late: Late,
  ) {
    const asked = async (): Promise<string> => {
      await this.late.turns.wait();
      return this.who();
    };
    this.shared = defer(asked).pipe(repeat(), share());
  }

  who(): Promise<string> {
    return this.users.get().then(({ subject }) => subject, how);
  }
  private async poll(): Promise<void> {
    for (;;) {
      await this.late.turns.wait();
      this.late.seen.push(await this.who());
    }
  }
  private async drain(): Promise<void> {
    for (;;) {
      const job = this.jobs.shift();
      if (job) job(await this.who());
      else await new Promise(setImmediate);
    }
  }

  @Get('me') async me() {
    return { who: await this.who() };
  }
  @Get('poll') startPoller() {
    this.poller ??= this.poll();
    return {};
  }
  @Get('list-late') listLate() {
    const run = this.flyte.with({ project: 'flytesnacks', domain: 'development' }).runs.attach('r1');
    const lists: AsyncIterable<unknown>[] = [this.projects.list(), run.watch(), run.logs()];
    const read = async (list: AsyncIterable<unknown>): Promise<void> => {
      await this.late.turns.wait();
      this.late.seen.push(
        await list[Symbol.asyncIterator]()
          .next()
          .then(() => 'read', how),
      );
    };
    for (const list of lists) void read(list);
    return {};
  }
  @Get('poll-detached') startDetached() {
    void detachAuthScope(() => this.poll());
    return {};
  }
  @Get('poll-by-hand') startByHand() {
    void authMetadata(as('bob'), () => this.poll());
    return {};
  }
  @Get('poll-service') startAsService() {
    void (async () => {
      await this.late.turns.wait();
      this.late.seen.push((await this.flyte.with({ credentials: 'service' }).users.get()).subject);
    })();
    return {};
  }
  @Get('queue') async queue() {
    const done = new Promise<string>((resolve) => this.jobs.push(resolve));
    this.draining ??= this.drain();
    return { who: await done };
  }
  @Get('share') async shareOnce() {
    const first = firstValueFrom(this.shared);
    this.late.seen.push('subscribed');
    return { who: await first };
  }
  @Get('share-twice') async shareTwice() {
    const both = firstValueFrom(this.shared.pipe(take(2), toArray()));
    this.late.seen.push('subscribed');
    return { who: await both };
  }
  @Get('bound') bound() {
    this.bus.pipe(take(1)).subscribe(bindAuthScope(() => void this.who().then((who) => this.late.seen.push(who))));
    this.bus.pipe(take(1), inAuthScope()).subscribe(() => void this.who().then((who) => this.late.seen.push(who)));
    return {};
  }
  @Get('emit') @SkipFlyteAuth() emit() {
    this.bus.next();
    return {};
  }
  @Get('detach-late') detachLate() {
    void (async () => {
      await this.late.turns.wait();
      try {
        this.late.seen.push(await detachAuthScope(() => this.who()));
      } catch (error) {
        this.late.seen.push(how(error));
      }
    })();
    return {};
  }
  @Get('own-end') async ownEnd(@Res() response: { raw?: { end(): void }; end(): void }) {
    this.late.seen.push(await this.who());
    (response.raw ?? response).end();
    this.late.seen.push(await this.who());
  }
  @Get('begun') begun() {
    void this.who().then((who) => this.late.seen.push(who));
    void (async () => {
      for await (const { id } of this.projects.list({ pageSize: 1 })) {
        this.late.seen.push(id);
        await this.late.turns.wait();
      }
    })();
    return {};
  }
  @Get('waits') async waits() {
    this.late.seen.push('waits');
    await this.late.turns.wait();
    this.late.seen.push(await this.who());
    return {};
  }
  @Get('waits-detached') async waitsDetached() {
    this.late.seen.push('waits');
    await this.late.turns.wait();
    this.late.seen.push(await authMetadata(as('bob'), () => this.who()));
    this.late.seen.push(await detachAuthScope(() => this.who()));
    return {};
  }
  @Get('file') file() {
    const projects = this.projects.list({ pageSize: 1 });
    return new StreamableFile(
      Readable.from(
        (async function* () {
          for await (const { id } of projects) yield `${id}\n`;
        })(),
      ),
    );
  }
  @Get('own-file') ownFile() {
    return new StreamableFile(Readable.from(this.slowly()));
  }
  @Get('own-stream') ownStream() {
    return Readable.from(this.slowly());
  }
  @Get('own-generator') ownGenerator() {
    return this.slowly();
  }
  /** Longer than what a response or a stream takes at once. */
  private async *slowly() {
    for (let i = 0; i < 3; i++) {
      // oxlint-disable-next-line no-await-in-loop -- bit by bit
      yield `${await this.who()} ${'.'.repeat(200_000)}`;
    }
  }
  @Sse('events') events() {
    return range(3).pipe(
      concatMap(() => new Promise(setImmediate)),
      concatMap(async () => ({ data: await this.who() })),
    );
  }
}

describe.each(ADAPTERS)('A scope on %s', (adapter) => {
  let app: Running;
  let late: Late;
  beforeEach(async () => {
    watched.reset();
    late = new Late();
    app = await startApp({
      adapter,
      controllers: [Visited],
      providers: [{ provide: Late, useValue: late }],
      imports: [
        FlyteModule.forRoot({ endpoint: plane.url, passthrough: true, credentials: () => as('bob'), retries: 3 }),
      ],
    });
    return async () => {
      await app.app.close();
    };
  });
  const get = async (path: string, who = 'alice') => (await ask(app.url, path, { headers: as(who) })).json;

  it('ends with the answer for a poller that a visitor started', async () => {
    await get('/poll');
    expect(await late.after(1)).toEqual([OVER]);
    // It is nobody's, also while others visit.
    expect(await get('/poll', 'bob')).toEqual({});
    expect(await late.after(2)).toEqual([OVER, OVER]);
    expect(watched.calls).toEqual([]);
  });

  it('ends for a queue that visitors share: the second one’s job is not done as the first', async () => {
    expect(await get('/queue')).toEqual({ who: 'alice' });
    expect(await get('/queue', 'bob')).toEqual({ who: OVER });
    expect(watched.calls).toEqual(['alice UserInfo']);
  });

  it('ends for a shared Observable whose first subscriber was answered', async () => {
    const alice = get('/share');
    await until(() => late.seen.length === 1, 'alice has subscribed');
    const bob = get('/share-twice', 'bob');
    await until(() => late.seen.length === 2, 'bob has subscribed');
    late.turns.give();
    expect(await alice).toEqual({ who: 'alice' });
    late.turns.give();
    // What came while alice waited was asked for as alice: what requests share still crosses.
    expect(await bob).toEqual({ who: ['alice', OVER] });
  });

  it('goes on where it was detached on purpose, for whoever it was', async () => {
    await get('/poll-detached');
    expect(await late.after(1)).toEqual(['alice']);
    expect(await late.after(2)).toEqual(['alice', 'alice']);
  });

  it('goes on for credentials that were given by hand, and for the app’s own', async () => {
    await get('/poll-by-hand');
    expect(await late.after(1)).toEqual(['bob']);
    late.seen.length = 0;
    await get('/poll-service');
    expect(await late.after(2)).toEqual(['bob', 'bob']);
  });

  it('ends for callbacks that are bound to it', async () => {
    await get('/bound');
    await get('/emit');
    await until(() => late.seen.length === 2, 'both callbacks');
    expect(late.seen).toEqual([OVER, OVER]);
  });

  it('ends for lists and streams that were asked for, and are read when it has ended', async () => {
    await get('/list-late');
    expect(await late.after(3)).toEqual([OVER, OVER, OVER]);
    expect(watched.calls).toEqual([]);
  });

  it('can’t be detached any more when it has ended', async () => {
    await get('/detach-late');
    expect(await late.after(1)).toEqual([OVER]);
  });

  it('ends where a handler ends the response itself', async () => {
    await ask(app.url, '/own-end', { headers: as('alice') });
    await until(() => late.seen.length === 2, 'both calls');
    expect(late.seen).toEqual(['alice', OVER]);
  });

  it('lets calls that were begun before go on, their retries and further pages too', async () => {
    watched.refusal = new ConnectError('not yet', Code.Unavailable);
    await get('/begun');
    await until(() => watched.calls.length >= 2, 'both calls fail once');
    watched.refusal = undefined;
    await until(() => late.seen.length === 2, 'both calls are repeated');
    expect(new Set(await late.after(3))).toEqual(new Set(['alice', 'flytesnacks', 'second']));
  });

  it('cancels what starts when its client has left, while the handler works', async () => {
    const leaves = new AbortController();
    const asked = ask(app.url, '/waits', { headers: as('alice'), signal: leaves.signal });
    await until(() => late.seen.length === 1, 'the handler works');
    leaves.abort();
    await expect(asked).rejects.toThrow('aborted');
    await noConnections(app.app);
    expect(await late.after(2)).toEqual(['waits', expect.stringMatching(/^canceled: /)]);
  });

  it('where detached, and by hand, goes on for a client that has left', async () => {
    const leaves = new AbortController();
    const asked = ask(app.url, '/waits-detached', { headers: as('alice'), signal: leaves.signal });
    await until(() => late.seen.length === 1, 'the handler works');
    leaves.abort();
    await expect(asked).rejects.toThrow('aborted');
    await noConnections(app.app);
    expect(await late.after(3)).toEqual(['waits', 'bob', 'alice']);
  });

  it('holds until a stream and server-sent events have ended', async () => {
    const file = await ask(app.url, '/file', { headers: as('alice') });
    expect(file.text).toBe('flytesnacks\nsecond\n');
    const events = await ask(app.url, '/events', { headers: as('alice') });
    expect(events.text.match(/(?<=^data: ).*/gm)).toEqual(['alice', 'alice', 'alice']);
  });

  it.each(['/own-file', '/own-stream', '/own-generator'])(
    'holds for generators that a handler gives out: %s',
    async (path) => {
      const { text } = await ask(app.url, path, { headers: as('alice') });
      expect(text.match(/\w+(: [^.]*)?/g)).toEqual(['alice', 'alice', 'alice']);
    },
  );
});

/** Waits until the server has noticed that its clients have left. */
async function noConnections(app: INestApplication): Promise<void> {
  const server = app.getHttpServer() as { getConnections(done: (error: unknown, count: number) => void): void };
  const count = (): Promise<number> => new Promise((resolve) => server.getConnections((_, n) => resolve(n)));
  let open = await count();
  while (open > 0) {
    await new Promise(setImmediate);
    open = await count();
  }
}

const Train = taskRef('training.train', { inputs: z.object({ epochs: z.int() }), outputs: z.number() });

@Controller()
class Trainer {
  constructor(
    @InjectTask(Train) private readonly train: TaskHandle<typeof Train>,
    @Inject(Late) private readonly late: Late,
  ) {}
  @Get('train') async start() {
    const run = await this.train.run({ epochs: 1 });
    const add = (seen: unknown): unknown => this.late.seen.push(typeof seen === 'number' ? String(seen) : how(seen));
    void run.outputs().then(add, add);
    void (async () => {
      for await (const { message } of run.logs()) this.late.seen.push(message);
    })().catch(add);
    return {};
  }
}

it('What was begun with a run goes on when the request has been answered, through lost connections too', async () => {
  const flyte = await FakeFlyte.start();
  flyte.deployed.push({ name: 'training.train', version: '7', spec: undefined });
  const late = new Late();
  await using app = await startApp({
    controllers: [Trainer],
    providers: [{ provide: Late, useValue: late }],
    imports: [
      FlyteModule.forRoot({ endpoint: flyte.url, project: 'p1', domain: 'development', passthrough: true }),
      FlyteModule.forFeature([Train]),
    ],
  });
  expect((await ask(app.url, '/train', { headers: bearer('alice') })).json).toEqual({});
  flyte.run.log('one');
  await until(() => late.seen.length === 1, 'the first line');
  flyte.dropConnections();
  flyte.run.log('two');
  await until(() => late.seen.length === 2, 'the second line');
  flyte.run.succeed((await new TaskCodec({ outputs: z.number() }).encodeOutputs(42)).literals);
  await until(() => late.seen.length === 3, 'the outputs');
  expect(late.seen).toEqual(['one', 'two', '42']);
  expect(new Set(flyte.calls.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer alice']));
  await flyte.close();
});

@Controller()
class LateOnFastify {
  constructor(
    private readonly users: UserService,
    @Inject(Late) private readonly late: Late,
  ) {}
  private who(): Promise<string> {
    return this.users.get().then(({ subject }) => subject, how);
  }
  @Get('poll') poll() {
    void (async () => {
      await this.late.turns.wait();
      this.late.seen.push(await this.who());
    })();
    return {};
  }
  @Get('waits') async waits() {
    this.late.seen.push('waits');
    await this.late.turns.wait();
    this.late.seen.push(await this.who());
    return {};
  }
  @Get('outer') async outer(@Headers('x-inner') inner: string | undefined) {
    const fastify = injectable().getHttpAdapter().getInstance();
    const answer = await fastify.inject({ url: '/open', headers: inner ? as(inner) : {} });
    const guarded = await fastify.inject({ url: '/me', headers: as('bob') });
    return { open: answer.json<object>(), guarded: guarded.json<object>(), own: await this.who() };
  }
  @Get('open') @SkipFlyteAuth() async open() {
    return { who: await this.who() };
  }
  @Get('me') async me() {
    return { who: await this.who() };
  }
}
let injectable: () => NestFastifyApplication = () => expect.unreachable();

async function startFastify(adapter: FastifyAdapter, late: Late): Promise<NestFastifyApplication> {
  const module = await Test.createTestingModule({
    controllers: [LateOnFastify],
    providers: [{ provide: Late, useValue: late }],
    imports: [FlyteModule.forRoot({ endpoint: plane.url, passthrough: true })],
  }).compile();
  const app = module.createNestApplication<NestFastifyApplication>(adapter, { logger: false });
  injectable = () => app;
  return app;
}

describe('On Fastify', () => {
  beforeEach(() => watched.reset());

  it('over HTTP/2, a scope ends with the answer; what starts for a client that has left is canceled', async () => {
    const late = new Late();
    const app = await startFastify(new FastifyAdapter({ http2: true }), late);
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    const poll = session.request({ ':path': '/poll', ...as('alice') });
    await finished(poll.resume());
    expect(await late.after(1)).toEqual([OVER]);
    const waits = session.request({ ':path': '/waits', ...as('alice') });
    await until(() => late.seen.length === 2, 'the handler works');
    waits.on('error', () => undefined).close(constants.NGHTTP2_CANCEL);
    // The server reads in order: when it has answered this one, it knows that the other was left.
    await finished(session.request({ ':path': '/open' }).resume());
    expect((await late.after(3)).slice(1)).toEqual(['waits', expect.stringMatching(/^canceled: /)]);
    await new Promise<void>((resolve) => session.close(resolve));
    await app.close();
  });

  it('injected requests have scopes of their own: an open one none, whatever calls it', async () => {
    const late = new Late();
    const app = await startFastify(new FastifyAdapter(), late);
    await app.init();
    for (const headers of [as('alice'), { ...as('alice'), 'x-inner': 'bob' }]) {
      const answer = await app.inject({ url: '/outer', headers });
      const NONE = expect.stringMatching(/^misuse: .*belongs to no request/) as unknown;
      expect(answer.json()).toEqual({ open: { who: NONE }, guarded: { who: 'bob' }, own: 'alice' });
    }
    await app.inject({ url: '/poll', headers: as('alice') });
    expect(await late.after(1)).toEqual([OVER]);
    await app.close();
  });
});

it('Nothing keeps a caller’s credentials after the request, though the connection to Flyte was opened in it', async () => {
  const kept: WeakRef<object>[] = [];
  @Controller()
  class Keeps {
    constructor(
      private readonly users: UserService,
      private readonly projects: ProjectService,
    ) {}
    @Get('me') async me() {
      kept.push(new WeakRef(getAuthMetadata() ?? {}));
      for await (const { id } of this.projects.list()) expect(id).not.toBe('');
      return { who: (await this.users.get()).subject };
    }
  }
  const imports = [FlyteModule.forRoot({ endpoint: plane.url, passthrough: true })];
  await using app = await startApp({ controllers: [Keeps], imports });
  for (let i = 0; i < 20; i++) await ask(app.url, '/me', { headers: as('alice') });
  expect(kept).toHaveLength(20);
  const stillThere = async (): Promise<number[]> => {
    await collect();
    return kept.flatMap((ref, i) => (ref.deref() ? [i] : []));
  };
  await expect.poll(stillThere).toEqual([]);
});
