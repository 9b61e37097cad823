import 'reflect-metadata';
import { APP_INTERCEPTOR, MetadataScanner, type ModulesContainer } from '@nestjs/core';

// Of @nestjs/common, and the class of @nestjs/cache-manager, which an app need not have.
const INTERCEPTORS = '__interceptors__';
const CACHE_INTERCEPTOR = 'CacheInterceptor';

/**
 * The places where answers are cached by their URL alone: what was made for one caller would be given to the next. Those
 * whose class has a `trackBy` of its own, which may tell callers apart, are left out.
 *
 * @returns for each, the name of the interceptor and where it is bound
 */
export function sharedCaches(modules: ModulesContainer): string[] {
  const found = new Set<string>();
  for (const { providers, controllers } of modules.values()) {
    for (const [token, { instance }] of providers) {
      const isAppWide = typeof token === 'string' && token.startsWith(APP_INTERCEPTOR);
      const name = isAppWide && sharedCacheName(instance);
      if (name) found.add(`${name} (${APP_INTERCEPTOR})`);
    }
    for (const { metatype } of [...controllers.values(), ...providers.values()]) {
      if (typeof metatype !== 'function' || !metatype.prototype) continue;
      const prototype = metatype.prototype as Record<string, object>;
      const methods = new MetadataScanner().getAllMethodNames(prototype);
      for (const [where, target] of [
        ['', metatype] as const,
        ...methods.map((name) => [`.${name}`, prototype[name]] as const),
      ]) {
        const bound = target && (Reflect.getMetadata(INTERCEPTORS, target) as unknown[] | undefined);
        for (const name of (bound ?? []).flatMap((one) => sharedCacheName(one) ?? [])) {
          found.add(`${name} (${metatype.name}${where})`);
        }
      }
    }
  }
  return [...found];
}

/** The name of an interceptor, given as a class or as an instance, that caches by URL alone. */
function sharedCacheName(interceptor: unknown): string | undefined {
  const own = (typeof interceptor === 'function' ? interceptor.prototype : interceptor) as Tracking | undefined;
  let base: Tracking | undefined;
  for (let one: unknown = own; isTracking(one); one = Object.getPrototypeOf(one)) {
    if (one.constructor.name === CACHE_INTERCEPTOR) base = one;
  }
  return base && own && own.trackBy === base.trackBy ? own.constructor.name : undefined;
}

/** What a `CacheInterceptor` and all that extend it have. */
interface Tracking {
  readonly trackBy: unknown;
}

function isTracking(value: unknown): value is Tracking {
  return typeof value === 'object' && value !== null && 'trackBy' in value;
}
