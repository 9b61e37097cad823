import { Readable } from 'node:stream';
import { StreamableFile } from '@nestjs/common';
import { Subscriber } from 'rxjs';
import { runInScope, type AuthScope } from './auth-scope.js';
import type { InboundRequest } from './inbound-request.js';
import { endRequest } from './request-life.js';

/**
 * Has what a handler of HTTP returned be read in a scope, if it is read bit by bit: a stream, also in a `StreamableFile`, or
 * an async iterator. Its code runs where the next bit is asked for, which is outside any scope, or in that of whatever has
 * drained a connection. Nest knows it again: it is changed, not replaced.
 */
export function readInScope(value: unknown, scope: AuthScope): void {
  const source = value instanceof StreamableFile ? value.getStream() : value;
  if (source instanceof Readable) bindMethods(source, ['_read'], scope);
  else if (isAsyncIterator(source)) bindMethods(source, ['next', 'return', 'throw'], scope);
}

/** Passes on what a handler of HTTP gives, to be read in a scope. */
export class ReadInScope extends Subscriber<unknown> {
  constructor(
    destination: Subscriber<unknown>,
    private readonly scope: AuthScope,
  ) {
    super(destination);
  }

  protected override _next(value: unknown): void {
    readInScope(value, this.scope);
    super._next(value);
  }
}

function bindMethods(target: object, names: readonly string[], scope: AuthScope): void {
  for (const name of names) {
    const method: unknown = Reflect.get(target, name);
    if (typeof method !== 'function') continue;
    const value = (...args: unknown[]): unknown =>
      runInScope(scope, () => Reflect.apply(method, target, args) as unknown);
    Reflect.defineProperty(target, name, { value, configurable: true, writable: true });
  }
}

/** An async iterator whose code runs in a scope, until it ends or nobody wants more of it; other values as they are. */
export function iterateInScope(value: unknown, scope: AuthScope, { identity, life }: InboundRequest): unknown {
  if (!isAsyncIterator(value)) return value;
  const ended = { done: true, value: undefined } as const;
  let left = false;
  const leave = (): void => {
    left = true;
    if (!life.hasLeft) endRequest(identity);
  };
  const iterator: AsyncIterableIterator<unknown> = {
    async next() {
      try {
        const result = await runInScope(scope, () => value.next());
        if (result.done) endRequest(identity);
        return result;
      } catch (error) {
        endRequest(identity);
        // What it fails with because its reader has left concerns nobody.
        if (left) return ended;
        throw error;
      }
    },
    return: () => {
      leave();
      return runInScope(scope, async () => (await value.return?.()) ?? ended);
    },
    throw: (error) => {
      leave();
      return runInScope(scope, async () => (await value.throw?.(error)) ?? ended);
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}

function isAsyncIterator(value: unknown): value is AsyncIterableIterator<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return 'next' in value && typeof value.next === 'function' && Symbol.asyncIterator in value;
}
