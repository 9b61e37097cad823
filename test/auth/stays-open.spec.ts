import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Controller,
  Get,
  Injectable,
  Module,
  Scope,
  StreamableFile,
  UseInterceptors,
  Version,
  VersioningType,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_INTERCEPTOR, LazyModuleLoader } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { FlyteModule, getAuthMetadata, runInAuthScope, SkipFlyteAuth } from 'nestjs-flyte';
import { tap, type Observable } from 'rxjs';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { ADAPTERS, startApp, type AppOptions, type Running } from '../support/app.js';
import { ask, bearer } from '../support/http.js';

// What SECURITY.md says of what stays open, and how to close it.

const folder = mkdtempSync(join(tmpdir(), 'nestjs-flyte-static-'));
writeFileSync(join(folder, 'page.txt'), 'a page');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const seen: string[] = [];
const note = (where: string): void => void seen.push(`${where}: ${getAuthMetadata()?.names.join() ?? 'no scope'}`);
beforeEach(() => {
  seen.length = 0;
});

@Injectable({ scope: Scope.REQUEST })
class PerRequest {
  constructor() {
    note('its constructor');
  }
  work(): void {
    note('its method');
  }
}
@Controller()
class Routes {
  @Get('names') names() {
    note('handler');
    return {};
  }
  @Get('page') page() {
    return new StreamableFile(Buffer.from('a page'));
  }
}
@Controller()
class Versions {
  @Version('1') @Get('versioned') one() {
    return 'one';
  }
  @Version('2') @Get('versioned') two() {
    return 'two';
  }
  @SkipFlyteAuth() @Version('1') @Get('decorated') open() {
    return 'open';
  }
  @Version('2') @Get('decorated') closed() {
    return 'closed';
  }
}
@Controller({ host: 'admin.example.com', path: 'hosted' })
class OfAdmins {
  @Get() get() {
    return 'for admins';
  }
}
@Controller('hosted')
class OfAnyone {
  @Get() get() {
    return 'for anyone';
  }
}

const flyte = (excludedPaths: readonly string[] = []) =>
  FlyteModule.forRoot({ endpoint: 'https://flyte.example.com', passthrough: true, excludedPaths });
const alice = { headers: bearer('of-alice') };

describe.each(ADAPTERS)('stays open on %s', (adapter) => {
  const start = (options: Partial<AppOptions> = {}): Promise<Running> =>
    startApp({ adapter, controllers: [Routes], imports: [flyte()], ...options });
  const status = async (app: Running, path: string, headers: Record<string, string> = {}): Promise<number> =>
    (await ask(app.url, path, { headers })).status;

  it('what Swagger serves, unless a controller of the app does', async () => {
    let document: unknown;
    @Controller()
    class Documents {
      @Get('openapi.json') openapi() {
        return document;
      }
    }
    const setUp = (ui: boolean): Partial<AppOptions> => ({
      controllers: [Routes, Documents],
      configure: (app) => {
        const made = SwaggerModule.createDocument(app, new DocumentBuilder().build());
        document = made;
        if (ui) SwaggerModule.setup('docs', app, made);
      },
    });
    await using open = await start(setUp(true));
    expect(
      await Promise.all(['/docs', '/docs-json', '/docs-yaml', '/names'].map((path) => status(open, path))),
    ).toEqual([200, 200, 200, 401]);
    await using closed = await start(setUp(false));
    expect(await status(closed, '/docs-json')).toBe(404);
    expect(await status(closed, '/openapi.json')).toBe(401);
    expect((await ask(closed.url, '/openapi.json', alice)).text).toContain('/names');
  });

  it('static files, unless a handler serves them; and what is given to the adapter itself', async () => {
    await using app = await start({
      configure: (nest) => {
        if (adapter === 'express') (nest as NestExpressApplication).useStaticAssets(folder, { prefix: '/files/' });
        else (nest as NestFastifyApplication).useStaticAssets({ root: folder, prefix: '/files/' });
        nest.getHttpAdapter().get('/metrics', (_request: unknown, response: { send(text: string): void }) => {
          response.send('up 1');
        });
      },
    });
    expect((await ask(app.url, '/files/page.txt')).text).toBe('a page');
    expect((await ask(app.url, '/metrics')).text).toBe('up 1');
    expect(await status(app, '/page')).toBe(401);
    expect((await ask(app.url, '/page', alice)).text).toBe('a page');
  });

  it('every version of an excluded path that is told by a header; by a decorator, one', async () => {
    await using app = await start({
      controllers: [Versions],
      imports: [flyte(['/versioned'])],
      configure: (nest) => void nest.enableVersioning({ type: VersioningType.HEADER, header: 'x-version' }),
    });
    const answers = async (path: string): Promise<number[]> => [
      await status(app, path, { 'x-version': '1' }),
      await status(app, path, { 'x-version': '2' }),
    ];
    expect(await answers('/versioned')).toEqual([200, 200]);
    expect(await answers('/decorated')).toEqual([200, 401]);
  });

  @Injectable()
  class Noting implements NestInterceptor {
    intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
      note('interceptor');
      runInAuthScope(context, () => note('with runInAuthScope'));
      return next.handle().pipe(tap(() => note('afterwards')));
    }
  }
  const global = { provide: APP_INTERCEPTOR, useClass: Noting };
  @Module({ providers: [global] })
  class Other {}
  const OUT = 'no scope';
  const IN = 'authorization';
  const places: [where: string, before: string, options: Partial<AppOptions>][] = [
    ['of the root module', OUT, { providers: [global] }],
    ['of a module imported before', OUT, { imports: [Other, flyte()] }],
    ['of a module imported after', IN, { imports: [flyte(), Other] }],
    ['given to the app', IN, { configure: (app) => void app.useGlobalInterceptors(new Noting()) }],
  ];
  it.each(places)(
    'a global interceptor %s: its own code, in %s; runInAuthScope reaches it',
    async (_where, before, options) => {
      await using app = await start(options);
      expect((await ask(app.url, '/names', alice)).status).toBe(200);
      expect(seen).toEqual([
        `interceptor: ${before}`,
        `with runInAuthScope: ${IN}`,
        `handler: ${IN}`,
        `afterwards: ${IN}`,
      ]);
    },
  );

  it('but not an interceptor that a controller names', async () => {
    @UseInterceptors(Noting)
    @Controller('named')
    class Named {
      @Get() get() {
        note('handler');
        return {};
      }
    }
    await using app = await start({ controllers: [Named] });
    expect(await status(app, '/named', alice.headers)).toBe(200);
    expect(seen[0]).toBe('interceptor: authorization');
  });

  it('the constructor of what is made per request comes before the guard, its methods in the scope', async () => {
    @Controller('per-request')
    class OfRequest {
      constructor(private readonly perRequest: PerRequest) {}
      @Get() get() {
        this.perRequest.work();
        return {};
      }
    }
    await using app = await start({ controllers: [OfRequest], providers: [PerRequest] });
    expect(await status(app, '/per-request')).toBe(401);
    expect(await status(app, '/per-request', alice.headers)).toBe(200);
    expect(seen).toEqual(['its constructor: no scope', 'its constructor: no scope', 'its method: authorization']);
  });

  it('a singleton that a request makes is made in its scope; made at start, in none', async () => {
    @Injectable()
    class Single {
      constructor() {
        note('made');
      }
    }
    @Module({ providers: [Single] })
    class Late {}
    @Controller('lazy')
    class Lazy {
      constructor(private readonly loader: LazyModuleLoader) {}
      @Get() async get() {
        await this.loader.load(() => Late);
        return {};
      }
    }
    await using app = await start({ controllers: [Lazy] });
    for (const headers of [bearer('of-alice'), bearer('of-bob')]) {
      // oxlint-disable-next-line no-await-in-loop -- alice comes first
      expect(await status(app, '/lazy', headers)).toBe(200);
    }
    expect(seen).toEqual(['made: authorization']);
    seen.length = 0;
    await using early = await start({ controllers: [Lazy], imports: [flyte(), Late] });
    expect(await status(early, '/lazy', alice.headers)).toBe(200);
    expect(seen).toEqual(['made: no scope']);
  });
});

// Fastify takes one handler per path.
it('stays open on express: an excluded path on every host', async () => {
  const controllers = [OfAdmins, OfAnyone];
  await using app = await startApp({ controllers, imports: [flyte(['/hosted'])] });
  const host = { host: 'admin.example.com' };
  expect((await ask(app.url, '/hosted')).text).toBe('for anyone');
  expect((await ask(app.url, '/hosted', { headers: host })).text).toBe('for admins');
  SkipFlyteAuth()(OfAnyone);
  await using decorated = await startApp({ controllers, imports: [flyte()] });
  const statuses = [await ask(decorated.url, '/hosted'), await ask(decorated.url, '/hosted', { headers: host })];
  expect(statuses.map(({ status }) => status)).toEqual([200, 401]);
});
