import type { Writable } from 'node:stream';
import { Body, Controller, Get, HttpCode, Post, Res, UsePipes, VersioningType, Version } from '@nestjs/common';
import {
  FlyteError,
  FlyteModule,
  fromAuthorization,
  fromCookie,
  fromHeader,
  getAuthMetadata,
  OptionalFlyteAuth,
  SkipFlyteAuth,
  User,
  FlyteUser,
  type FlyteModuleOptions,
} from 'nestjs-flyte';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, LogLines, startApp, type Running } from '../support/app.js';
import { ask, bearer, type Ask } from '../support/http.js';
import { startPlane } from '../support/plane.js';

const seen = (): { names: readonly string[] } => ({ names: getAuthMetadata()?.names ?? [] });
/** What ran, pipes included. */
let handled: string[] = [];
const counting = {
  transform: (value: unknown) => {
    handled.push('pipe');
    return value;
  },
};

type AnyResponse = Writable & { readonly raw?: Writable };
@Controller()
class Routes {
  @Get('health') health() {
    handled.push('health');
    return seen();
  }
  @Post('health') poke() {
    handled.push('poke');
    return seen();
  }
  @Get('me') async me(@FlyteUser() user: User) {
    handled.push('me');
    return { subject: user.subject, ...seen() };
  }
  @Get('names') names() {
    handled.push('names');
    return seen();
  }
  @Post('names')
  @HttpCode(200)
  @UsePipes(counting)
  post(@Body() _body: object) {
    handled.push('post');
    return seen();
  }
  @Get('begun') async begun(@Res() response: AnyResponse) {
    (response.raw ?? response).write('begun');
    throw new FlyteError('unauthenticated', 'refused');
  }
  @Get('skipped') @SkipFlyteAuth() skipped() {
    return seen();
  }
  @Get('optional') @OptionalFlyteAuth() optional() {
    return seen();
  }
  @Get('versioned') @Version('1') versioned() {
    handled.push('versioned');
    return seen();
  }
}

@SkipFlyteAuth()
@Controller('open')
class OpenRoutes {
  @Get() anyone() {
    return seen();
  }
  @Get('closed') @OptionalFlyteAuth() closed() {
    return seen();
  }
}

// What extends an open class: `closed` and `method` keep the decorators that stand on them, as they keep their paths.
@Controller('sub')
class SubRoutes extends OpenRoutes {
  @Get('own') own() {
    return seen();
  }
  @Get('method') @SkipFlyteAuth() method() {
    return seen();
  }
}
@OptionalFlyteAuth()
class Greeting {
  @Get() anyone() {
    return seen();
  }
}
@Controller('greeting')
class SubGreeting extends Greeting {}
@SkipFlyteAuth()
@Controller('reopened')
class Reopened extends SubRoutes {
  @Get('method') override method() {
    return seen();
  }
}
@Controller('overridden')
class Overridden extends SubRoutes {
  @Get('method') override method() {
    return seen();
  }
}

let plane: LocalControlPlane;
let token: string;
beforeAll(async () => {
  plane = await startPlane();
  token = await plane.token('alice');
});
afterAll(() => plane.close());

const controllers = [Routes, OpenRoutes, SubRoutes, SubGreeting, Reopened, Overridden];
const start = (adapter: (typeof ADAPTERS)[number], options: FlyteModuleOptions = {}, logger = new LogLines()) =>
  startApp({
    adapter,
    controllers,
    logger,
    imports: [FlyteModule.forRoot({ endpoint: plane.url, passthrough: true, excludedPaths: ['/health'], ...options })],
  });

describe.each(ADAPTERS)('FlyteAuthGuard on %s', (adapter) => {
  let app: Running;
  beforeAll(async () => {
    app = await start(adapter);
  });
  afterAll(() => app.app.close());

  describe('credentials', () => {
    it('demands them: 401, WWW-Authenticate, Nest’s body, before pipes and handler', async () => {
      handled = [];
      const answer = await ask(app.url, '/names', {
        method: 'POST',
        body: '{}',
        headers: { 'content-type': 'application/json' },
      });
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expect(answer.headers['cache-control']).toBe('no-store');
      expect(answer.json).toEqual({
        statusCode: 401,
        error: 'Unauthorized',
        message: expect.stringMatching(/Authorization/),
      });
      expect(handled).toEqual([]);
    });

    const cases: [what: string, ask: Ask, status: number, names?: string[]][] = [
      ['none', {}, 401],
      ['an empty Authorization', { headers: { authorization: '' } }, 401],
      ['an unrelated header', { headers: { 'x-api-key': 'k' } }, 401],
      ['Authorization', { headers: { authorization: 'Bearer x' } }, 200, ['authorization']],
      ['any scheme', { headers: { Authorization: 'Basic dTpw' } }, 200, ['authorization']],
      ['a cookie', { headers: { cookie: 'a=1; b=2' } }, 200, ['cookie']],
      ['both', { headers: { authorization: 'Bearer x', cookie: 'a=1' } }, 200, ['authorization', 'cookie']],
      ['a byte from 0x80 up', { headers: { authorization: 'Bearer \u00e9' } }, 400],
      ['a tab', { headers: { authorization: 'Bearer\tx' } }, 200, ['authorization']],
      ['two Authorization headers', { headers: ['authorization', 'Bearer x', 'Authorization', 'Bearer y'] }, 400],
      ['two equal Authorization headers', { headers: ['authorization', 'Bearer x', 'authorization', 'Bearer x'] }, 400],
      ['a post with a cookie', { method: 'POST', headers: { cookie: 'a=1' } }, 403],
      [
        'a post with a cookie from elsewhere',
        { method: 'POST', headers: { cookie: 'a=1', origin: 'https://evil.example' } },
        403,
      ],
      ['a post with a cookie from nowhere', { method: 'POST', headers: { cookie: 'a=1', origin: 'null' } }, 403],
      [
        'a post with a cookie across sites',
        { method: 'POST', headers: { cookie: 'a=1', 'sec-fetch-site': 'cross-site' } },
        403,
      ],
      [
        'a post with a cookie of a sister site',
        { method: 'POST', headers: { cookie: 'a=1', 'sec-fetch-site': 'same-site' } },
        403,
      ],
      [
        'a post with a cookie of this site',
        { method: 'POST', headers: { cookie: 'a=1', 'sec-fetch-site': 'same-origin' } },
        200,
        ['cookie'],
      ],
      [
        'a post with a token across sites',
        { method: 'POST', headers: { authorization: 'Bearer x', origin: 'https://evil.example' } },
        200,
        ['authorization'],
      ],
    ];
    it.each(cases)('%s', async (_what, options, status, names) => {
      const answer = await ask(app.url, '/names', options);
      expect(answer.status).toBe(status);
      if (names) expect(answer.json).toEqual({ names });
      else expect(answer.text).not.toMatch(/xxx|\u00e9|Bearer [xy]|a=1/);
    });

    it('takes a same-origin Origin with a cookie', async () => {
      const headers = { cookie: 'a=1', origin: app.url };
      expect((await ask(app.url, '/names', { method: 'POST', headers })).status).toBe(200);
    });

    it('refuses control characters', async () => {
      // Node's own client would not send them, and Node's server refuses them before any guard.
      const { connect } = await import('node:net');
      const status = await new Promise((resolve) => {
        const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
        socket.on('data', (data) => resolve(data.toString().split(' ')[1]));
        socket.write('GET /names HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\u0001b\r\nConnection: close\r\n\r\n');
      });
      expect(status).toBe('400');
    });

    it('asks Flyte as the caller', async () => {
      const answer = await ask(app.url, '/me', { headers: bearer(token) });
      expect(answer.json).toEqual({ subject: 'alice', names: ['authorization'] });
    });
  });

  describe('excluded paths', () => {
    it.each(['/health', '/health?', '/health?next=/me'])('%s is open, and has no scope', async (target) => {
      const answer = await ask(app.url, target, { headers: bearer(token) });
      expect([answer.status, answer.json]).toEqual([200, { names: [] }]);
      expect(answer.headers['cache-control']).toBeUndefined();
    });

    const tricks = [
      '/health/', '/HEALTH', '/Health', '//health', '/./health', '/me/../health', '/health/../me', '/health%2f', '/health%2F',
      '/%68ealth', '/health;x', '/health;x=/me', '/health%3f', '/health%00', '/health#', '/health/.', '/health//', '/health/?',
      '/health\\', '/health%20', '/health.json', '/me?/health', '/me;/health', '/me#/health', '/names?x=/health', '/names/',
      '//names', '/NAMES', '/%6eames', '/health/..;/me', '/health%2f..%2fme', '/health%252f', '*',
      'http://127.0.0.1/health', 'http://127.0.0.1/me', 'http://evil.example/health', 'https://127.0.0.1/health',
    ]; // prettier-ignore
    it.each(tricks)('%s stays closed', async (target) => {
      handled = [];
      const answer = await ask(app.url, target);
      expect([400, 401, 404]).toContain(answer.status);
      expect(handled).toEqual([]);
    });

    it('may name one method', async () => {
      await using other = await start(adapter, { excludedPaths: ['GET /health'] });
      expect((await ask(other.url, '/health')).status).toBe(200);
      expect((await ask(other.url, '/health', { method: 'POST' })).status).toBe(401);
    });

    it('are whole paths, with prefix and version', async () => {
      const options = { endpoint: plane.url, passthrough: true };
      await using other = await startApp({
        adapter,
        controllers,
        imports: [FlyteModule.forRoot({ ...options, excludedPaths: ['/health', '/api/names', '/api/v1/versioned'] })],
        configure: (nest) => {
          nest.setGlobalPrefix('api');
          nest.enableVersioning({ type: VersioningType.URI });
        },
      });
      const statuses = [
        '/health',
        '/api/health',
        '/api/names',
        '/names',
        '/api/v1/versioned',
        '/api/versioned',
        '/v1/versioned',
      ];
      expect(await Promise.all(statuses.map(async (path) => (await ask(other.url, path)).status))).toEqual([
        404, 401, 200, 404, 200, 404, 404,
      ]);
    });

    it('stay closed where a middleware rewrites the path', async () => {
      await using other = await startApp({
        adapter,
        controllers,
        imports: [FlyteModule.forRoot({ endpoint: plane.url, passthrough: true, excludedPaths: ['/health'] })],
        configure: (nest) => {
          nest.use((request: { url: string }, _response: unknown, next: () => void) => {
            request.url = request.url.replace('/health', '/names');
            next();
          });
        },
      });
      handled = [];
      const { status } = await ask(other.url, '/health');
      // Fastify has chosen the handler, the one that was named, before a middleware runs.
      expect([status, handled]).toEqual(adapter === 'express' ? [401, []] : [200, ['health']]);
    });
  });

  describe('decorators', () => {
    it('@SkipFlyteAuth opens, without a scope', async () => {
      for (const path of ['/skipped', '/open']) {
        const answer = await ask(app.url, path, { headers: bearer(token) });
        expect([answer.status, answer.json]).toEqual([200, { names: [] }]);
      }
    });
    it('on a class open that class, and none that extends it; on a method, that method wherever it is inherited', async () => {
      const status = async (path: string) => (await ask(app.url, path)).status;
      const closed = ['/sub', '/sub/own', '/greeting', '/overridden', '/overridden/own', '/overridden/method'];
      for (const path of closed) expect(await status(path), path).toBe(401);
      const open = [
        '/open',
        '/open/closed',
        '/sub/closed',
        '/sub/method',
        '/reopened',
        '/reopened/own',
        '/reopened/method',
      ];
      for (const path of open) expect(await status(path), path).toBe(200);
    });
    it('@OptionalFlyteAuth scopes what is there, and beats its controller’s', async () => {
      for (const path of ['/optional', '/open/closed']) {
        expect((await ask(app.url, path)).json).toEqual({ names: [] });
        expect((await ask(app.url, path, { headers: bearer(token) })).json).toEqual({ names: ['authorization'] });
        expect((await ask(app.url, path, { headers: { authorization: '\u00e9' } })).status).toBe(400);
      }
    });
  });

  describe('extractors', () => {
    it('of one’s own, failing ones logged by name and skipped, all others travelling', async () => {
      const logger = new LogLines();
      const leaky = async (): Promise<never> => {
        throw new Error('cannot read Bearer leaky-token-123');
      };
      const impostor = () => ({ 'x-forwarded-for': '10.0.0.1' });
      const fromQuery = () => Promise.resolve([['X-Query', 'q'] as const]);
      const nothing = () => undefined;
      const headerExtractors = [
        leaky,
        impostor,
        nothing,
        fromHeader('X-Api-Key'),
        fromQuery,
        fromCookie({ only: ['flyte'] }),
      ];
      await using other = await start(adapter, { headerExtractors }, logger);
      const headers = { 'x-api-key': 'k', cookie: 'session=s; flyte=f; other=o', authorization: 'Bearer x' };
      const answer = await ask(other.url, '/names', { headers });
      expect(answer.json).toEqual({ names: ['x-api-key', 'x-query', 'cookie'] });
      const log = logger.lines.join('\n');
      expect(log).toMatch(/"leaky" failed and was skipped \(Error\)/);
      expect(log).toMatch(/"impostor" failed and was skipped \(misuse: .*x-forwarded-for/);
      expect(log).not.toMatch(/leaky-token/);
    });

    it('that read a token from the session of a cookie: other sites can’t use it', async () => {
      const fromSession = () => ({ authorization: 'Bearer of-the-session' });
      await using other = await start(adapter, { headerExtractors: [fromSession, fromHeader('x-api-key')] });
      const status = async (headers: Record<string, string>, method = 'POST') =>
        (await ask(other.url, '/names', { method, headers })).status;
      expect(await status({ cookie: 'session=1', origin: 'https://evil.example' })).toBe(403);
      expect(await status({ cookie: 'session=1' })).toBe(403);
      expect(await status({ cookie: 'session=1', origin: other.url })).toBe(200);
      expect(await status({ cookie: 'session=1' }, 'GET')).toBe(200);
      // No cookie, nothing that a browser adds by itself; and what another site can't add stands for itself.
      expect(await status({})).toBe(200);
      expect(await status({ cookie: 'session=1', 'x-api-key': 'k' })).toBe(200);
    });

    it('that give a list of texts are skipped, not taken apart', async () => {
      const wrong = () => ['authorization', 'Bearer x'] as never;
      await using other = await start(adapter, { headerExtractors: [wrong] });
      expect((await ask(other.url, '/names')).status).toBe(401);
    });

    it('are refused at start for what is no name', () => {
      for (const name of ['a b', '']) expect(() => fromHeader(name), name).toThrow(/not the name of an HTTP header/);
      expect(fromAuthorization().name).toBe('fromHeader(authorization)');
    });
  });

  it('an answer that has begun ends, when its call to Flyte is refused', async () => {
    const logger = new LogLines();
    await using other = await start(adapter, {}, logger);
    const { status, text } = await ask(other.url, '/begun', { headers: bearer('not-a-token') });
    expect([status, text]).toEqual([200, 'begun']);
    expect(logger.lines.join('\n')).not.toMatch(/ERR_HTTP_HEADERS_SENT/);
  });

  it('is inert without passthrough', async () => {
    await using other = await start(adapter, { passthrough: false });
    const answer = await ask(other.url, '/names');
    expect([answer.status, answer.json]).toEqual([200, { names: [] }]);
    expect(answer.headers['cache-control']).toBeUndefined();
  });
});
