import type { EventEmitter } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { Code, ConnectError, createClient, type ConnectRouter, type Interceptor } from '@connectrpc/connect';
import { Controller, Get, Sse, type MessageEvent } from '@nestjs/common';
import { authMetadata, FlyteClient, FlyteModule, UserService, type FlyteModuleOptions } from 'nestjs-flyte';
import { RunService } from 'nestjs-flyte/idl/workflow/run_service';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { from, map, type Observable } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { ADAPTERS, LogLines, startApp, type AppOptions, type Running } from '../support/app.js';
import { until } from '../support/calls.js';
import { ask, bearer, freePort, open } from '../support/http.js';
import { startPlane } from '../support/plane.js';

@Controller()
class Me {
  constructor(
    private readonly users: UserService,
    private readonly flyte: FlyteClient,
  ) {}
  @Get('me') async me() {
    return { subject: (await this.users.get()).subject };
  }
  @Sse('watch') watch(): Observable<MessageEvent> {
    const runs = createClient(RunService, this.flyte.transport);
    return from(runs.watchRunDetails({ runId: { name: 'r' } })).pipe(map(() => ({ data: 'changed' })));
  }
}

const running: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0).toReversed()) await one.close();
});
async function plane(options: Parameters<typeof startPlane>[0] = {}): Promise<LocalControlPlane> {
  const started = await startPlane(options);
  running.push(started);
  return started;
}
async function app(
  options: FlyteModuleOptions,
  adapter: 'express' | 'fastify' = 'express',
  logger = new LogLines(),
  configure?: AppOptions['configure'],
): Promise<Running> {
  const imports = [FlyteModule.forRoot({ passthrough: true, ...options })];
  const started = await startApp({ adapter, controllers: [Me], imports, logger, configure });
  running.push(started.app);
  return started;
}

/** Lets calls wait until their caller gives up, and tells of each. */
function hanging() {
  const started: string[] = [];
  const limits: (string | null)[] = [];
  const cancelled: string[] = [];
  const interceptor: Interceptor = () => async (request) => {
    started.push(request.method.name);
    limits.push(request.header.get('connect-timeout-ms'));
    await new Promise((resolve) => request.signal.addEventListener('abort', resolve, { once: true }));
    cancelled.push(request.method.name);
    throw new ConnectError('gone', Code.Canceled);
  };
  return { interceptor, started, limits, cancelled };
}

describe('Flyte is not there', () => {
  it.each(['connect', 'grpc'] as const)(
    '503 while it is down, and recovery without a restart, over %s',
    async (protocol) => {
      const port = await freePort();
      const { url } = await app({ endpoint: `http://127.0.0.1:${port}`, protocol });
      const down = await ask(url, '/me', { headers: bearer('some-token-of-mine') });
      expect([down.status, down.json]).toEqual([
        503,
        { statusCode: 503, error: 'Service Unavailable', message: 'Service Unavailable' },
      ]);
      const first = await plane({ port });
      const headers = bearer(await first.token('alice'));
      expect((await ask(url, '/me', { headers })).json).toEqual({ subject: 'alice' });
      await first.close();
      expect((await ask(url, '/me', { headers })).status).toBe(503);
      const second = await plane({ port });
      expect((await ask(url, '/me', { headers: bearer(await second.token('bob')) })).json).toEqual({ subject: 'bob' });
    },
  );

  it('repeats a call that only reads, within its time, and says in the log what happened', async () => {
    let calls = 0;
    const flaky: Interceptor = (next) => async (request) => {
      if (++calls < 3) throw new ConnectError('draining', Code.Unavailable);
      return next(request);
    };
    const there = await plane({ interceptors: [flaky] });
    const headers = bearer(await there.token('alice'));
    const logger = new LogLines();
    const { url } = await app({ endpoint: there.url }, 'express', logger);
    expect((await ask(url, '/me', { headers })).status).toBe(200);
    expect(calls).toBe(3);
    calls = 0;
    const once = await app({ endpoint: there.url, retries: 0 }, 'express', logger);
    expect((await ask(once.url, '/me', { headers })).status).toBe(503);
    expect(calls).toBe(1);
    expect(logger.lines.join('\n')).toMatch(/unavailable: Flyte did not answer IdentityService.UserInfo[^]*draining/);
  });

  it('504 when it hangs, after the time that was set', async () => {
    const { interceptor, limits, cancelled } = hanging();
    const there = await plane({ interceptors: [interceptor] });
    const { url } = await app({ endpoint: there.url, timeoutMs: 2_000 });
    const answer = await ask(url, '/me', { headers: bearer(await there.token('alice')) });
    expect(answer.status).toBe(504);
    expect(Number(limits[0])).toBeLessThanOrEqual(2_000);
    await until(() => cancelled.length === 1, 'the plane learns of it');
  });
});

describe.each(ADAPTERS)('the client disconnects, on %s', (adapter) => {
  it('and the call upstream is cancelled, seen at the plane', async () => {
    const { interceptor, started, cancelled } = hanging();
    const there = await plane({ interceptors: [interceptor] });
    const { url } = await app({ endpoint: there.url }, adapter);
    const client = new AbortController();
    const answer = ask(url, '/me', { headers: bearer(await there.token('alice')), signal: client.signal });
    await until(() => started.length === 1, 'the call reaches the plane');
    client.abort();
    await expect(answer).rejects.toThrow(/abort/);
    await until(() => cancelled.length === 1, 'the call is cancelled');
  });

  it('before the guard ran, and nothing goes on for them upstream', async () => {
    const { interceptor, started, cancelled } = hanging();
    const there = await plane({ interceptors: [interceptor] });
    let [arrived, answered] = [0, 0];
    const { url } = await app({ endpoint: there.url }, adapter, undefined, (nest) => {
      nest.use((_request: object, response: EventEmitter, next: () => void) => {
        arrived++;
        response.once('close', () => next());
      });
      nest.useGlobalFilters({ catch: () => void answered++ });
    });
    const client = new AbortController();
    const answer = ask(url, '/me', { headers: bearer(await there.token('alice')), signal: client.signal });
    await until(() => arrived === 1, 'the request arrives');
    client.abort();
    await expect(answer).rejects.toThrow(/abort/);
    await until(() => answered === 1, 'the handler is done');
    expect(started.length).toBe(cancelled.length);
  });

  it('and so is a silent stream behind from(asyncIterable)', async () => {
    const streams = { opened: 0, cancelled: 0 };
    const there = await plane({ routes: silentWatch(streams) });
    const { url } = await app({ endpoint: there.url }, adapter);
    const client = new AbortController();
    const response = open(url, '/watch', { headers: bearer(await there.token('alice')), signal: client.signal });
    response.then((incoming) => incoming.on('error', () => undefined)).catch(() => undefined);
    await until(() => streams.opened === 1, 'the stream opens');
    client.abort();
    await until(() => streams.cancelled === 1, 'the stream is cancelled');
  });
});

describe('the app’s own credentials', () => {
  const endpoint = 'http://127.0.0.1:9';
  const never = (): Promise<never> => new Promise(() => undefined);
  const client = async (credentials: FlyteModuleOptions['credentials']): Promise<FlyteClient> => {
    const options = { endpoint, passthrough: false, credentials, timeoutMs: 200, streamIdleTimeoutMs: 200 };
    return (await app(options)).app.get(FlyteClient);
  };

  it('that never come: the call ends in its time, and when it is told to', async () => {
    const flyte = await client(never);
    await expect(flyte.users.get()).rejects.toMatchObject({ code: 'deadline_exceeded' });
    const patient = flyte.with({ timeoutMs: 3_600_000 });
    await expect(patient.users.get({ signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ code: 'canceled' });
    await expect(patient.users.get({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'canceled' });
    const runs = createClient(RunService, flyte.transport);
    await expect(async () => {
      for await (const _ of runs.watchRunDetails({ runId: { name: 'r' } }));
    }).rejects.toMatchObject({ code: 'deadline_exceeded' });
  });

  it.each([
    [null],
    [undefined],
    ['Bearer secret-1'],
    [['authorization', 'secret-1']],
    [{ authorization: 'secret-1\n' }],
    [{ host: 'x' }],
  ])('that are none (%j): the app’s fault, without their value', async (given) => {
    const error: unknown = await (await client(() => given as never)).users.get().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'misuse', message: expect.stringMatching(/"credentials"/) });
    expect(String(error)).not.toContain('secret-1');
  });

  it('a time without an end is none that ends at once', async () => {
    const there = await plane();
    const { app: nest } = await app({ endpoint: there.url });
    const headers = bearer(await there.token('alice'));
    const asked = (timeoutMs: number) => authMetadata(headers, () => nest.get(FlyteClient).users.get({ timeoutMs }));
    expect((await asked(Infinity)).subject).toBe('alice');
    await expect(asked(-1)).rejects.toMatchObject({ code: 'deadline_exceeded' });
  });
});

it('the client disconnects, on fastify over HTTP/2: the call upstream is cancelled', async () => {
  const { interceptor, started, cancelled } = hanging();
  const there = await plane({ interceptors: [interceptor] });
  const module = await Test.createTestingModule({
    controllers: [Me],
    imports: [FlyteModule.forRoot({ endpoint: there.url, passthrough: true })],
  }).compile();
  const nest = module.createNestApplication(new FastifyAdapter({ http2: true } as object), { logger: false });
  await nest.listen(0, '127.0.0.1');
  const session = connectHttp2(await nest.getUrl());
  running.push(nest, { close: async () => session.destroy() });
  const stream = session.request({ ':path': '/me', ...bearer(await there.token('alice')) });
  await until(() => started.length === 1, 'the call reaches the plane');
  stream.close(8);
  await until(() => cancelled.length === 1, 'the call is cancelled');
});

/** Streams that say nothing until they are cancelled. */
function silentWatch(streams: { opened: number; cancelled: number }) {
  return (router: ConnectRouter): void => {
    router.service(RunService, {
      async *watchRunDetails(_request, { signal }) {
        streams.opened++;
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        streams.cancelled++;
        yield* [];
      },
    });
  };
}

describe('the peer’s limit on streams', () => {
  it.each(['connect', 'grpc'] as const)(
    'open streams do not block unary calls, and more of both go on other sessions, over %s',
    async (protocol) => {
      const streams = { opened: 0, cancelled: 0 };
      const there = await plane({ maxConcurrentStreams: 4, routes: silentWatch(streams) });
      const { app: nest } = await app({ endpoint: there.url, protocol });
      const flyte = nest.get(FlyteClient);
      const token = await there.token('alice');
      const stop = new AbortController();
      const watching = authMetadata(bearer(token), () =>
        Array.from({ length: 10 }, async () => {
          const runs = createClient(RunService, flyte.transport);
          for await (const _ of runs.watchRunDetails({ runId: { name: 'r' } }, { signal: stop.signal }));
        }),
      );
      const ended = Promise.allSettled(watching);
      await until(() => streams.opened === 10, 'ten streams open');
      const users = await authMetadata(bearer(token), () =>
        Promise.all(Array.from({ length: 40 }, () => flyte.users.get())),
      );
      expect(users.map(({ subject }) => subject)).toEqual(Array.from({ length: 40 }, () => 'alice'));
      stop.abort();
      const results = await ended;
      expect(results.map((result) => result.status === 'rejected' && (result.reason as { code: string }).code)).toEqual(
        Array.from({ length: 10 }, () => 'canceled'),
      );
      await until(() => streams.cancelled === 10, 'all are cancelled');
    },
  );

  it('a stream from which nothing comes for too long fails as deadline_exceeded', async () => {
    const streams = { opened: 0, cancelled: 0 };
    const there = await plane({ routes: silentWatch(streams) });
    const { app: nest } = await app({ endpoint: there.url, streamIdleTimeoutMs: 2_000 });
    const runs = createClient(RunService, nest.get(FlyteClient).transport);
    const headers = bearer(await there.token('alice'));
    await expect(
      authMetadata(headers, async () => {
        for await (const _ of runs.watchRunDetails({ runId: { name: 'r' } }));
      }),
    ).rejects.toMatchObject({ name: 'FlyteError', code: 'deadline_exceeded' });
    await until(() => streams.cancelled === 1, 'the plane learns of it');
  });

  it('a stream that is not read to its end is cancelled', async () => {
    let ended = 0;
    const there = await plane({
      routes: (router) => {
        router.service(RunService, {
          async *watchRunDetails(_request, { signal }) {
            signal.addEventListener('abort', () => ended++, { once: true });
            for (;;) {
              yield {};
              await sleep(5);
            }
          },
        });
      },
    });
    const { app: nest } = await app({ endpoint: there.url });
    const { transport } = nest.get(FlyteClient);
    const method = RunService.method.watchRunDetails;
    async function* input() {
      yield {};
    }
    const headers = bearer(await there.token('alice'));
    const response = await authMetadata(headers, () =>
      transport.stream(method, undefined, undefined, undefined, input()),
    );
    for await (const _ of response.message) break;
    await until(() => ended === 1, 'the plane learns of it');
  });

  it('a stream that fails before anybody reads it does not end the process, and fails when it is read', async () => {
    const there = await plane();
    const { app: nest } = await app({ endpoint: there.url });
    const runs = createClient(RunService, nest.get(FlyteClient).transport);
    const stream = runs.watchRunDetails({ runId: { name: 'r' } }); // outside of any scope
    await new Promise(setImmediate);
    await expect(async () => {
      for await (const _ of stream);
    }).rejects.toMatchObject({ code: 'misuse' });
  });
});
