import { Readable } from 'node:stream';
import { StreamableFile } from '@nestjs/common';
import { describe, expect, it, vi } from 'vitest';
import { createAuthMetadata } from './auth-metadata.js';
import { getAuthMetadata, type AuthScope } from './auth-scope.js';
import type { InboundRequest } from './inbound-request.js';
import { lifeOfHandler } from './request-life.js';
import { iterateInScope, readInScope } from './streamed-answer.js';

const scope: AuthScope = { metadata: createAuthMetadata({ 'x-user': 'alice' }) };
const who = (): string => getAuthMetadata()?.get('x-user') ?? 'nobody';

describe('an answer over HTTP that is read bit by bit is made in the scope', () => {
  const stream = (): Readable => {
    let left = 2;
    return new Readable({
      read() {
        this.push(left-- > 0 ? `${who()};` : null);
      },
    });
  };
  const read = async (source: AsyncIterable<unknown>): Promise<string> => {
    let text = '';
    for await (const chunk of source) text += String(chunk);
    return text;
  };

  it('a stream, also in a StreamableFile', async () => {
    const [bare, file] = [stream(), new StreamableFile(stream())];
    for (const value of [bare, file]) readInScope(value, scope);
    expect([await read(bare), await read(file.getStream())]).toEqual(['alice;alice;', 'alice;alice;']);
  });

  it('an async generator, however it is ended', async () => {
    const seen: string[] = [];
    async function* generate(): AsyncGenerator<string> {
      try {
        yield who();
        yield who();
      } catch (error) {
        seen.push(`${String(error)} ${who()}`);
      } finally {
        seen.push(who());
      }
    }
    const [whole, left, failed] = [generate(), generate(), generate()];
    for (const one of [whole, left, failed]) readInScope(one, scope);
    expect(await read(whole)).toBe('alicealice');
    expect(await left.next()).toEqual({ done: false, value: 'alice' });
    expect(await left.return('end')).toEqual({ done: true, value: 'end' });
    await failed.next();
    await failed.throw('broken');
    expect(seen).toEqual(['alice', 'alice', 'broken alice', 'alice']);
  });

  it('an iterator of Node’s shape is changed in place, and nothing else is', () => {
    const next = vi.fn<() => unknown>();
    const iterator = { next, [Symbol.asyncIterator]: () => iterator };
    readInScope(iterator, scope);
    expect(iterator.next).not.toBe(next);
    expect(Object.keys(iterator)).toEqual(['next']);
    expect('return' in iterator).toBe(false);
    iterator.next = next; // still its owner's to change
    const others = [{ next }, { [Symbol.asyncIterator]: next }, { next: 1, [Symbol.asyncIterator]: next }];
    for (const value of [...others, null, undefined, 'text', 7]) readInScope(value, scope);
    expect(others.map((one): unknown[] => Object.values(one))).toEqual([[next], [], [1]]);
  });
});

describe('an async iterator over GraphQL', () => {
  const request = (fields: object = {}): InboundRequest => {
    const identity = {};
    return { identity, life: lifeOfHandler(identity, fields) } as unknown as InboundRequest;
  };
  const iterate = (value: unknown, inbound: InboundRequest): AsyncIterableIterator<unknown> =>
    iterateInScope(value, scope, inbound) as AsyncIterableIterator<unknown>;
  async function* generate(): AsyncGenerator<string> {
    yield who();
  }

  it('runs in the scope, and ends its request with itself', async () => {
    const inbound = request();
    const iterator = iterate(generate(), inbound);
    expect(iterator[Symbol.asyncIterator]()).toBe(iterator);
    expect(await iterator.next()).toEqual({ done: false, value: 'alice' });
    expect(inbound.life.isOver).toBe(false);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    expect(inbound.life.isOver).toBe(true);
  });

  it('ends its request where it fails, and says so', async () => {
    const inbound = request();
    const failing = {
      next: () => Promise.reject(new Error('broken')),
      [Symbol.asyncIterator]: () => undefined,
    };
    await expect(iterate(failing, inbound).next()).rejects.toThrow('broken');
    expect(inbound.life.isOver).toBe(true);
  });

  it.each(['return', 'throw'] as const)('is left by %s, in the scope', async (way) => {
    const [inbound, gone] = [request(), request({ destroyed: true })];
    const seen: string[] = [];
    const source = () => ({
      next: async () => ({ done: false, value: 1 }),
      [way]: async (value: unknown) => {
        seen.push(who());
        return { done: true, value };
      },
      [Symbol.asyncIterator]: () => undefined,
    });
    const answer = await iterate(source(), inbound)[way]?.('why');
    expect([seen, inbound.life.isOver, answer?.done]).toEqual([['alice'], true, true]);
    // Of a client that left, its signal tells.
    await iterate(source(), gone)[way]?.('why');
    expect(gone.life.isOver).toBe(false);
    const bare = { next: async () => ({ done: true, value: 1 }), [Symbol.asyncIterator]: () => undefined };
    expect(await iterate(bare, request())[way]?.('why')).toEqual({ done: true, value: undefined });
  });

  it.each(['return', 'throw'] as const)('that fails since its reader left by %s concerns nobody', async (way) => {
    let fail: (error: Error) => void = () => undefined;
    const source = {
      next: () => new Promise((_resolve, reject) => (fail = reject)),
      [Symbol.asyncIterator]: () => undefined,
    };
    const iterator = iterate(source, request());
    const next = iterator.next();
    await iterator[way]?.();
    fail(new Error('canceled'));
    expect(await next).toEqual({ done: true, value: undefined });
  });

  it('other values are as they are', () => {
    const asyncIterable = { [Symbol.asyncIterator]: () => undefined };
    for (const value of [null, 'text', { a: 1 }, [1], asyncIterable, { ...asyncIterable, next: 1 }])
      expect(iterate(value, request())).toBe(value);
  });
});
