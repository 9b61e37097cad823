import { Controller, Injectable, UseInterceptors, type CallHandler, type NestInterceptor } from '@nestjs/common';
import { APP_INTERCEPTOR, ModulesContainer } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import type { Observable } from 'rxjs';
import { expect, it } from 'vitest';
import { sharedCaches } from './shared-caches.js';

@Injectable()
class Passing implements NestInterceptor {
  intercept(_context: unknown, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
}
/** Of that name, as in @nestjs/cache-manager. */
class CacheInterceptor extends Passing {
  trackBy(): string {
    return 'its URL';
  }
}
class Renamed extends CacheInterceptor {}
class PerCaller extends CacheInterceptor {
  override trackBy(): string {
    return 'its caller and URL';
  }
}
class OfPerCaller extends PerCaller {}
/** Tracks something else. */
class Tracker extends Passing {
  trackBy(): string {
    return 'visits';
  }
}

@Controller()
@UseInterceptors(CacheInterceptor, Passing)
class Whole {
  @UseInterceptors(new Renamed()) one(): void {}
  @UseInterceptors(PerCaller, new OfPerCaller(), Tracker) two(): void {}
  three(): void {}
}
@Injectable()
class Resolver {
  @UseInterceptors(Renamed) field(): void {}
}
@Controller()
@UseInterceptors(PerCaller, Tracker, Passing)
class Apart {
  @UseInterceptors(OfPerCaller) one(): void {}
}

async function found(metadata: Parameters<typeof Test.createTestingModule>[0]): Promise<string[]> {
  const module = await Test.createTestingModule(metadata).compile();
  return sharedCaches(module.get(ModulesContainer));
}

it('finds the caches that callers would share, by class and method, controllers and resolvers', async () => {
  expect(await found({ controllers: [Whole], providers: [Resolver] })).toEqual([
    'CacheInterceptor (Whole)',
    'Renamed (Whole.one)',
    'Renamed (Resolver.field)',
  ]);
});

it('finds those of the whole app', async () => {
  const provide = APP_INTERCEPTOR;
  const classes = [Renamed, PerCaller, Passing].map((useClass) => ({ provide, useClass }));
  expect(await found({ providers: [...classes, { provide, useValue: new CacheInterceptor() }] })).toEqual([
    'Renamed (APP_INTERCEPTOR)',
    'CacheInterceptor (APP_INTERCEPTOR)',
  ]);
});

it('leaves what tells callers apart, what is no cache, and what is bound nowhere', async () => {
  const values = [{ provide: 'null', useValue: null }, { provide: 'text', useValue: 'a' }, CacheInterceptor, Renamed];
  const arrow = { provide: 'arrow', useFactory: () => () => undefined };
  expect(await found({ controllers: [Apart], providers: [...values, arrow] })).toEqual([]);
});
