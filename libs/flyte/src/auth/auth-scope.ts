import { AsyncLocalStorage } from 'node:async_hooks';
import type { ArgumentsHost } from '@nestjs/common';
import { Observable, type MonoTypeOperatorFunction } from 'rxjs';
import { FlyteError } from '../errors/flyte-error.js';
import { createAuthMetadata, type AuthHeaders, type AuthMetadata } from './auth-metadata.js';
import type { ForwardedHeader } from './forwarded-headers.js';
import { inboundRequest } from './inbound-request.js';
import type { RequestLife } from './request-life.js';

type Life = Pick<RequestLife, 'signal' | 'isOver'>;

/** The stretch of a program in which calls to Flyte travel with one caller's credentials. */
export interface AuthScope {
  /** The module instance that opened the scope and whose clients alone may use it; absent for `authMetadata`. */
  readonly owner?: symbol;
  /** What travels. */
  readonly metadata: AuthMetadata;
  /** Headers of the request that travel along and are no credentials: the option `forwardHeaders`. */
  readonly forwarded?: readonly ForwardedHeader[] | undefined;
  /** Until when it holds; absent where it is bound to no request. */
  readonly life?: Life;
  /** The scope around this one. */
  readonly parent?: AuthScope | undefined;
}

const NONE: readonly AuthScope[] = [];

/** What all copies of this library in a process share; every scope in it names its owner. */
interface Shared {
  /** The scope that the running code is in. */
  readonly current: AsyncLocalStorage<AuthScope | undefined>;
  /** What guards found for a request. Filled by guards, read by interceptors, by pipes and by `runInAuthScope`. */
  scopesOf(request: object): readonly AuthScope[];
  keepScopes(request: object, scopes: readonly AuthScope[]): void;
}

/** Makes nothing: what extends it puts its private fields on the object that it is given. */
class Given {
  constructor(given: object) {
    return given;
  }
}

/**
 * What guards found for a request, in a private field on the request itself. Nothing lists, prints, copies or inherits one; and the
 * garbage collector looks through every entry of a WeakMap, of which there would be one per request.
 */
class RequestScopes extends Given {
  static readonly #frozen = new WeakMap<object, readonly AuthScope[]>();
  #scopes: readonly AuthScope[] = NONE;

  static of(request: object): readonly AuthScope[] {
    if (#scopes in request) return request.#scopes;
    return Object.isExtensible(request) ? NONE : (RequestScopes.#frozen.get(request) ?? NONE);
  }

  static keep(request: object, scopes: readonly AuthScope[]): void {
    if (#scopes in request) request.#scopes = scopes;
    // Engines are to refuse private fields to these one day.
    else if (!Object.isExtensible(request)) RequestScopes.#frozen.set(request, scopes);
    else new RequestScopes(request).#scopes = scopes;
  }
}

// Two copies of the library (a dependency's own, an ESM and a bundled one) must agree on who the caller is, and Node
// gives no other place that both can reach. The number changes when the shape of a scope does.
const key = Symbol.for('nestjs-flyte.auth-scope.4');
const globals = globalThis as { [key]?: Shared };
const shared: Shared = (globals[key] ??= {
  current: new AsyncLocalStorage(),
  scopesOf: (request) => RequestScopes.of(request),
  keepScopes: (request, scopes) => RequestScopes.keep(request, scopes),
});

/**
 * The innermost scope that a module instance's clients may use: its own, or one of `authMetadata`.
 *
 * @param owner the module instance that asks; without it, the innermost scope of all
 */
export function currentAuthScope(owner?: symbol): AuthScope | undefined {
  const mayUse = (scope: AuthScope): boolean => !owner || !scope.owner || scope.owner === owner;
  let scope = shared.current.getStore();
  while (scope && !mayUse(scope)) scope = scope.parent;
  return scope;
}

/** Runs a function, and everything that it starts, in a scope. */
export function runInScope<T>(scope: AuthScope, fn: () => T): T {
  const around = shared.current.getStore();
  // Most often there is none around it, and it is run as it is.
  const parent = around && outside(scope.owner, around);
  return shared.current.run(scope.parent === parent ? scope : { ...scope, parent }, fn);
}

/** Whether the running code is in a scope that a module instance has opened. */
export function isInScopeOf(owner: symbol): boolean {
  let scope = shared.current.getStore();
  while (scope && scope.owner !== owner) scope = scope.parent;
  return scope !== undefined;
}

/** Runs a function outside the scopes that a module instance has opened. */
export function runOutsideScopesOf<T>(owner: symbol, fn: () => T): T {
  return shared.current.run(withoutOwner(owner, shared.current.getStore()), fn);
}

function withoutOwner(owner: symbol, scope: AuthScope | undefined): AuthScope | undefined {
  if (!scope) return undefined;
  const parent = withoutOwner(owner, scope.parent);
  return scope.owner === owner ? parent : { ...scope, parent };
}

/**
 * Those of the scopes around one that a client may still look for: a job that starts its next round in its last one would
 * else keep the credentials of all its rounds.
 */
function outside(owner: symbol | undefined, scope: AuthScope | undefined): AuthScope | undefined {
  if (!owner || !scope) return undefined; // without an owner, a scope serves all clients
  if (!scope.owner) return scope;
  if (scope.owner === owner) return scope.parent;
  return { ...scope, parent: outside(owner, scope.parent) };
}

/** Keeps what a guard found for a request, in place of what the same owner kept before. */
export function rememberScope(request: object, scope: AuthScope): void {
  const before = shared.scopesOf(request);
  shared.keepScopes(
    request,
    before === NONE ? [scope] : [...before.filter(({ owner }) => owner !== scope.owner), scope],
  );
}

/** What guards found for a request. */
export function rememberedScopes(request: object): readonly AuthScope[] {
  return shared.scopesOf(request);
}

/**
 * Runs a function with credentials given by hand, where there is no request to take them from: jobs, scripts, queues.
 * Every client of this library in it, and in whatever it starts, calls Flyte with them. The Python SDK's
 * `flyte.remote.auth_metadata`. It is bound to no request, also inside of one: nothing ends it but the function itself.
 *
 * ```ts
 * const user = await authMetadata({ authorization: `Bearer ${token}` }, () => users.get());
 * ```
 *
 * @param headers a record, pairs, or one pair; where a name repeats, the last one wins. They replace those of an outer scope.
 * @returns what the function returns
 * @throws FlyteError `misuse` if there are none or a name is refused; `invalid_argument` if a value can't travel
 */
export function authMetadata<T>(headers: AuthHeaders | HeaderPair, fn: () => T): T {
  const metadata = createAuthMetadata(isPair(headers) ? [headers] : headers);
  if (metadata.names.length === 0) {
    throw new FlyteError(
      'misuse',
      'authMetadata was given no header. Pass one, such as { authorization: `Bearer …` }.',
    );
  }
  return runInScope({ metadata }, fn);
}

/** One header. */
type HeaderPair = readonly [name: string, value: string];

function isPair(headers: AuthHeaders | HeaderPair): headers is HeaderPair {
  return Array.isArray(headers) && headers.length === 2 && headers.every((part) => typeof part === 'string');
}

/**
 * Runs a function, and everything that it starts, with the credentials of the running code, which outlive the request
 * there: for what a request starts on purpose and does not wait for. Nothing ends it but the function itself, neither the
 * answer nor a client that leaves. Outside any scope, the function runs in none.
 *
 * ```ts
 * detachAuthScope(() => this.followRun(run)).catch((error) => this.logger.error(error));
 * ```
 *
 * @returns what the function returns
 * @throws FlyteError `misuse` if the request has been answered: what runs then was not begun for it
 */
export function detachAuthScope<T>(fn: () => T): T {
  const scope = shared.current.getStore();
  if (scope?.life?.isOver) throw requestIsOver();
  return shared.current.run(scope && withLife(scope, () => undefined), fn);
}

/**
 * Runs what asks Flyte several times, perhaps for hours, as one call: begun before its request was answered, it goes on
 * after that. It ends with a client that leaves. What gives an async iterable begins when that is read.
 */
export function runAsOneCall<T>(fn: () => T): T {
  const scope = shared.current.getStore();
  if (!scope || scope.life?.isOver) return fn();
  const begun = { isBegun: false };
  const result = shared.current.run(
    withLife(scope, (life) => new CallLife(life, begun)),
    fn,
  );
  begun.isBegun ||= !isAsyncIterable(result);
  return result;
}

/** The life of a call: that of its request until it begins, with what it first asks of Flyte. */
class CallLife implements Life {
  readonly signal: AbortSignal | undefined;

  constructor(
    private readonly request: Life,
    private readonly call: { isBegun: boolean },
  ) {
    // At once: whoever listens later can't tell a client that left from one that was answered.
    this.signal = request.signal;
  }

  get isOver(): boolean {
    this.call.isBegun ||= !this.request.isOver;
    return !this.call.isBegun;
  }
}

function isAsyncIterable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** A scope, and those around it, that hold as long as is said. */
function withLife(scope: AuthScope, change: (life: Life) => Life | undefined): AuthScope {
  return {
    ...scope,
    life: scope.life && change(scope.life),
    parent: scope.parent && withLife(scope.parent, change),
  };
}

/** What a call fails with that starts when its request has been answered. */
export function requestIsOver(): FlyteError {
  return new FlyteError(
    'misuse',
    'Flyte was called as the caller of a request that has been answered. Wait for the call before you answer; or, if it is ' +
      'meant to outlive the request, start it by detachAuthScope(fn). What requests share, such as a queue, a cache or a ' +
      'poller, does not belong to the first of them: hand it bindAuthScope(fn) where each request waits for its own, or use ' +
      "authMetadata(headers, fn) or client.with({ credentials: 'service' }).",
  );
}

/** The credentials that the running code's calls to Flyte travel with, or undefined outside any scope. */
export function getAuthMetadata(): AuthMetadata | undefined {
  return currentAuthScope()?.metadata;
}

/**
 * Binds a callback to the scope it was made in. A callback on an object that outlives a request (an EventEmitter, a
 * connection pool, a shared Subject) otherwise runs in the scope of whoever happens to emit. It ends with its request: calls
 * to Flyte that the callback starts after that fail as `misuse`.
 *
 * @returns a function that runs `fn` in the scope in which `bindAuthScope` was called, or in none if there was none
 */
export function bindAuthScope<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R {
  const scope = shared.current.getStore();
  return (...args) => shared.current.run(scope, fn, ...args);
}

/**
 * The rxjs form of {@link bindAuthScope}: what comes after it in the pipe runs in the scope in which it was called,
 * whoever emits.
 */
export function inAuthScope<T>(): MonoTypeOperatorFunction<T> {
  const scope = shared.current.getStore();
  const inside = <R>(fn: () => R): R => shared.current.run(scope, fn);
  return (source) =>
    new Observable((subscriber) =>
      inside(() =>
        source.subscribe({
          next: (value) => inside(() => subscriber.next(value)),
          error: (error: unknown) => inside(() => subscriber.error(error)),
          complete: () => inside(() => subscriber.complete()),
        }),
      ),
    );
}

/**
 * Runs a function as the caller of a request, where the interceptor's scope does not reach: in a guard of your own that
 * comes after {@link FlyteAuthGuard}, in an exception filter, in middleware-like code that has Nest's context.
 *
 * @param context of the request, as Nest gives it to guards and filters
 * @returns what the function returns
 * @throws FlyteError `misuse` if the guard kept nothing: the route is excluded, the request was refused, or the guard has
 * not run yet
 */
export function runInAuthScope<T>(context: ArgumentsHost, fn: () => T): T {
  const scopes = rememberedScopes(inboundRequest(context).identity);
  if (scopes.length === 0) {
    throw new FlyteError(
      'misuse',
      'runInAuthScope found no credentials for this request. Call it after FlyteAuthGuard, on a route that is not open.',
    );
  }
  // Two connections with passthrough keep a scope each; nested, each client finds its own.
  return scopes.reduceRight((inner, scope) => () => runInScope(scope, inner), fn)();
}
