import {
  Controller,
  Get,
  Injectable,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { authMetadata, FlyteModule, getAuthMetadata, SkipFlyteAuth, UserService } from 'nestjs-flyte';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { of, tap, type Observable } from 'rxjs';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { LogLines, startApp } from '../support/app.js';
import { ask, bearer } from '../support/http.js';
import { startPlane } from '../support/plane.js';

/** Does what the class of that name in @nestjs/cache-manager does: answers of a GET are kept by its URL. */
@Injectable()
class CacheInterceptor implements NestInterceptor {
  static readonly kept = new Map<string, unknown>();
  trackBy(context: ExecutionContext): string | undefined {
    return context.switchToHttp().getRequest<{ url: string }>().url;
  }
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const key = this.trackBy(context);
    if (key === undefined) return next.handle();
    const kept = CacheInterceptor.kept.get(key);
    return kept === undefined ? next.handle().pipe(tap((value) => CacheInterceptor.kept.set(key, value))) : of(kept);
  }
}
class Renamed extends CacheInterceptor {}

// #region per-caller
@Injectable()
class PerCallerCache extends CacheInterceptor {
  override trackBy(context: ExecutionContext): string | undefined {
    const caller = getAuthMetadata()?.fingerprint;
    const key = super.trackBy(context);
    return caller === undefined || key === undefined ? undefined : `${caller} ${key}`;
  }
}
// #endregion

let asked = 0;
class Answers {
  constructor(private readonly users: UserService) {}
  protected async answer() {
    asked++;
    return { who: (await this.users.get()).subject };
  }
}
@Controller()
class Shared extends Answers {
  @Get('class') @UseInterceptors(CacheInterceptor) byClass() {
    return this.answer();
  }
  @Get('instance') @UseInterceptors(new Renamed()) byInstance() {
    return this.answer();
  }
}
Reflect.defineMetadata('design:paramtypes', [UserService], Shared);
@Controller()
@UseInterceptors(PerCallerCache)
class PerCaller extends Answers {
  @Get('me') me() {
    return this.answer();
  }
  @Get('open') @SkipFlyteAuth() open() {
    asked++;
    return {};
  }
}
Reflect.defineMetadata('design:paramtypes', [UserService], PerCaller);

let plane: LocalControlPlane;
const tokens: Record<string, string> = {};
const as = (who: string): { authorization: string } => bearer(tokens[who] ?? '');
beforeAll(async () => {
  plane = await startPlane();
  for (const who of ['alice', 'bob']) tokens[who] = await plane.token(who);
});
afterAll(() => plane.close());
beforeEach(() => {
  CacheInterceptor.kept.clear();
  asked = 0;
});
const warnings = ({ lines }: LogLines): string[] => lines.filter((line) => line.includes('caches answers'));

it('An app is told at start where answers are cached for all callers together', async () => {
  const logger = new LogLines();
  await using app = await startApp({
    logger,
    controllers: [Shared, PerCaller],
    providers: [{ provide: APP_INTERCEPTOR, useClass: Renamed }],
    imports: [FlyteModule.forRoot({ endpoint: plane.url, passthrough: true })],
  });
  expect(warnings(logger).map((line) => line.split(' caches')[0])).toEqual([
    'Renamed (APP_INTERCEPTOR)',
    'CacheInterceptor (Shared.byClass)',
    'Renamed (Shared.byInstance)',
  ]);
  expect(warnings(logger)[0]).toContain('getAuthMetadata()?.fingerprint');
  // It is told for a reason.
  await ask(app.url, '/class', { headers: as('alice') });
  expect((await ask(app.url, '/class', { headers: as('bob') })).json).toEqual({ who: 'alice' });
});

it('By the fingerprint, each caller has a cache of their own, and what is open has none', async () => {
  const logger = new LogLines();
  const imports = [FlyteModule.forRoot({ endpoint: plane.url, passthrough: true })];
  await using app = await startApp({ logger, controllers: [PerCaller], imports });
  expect(warnings(logger)).toEqual([]);
  for (const who of ['alice', 'bob', 'alice', 'bob']) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect((await ask(app.url, '/me', { headers: as(who) })).json).toEqual({ who });
  }
  expect(asked).toBe(2);
  for (let i = 0; i < 2; i++) await ask(app.url, '/open', { headers: as('alice') });
  expect(asked).toBe(4);
  const keys = [...CacheInterceptor.kept.keys()].join('\n');
  for (const token of Object.values(tokens)) expect(keys).not.toContain(token);
});

it('Without passthrough there is nothing to tell', async () => {
  const logger = new LogLines();
  const imports = [FlyteModule.forRoot({ endpoint: plane.url })];
  await using app = await startApp({ logger, controllers: [Shared], imports });
  expect([app.url !== '', warnings(logger)]).toEqual([true, []]);
});

it('A fingerprint is that of the credentials alone: of names and values, in any order', () => {
  const of = (headers: Parameters<typeof authMetadata>[0]): unknown =>
    authMetadata(headers, () => getAuthMetadata()?.fingerprint);
  const one = of({ authorization: 'Bearer x', cookie: 'a=b' });
  expect(one).toMatch(/^[\w-]{43}$/);
  expect(
    of([
      ['Cookie', 'a=b'],
      ['Authorization', 'Bearer x'],
    ]),
  ).toBe(one);
  const others = [
    { authorization: 'Bearer x' },
    { cookie: 'Bearer x', authorization: 'a=b' },
    { authorization: 'Bearer x","cookie":"a=b' },
  ];
  expect(new Set([one, ...others.map(of)]).size).toBe(4);
  expect(authMetadata({ 'x-a': '1' }, () => JSON.stringify({ ...getAuthMetadata() }))).not.toContain('fingerprint');
});
