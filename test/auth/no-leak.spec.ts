import { inspect } from 'node:util';
import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import { Controller, Get, Sse, type MessageEvent } from '@nestjs/common';
import {
  authMetadata,
  FlyteAuthGuard,
  FlyteClient,
  FlyteError,
  FlyteModule,
  getAuthMetadata,
  AuthMetadataInterceptor,
  UserService,
  FlyteExceptionFilter,
} from 'nestjs-flyte';
import { AuthPolicy, CurrentUser } from '../support/internals.js';
import { from, map, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ADAPTERS, LogLines, startApp } from '../support/app.js';
import { ask } from '../support/http.js';
import { startPlane } from '../support/plane.js';

const kept: unknown[] = [];

@Controller()
class Curious {
  constructor(
    private readonly users: UserService,
    private readonly flyte: FlyteClient,
  ) {}
  @Get('ok') async ok() {
    kept.push(getAuthMetadata(), this.flyte, this.users, this.flyte.transport);
    return { subject: (await this.users.get()).subject, metadata: getAuthMetadata() };
  }
  @Get('fails') async fails() {
    return this.users.get().catch((error: unknown) => {
      kept.push(error);
      throw error;
    });
  }
  @Sse('sse') sse(): Observable<MessageEvent> {
    return from(this.users.get()).pipe(map(() => ({ data: 'never' })));
  }
}

/** Says back everything it was told, as a careless backend or proxy does. */
function echo(code: Code): Interceptor {
  return () => async (request) => {
    const said = [...request.header].map(([name, value]) => `${name}=${value}`).join(' ');
    throw new ConnectError(`denied: ${said}`, code, { 'x-echo': request.header.get('authorization') ?? '' });
  };
}

function everything(value: unknown): string {
  const options = { depth: 12, showHidden: true, getters: true, breakLength: Infinity } as const;
  let json: string;
  try {
    json = JSON.stringify(value);
  } catch (error) {
    json = String(error);
  }
  return [inspect(value, options), json, String(value), value instanceof Error ? value.stack : ''].join('\n');
}

it('the key of a client certificate is in nothing of ours', async () => {
  const key = 'PEM-of-a-private-key-0123456789';
  const options = { endpoint: 'https://flyte.example.com', tls: { cert: 'c', key }, passthrough: true };
  await using running = await startApp({ imports: [FlyteModule.forRoot(options)] });
  const ours = [FlyteModule, FlyteClient, FlyteAuthGuard, AuthMetadataInterceptor, AuthPolicy, CurrentUser];
  for (const type of ours) expect(everything(running.app.get<unknown>(type))).not.toContain(key);
});

it('the text of what the option "credentials" throws is in no error, as it may quote one', async () => {
  const secret = 'refresh-token-0123456789';
  const failing: (() => never)[] = [
    () => {
      throw new TypeError(`the answer to ${secret} was 500`);
    },
    () => {
      // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error -- libraries do
      throw secret;
    },
  ];
  for (const credentials of failing) {
    // oxlint-disable-next-line no-await-in-loop
    await using running = await startApp({
      imports: [FlyteModule.forRoot({ endpoint: 'https://flyte.example.com', credentials })],
    });
    // oxlint-disable-next-line no-await-in-loop
    const error: unknown = await running.app
      .get(UserService)
      .get()
      .catch((one: unknown) => one);
    expect(error).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/it threw \((TypeError|string)\)/) as string,
    });
    expect(everything(error)).not.toContain(secret);
  }
});

describe.each(ADAPTERS)('a credential on %s', (adapter) => {
  it.each([Code.PermissionDenied, Code.Internal, Code.NotFound, Code.Unknown])(
    'appears in no log line, error body, inspection or JSON of ours, though Flyte echoes it with code %s',
    async (code) => {
      kept.length = 0;
      await using good = await startPlane();
      await using bad = await startPlane({ state: ':memory:', interceptors: [echo(code)] });
      const secrets = [
        await good.token('alice'),
        await bad.token('mallory'),
        'cookie-secret-0123456789',
        'second-cookie-9876543210',
        'api-key-secret-abcdefghij',
      ];
      const [token, badToken, cookie, cookie2, apiKey] = secrets as [string, string, string, string, string];
      const logger = new LogLines();
      const answers: string[] = [];
      for (const { plane, bearer } of [
        { plane: good, bearer: token },
        { plane: bad, bearer: badToken },
      ]) {
        // oxlint-disable-next-line no-await-in-loop -- one app after the other
        await using running = await startApp({
          adapter,
          logger,
          controllers: [Curious],
          imports: [
            FlyteModule.forRoot({
              endpoint: plane.url,
              passthrough: true,
              credentials: () => ({ 'x-api-key': apiKey }),
            }),
          ],
        });
        const headers = { authorization: `Bearer ${bearer}`, cookie: `session=${cookie}; other=${cookie2}` };
        for (const path of ['/ok', '/fails', '/sse']) {
          // oxlint-disable-next-line no-await-in-loop
          const { status, text, headers: sent } = await ask(running.url, path, { headers });
          answers.push(`${status} ${text} ${JSON.stringify(sent)}`);
        }
        // What the guard refuses: its messages quote nothing either.
        for (const wrong of [{ authorization: `Bearer ${token}\u00ff` }, { authorization: token.repeat(30) }]) {
          // oxlint-disable-next-line no-await-in-loop
          answers.push((await ask(running.url, '/ok', { headers: wrong })).text);
        }
        kept.push(
          ...[
            FlyteClient,
            FlyteAuthGuard,
            AuthMetadataInterceptor,
            FlyteExceptionFilter,
            CurrentUser,
            UserService,
            AuthPolicy,
          ].map((type) => running.app.get<unknown>(type)),
        );
        const flyte = running.app.get(FlyteClient);
        for (const call of [() => flyte.users.get(), () => flyte.with({ credentials: 'service' }).users.get()]) {
          // oxlint-disable-next-line no-await-in-loop
          kept.push(await authMetadata({ authorization: `Bearer ${bearer}` }, call).catch((error: unknown) => error));
        }
      }
      expect(kept.filter((one) => one instanceof FlyteError).length).toBeGreaterThan(3);
      expect(answers.join('\n')).toContain('alice');
      const haystack = [...answers, ...logger.lines, ...kept.map(everything)].join('\n');
      expect(haystack.length).toBeGreaterThan(5_000);
      for (const secret of secrets) expect(haystack.includes(secret), secret).toBe(false);
      // The names are there to be seen, and what Flyte said reaches the client only if the fault is the client's.
      expect(haystack).toContain('AuthMetadata(authorization, cookie)');
      const told = answers.some((answer) => answer.includes('denied: '));
      expect(told).toBe(code === Code.PermissionDenied || code === Code.NotFound);
    },
  );
});
