import { Catch, Controller, Get, UseFilters, type ArgumentsHost, type ExceptionFilter, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { FlyteError, FlyteExceptionFilter, FlyteModule } from 'nestjs-flyte';
import { describe, expect, it } from 'vitest';
import { ADAPTERS, LogLines, startApp, type AppOptions } from '../support/app.js';
import { ask } from '../support/http.js';

const run = { name: 'r1', action: 'a0', task: 'signing.sign', phase: 'failed', attempt: 2, origin: 'user' } as const;
const failed = (): FlyteError => new FlyteError('task_failed', 'Run r1 failed: the key is hunter2', { run });

@Controller()
class Failing {
  @Get('failed') failed() {
    throw failed();
  }
  @Get('away') away() {
    throw new FlyteError('unavailable', 'away');
  }
  @Get('operator') operator() {
    throw new FlyteError('not_found', 'There is no project "p1": correct the option', { fault: 'operator' });
  }
}

class Own implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost) {
    const own = error instanceof FlyteError ? error.code : String(error);
    const response = host.switchToHttp().getResponse<{ status(code: number): { send(body: unknown): void } }>();
    response.status(418).send({ own });
  }
}
@Catch(FlyteError)
class OwnForFlyte extends Own {}
@Catch()
class OwnForAll extends Own {}

const flyte = FlyteModule.forRoot({ endpoint: 'http://127.0.0.1:1' });
const byAppFilter = (filter: Own) => ({ provide: APP_FILTER, useValue: filter });
@Module({ providers: [byAppFilter(new OwnForFlyte())] })
class Filters {}
@UseFilters(OwnForFlyte)
@Controller('named')
class Named extends Failing {}

describe.each(ADAPTERS)('on %s', (adapter) => {
  const ways: [way: string, options: AppOptions][] = [
    ['APP_FILTER of the root', { imports: [flyte], providers: [byAppFilter(new OwnForFlyte())] }],
    ['APP_FILTER of a module before', { imports: [Filters, flyte] }],
    ['APP_FILTER of a module after', { imports: [flyte, Filters] }],
    ['useGlobalFilters', { imports: [flyte], configure: (app) => void app.useGlobalFilters(new OwnForFlyte()) }],
    ['a catch-all, by APP_FILTER', { imports: [flyte], providers: [byAppFilter(new OwnForAll())] }],
    [
      'a catch-all, by useGlobalFilters',
      { imports: [flyte], configure: (app) => void app.useGlobalFilters(new OwnForAll()) },
    ],
  ];
  it.each(ways)('an app’s own filter wins: %s', async (_way, options) => {
    await using app = await startApp({ adapter, controllers: [Failing], ...options });
    expect(await ask(app.url, '/away')).toMatchObject({ status: 418, json: { own: 'unavailable' } });
  });

  it('an app’s own filter wins: named by a controller', async () => {
    await using app = await startApp({ adapter, imports: [flyte], controllers: [Named, Failing] });
    expect(await ask(app.url, '/named/away')).toMatchObject({ status: 418, json: { own: 'unavailable' } });
    expect((await ask(app.url, '/away')).status).toBe(503);
  });

  it('a catch-all may hand on what it does not answer itself', async () => {
    @Catch()
    class HandsOn implements ExceptionFilter {
      constructor(private readonly flyte: FlyteExceptionFilter) {}
      catch(error: FlyteError, host: ArgumentsHost) {
        return this.flyte.catch(error, host);
      }
    }
    const providers = [
      {
        provide: APP_FILTER,
        inject: [FlyteExceptionFilter],
        useFactory: (one: FlyteExceptionFilter) => new HandsOn(one),
      },
    ];
    await using app = await startApp({ adapter, imports: [flyte], controllers: [Failing], providers });
    expect((await ask(app.url, '/away')).status).toBe(503);
  });

  it('a failed run is 502, and named without what its task said', async () => {
    const logger = new LogLines();
    await using app = await startApp({ adapter, imports: [flyte], controllers: [Failing], logger });
    const { status, json } = await ask(app.url, '/failed');
    expect({ status, json }).toEqual({
      status: 502,
      json: {
        statusCode: 502,
        message: 'Run r1 of signing.sign failed.',
        error: 'Bad Gateway',
        code: 'task_failed',
        run: { name: 'r1', task: 'signing.sign', phase: 'failed' },
      },
    });
    expect(logger.lines.join('\n')).toContain('task_failed: Run r1 failed: the key is hunter2');
  });

  it('an operator’s mistake is logged with its fix, and a client learns nothing of it', async () => {
    const logger = new LogLines();
    await using app = await startApp({ adapter, imports: [flyte], controllers: [Failing], logger });
    const { status, text } = await ask(app.url, '/operator');
    expect([status, text.includes('p1')]).toEqual([500, false]);
    expect(logger.lines.join('\n')).toContain('not_found: There is no project "p1": correct the option');
  });
});
