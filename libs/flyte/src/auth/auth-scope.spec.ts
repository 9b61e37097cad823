import { EventEmitter } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { createAuthMetadata, type AuthHeaders } from './auth-metadata.js';
import {
  authMetadata,
  bindAuthScope,
  currentAuthScope,
  detachAuthScope,
  getAuthMetadata,
  inAuthScope,
  isInScopeOf,
  rememberedScopes,
  rememberScope,
  requestIsOver,
  runAsOneCall,
  runInAuthScope,
  runInScope,
  runOutsideScopesOf,
  type AuthScope,
} from './auth-scope.js';
import { lifeOfStream } from './request-life.js';

const A = Symbol('a');
const B = Symbol('b');
const scope = (who: string, owner?: symbol, life?: AuthScope['life']): AuthScope => ({
  metadata: createAuthMetadata({ 'x-user': who }),
  owner,
  life,
});
/** Who the running code is, to a module instance. */
const who = (owner?: symbol): string | undefined => currentAuthScope(owner)?.metadata.get('x-user');
const everyone = (): unknown[] => [who(), who(A), who(B)];

describe('scopes', () => {
  it('serve the clients of their owner, and those of authMetadata all', () => {
    expect(everyone()).toEqual([undefined, undefined, undefined]);
    runInScope(scope('alice', A), () => {
      expect(everyone()).toEqual(['alice', 'alice', undefined]);
      runInScope(scope('bob', B), () => expect(everyone()).toEqual(['bob', 'alice', 'bob']));
      authMetadata({ 'x-user': 'job' }, () => expect(everyone()).toEqual(['job', 'job', 'job']));
      expect(getAuthMetadata()?.get('x-user')).toBe('alice');
    });
    expect(getAuthMetadata()).toBeUndefined();
  });

  it('keep none around them that nobody can look for any more', () => {
    const depth = (): number => {
      let [found, one] = [0, currentAuthScope()];
      for (; one; one = one.parent) found++;
      return found;
    };
    runInScope(scope('alice', A), () =>
      runInScope(scope('bob', B), () =>
        runInScope(scope('carol', A), () => {
          expect([depth(), ...everyone()]).toEqual([2, 'carol', 'carol', 'bob']);
          authMetadata({ 'x-user': 'job' }, () => {
            expect(depth()).toBe(1);
            runInScope(scope('dave', A), () =>
              runInScope(scope('erin', A), () => expect([depth(), ...everyone()]).toEqual([2, 'erin', 'erin', 'job'])),
            );
          });
        }),
      ),
    );
  });

  it('of one owner can be left, and those of others stay', () => {
    expect(runOutsideScopesOf(A, everyone)).toEqual([undefined, undefined, undefined]);
    runInScope(scope('alice', A), () => {
      expect([isInScopeOf(A), isInScopeOf(B)]).toEqual([true, false]);
      runInScope(scope('bob', B), () => {
        expect([isInScopeOf(A), isInScopeOf(B)]).toEqual([true, true]);
        expect(runOutsideScopesOf(A, everyone)).toEqual(['bob', undefined, 'bob']);
        expect(runOutsideScopesOf(B, everyone)).toEqual(['alice', 'alice', undefined]);
      });
    });
    expect(isInScopeOf(A)).toBe(false);
  });
});

it('a call ends with a client that leaves before it asks anything of Flyte', async () => {
  class Answer extends EventEmitter {
    [field: PropertyKey]: unknown;
  }
  const response = new Answer();
  const life = lifeOfStream(response, 'close');
  const call = runInScope(scope('alice', A, life), () =>
    runAsOneCall(async () => {
      await setImmediate();
      return currentAuthScope(A)?.life?.signal?.aborted;
    }),
  );
  response['destroyed'] = true;
  response.emit('close');
  response['writableEnded'] = true; // Nest ends the response all the same
  expect(await call).toBe(true);
});

describe('authMetadata', () => {
  it('takes a record, pairs or one pair, and gives what the function gives', () => {
    const shapes: Parameters<typeof authMetadata>[0][] = [{ 'x-user': 'job' }, [['x-user', 'job']], ['x-user', 'job']];
    expect(shapes.map((headers) => authMetadata(headers, who))).toEqual(['job', 'job', 'job']);
    expect(
      authMetadata(
        [
          ['a', '1'],
          ['b', '2'],
        ],
        () => getAuthMetadata()?.names,
      ),
    ).toEqual(['a', 'b']);
  });

  it('asks for a header', () => {
    const refused = { code: 'misuse', message: expect.stringMatching(/given no header\. Pass one/) as string };
    for (const headers of [{}, [], { a: undefined }])
      expect(() => authMetadata(headers, who)).toThrow(expect.objectContaining(refused));
    for (const headers of [['a'], ['a', 'b', 'c'], ['a', 7]] as unknown[])
      expect(() => authMetadata(headers as AuthHeaders, who)).toThrow(/list of pairs/);
  });
});

describe('of a request', () => {
  /** A life that a test ends. */
  const mortal = (): { isOver: boolean; signal: AbortSignal } => ({
    isOver: false,
    signal: new AbortController().signal,
  });
  const lifeNow = (): AuthScope['life'] => currentAuthScope()?.life;

  it('detachAuthScope keeps the credentials, and nothing of its end', () => {
    const [outer, life] = [mortal(), mortal()];
    runInScope(scope('alice', A, outer), () =>
      runInScope(scope('bob', B, life), () => {
        expect(detachAuthScope(() => [...everyone(), lifeNow(), currentAuthScope(A)?.life])).toEqual([
          ...['bob', 'alice', 'bob', undefined, undefined],
        ]);
        life.isOver = true;
        expect(() => detachAuthScope(who)).toThrow(expect.objectContaining({ code: 'misuse' }));
        expect(() => detachAuthScope(who)).toThrow(requestIsOver().message);
      }),
    );
    expect(detachAuthScope(who)).toBeUndefined();
    expect(authMetadata({ 'x-user': 'job' }, () => detachAuthScope(who))).toBe('job');
    expect(requestIsOver().message).toMatch(
      /has been answered\. .*detachAuthScope\(fn\)\. .*bindAuthScope\(fn\) .*authMetadata\(headers, fn\) or client\.with/,
    );
  });

  it('what was begun as one call goes on after the answer', () => {
    const life = mortal();
    runInScope(scope('alice', A, life), () => {
      const inner = runAsOneCall(lifeNow);
      expect([inner?.signal, inner?.isOver]).toEqual([life.signal, false]);
      life.isOver = true;
      expect(inner?.isOver).toBe(false);
      expect(runAsOneCall(lifeNow)?.isOver).toBe(true);
    });
    expect(runAsOneCall(who)).toBeUndefined();
    expect(authMetadata({ 'x-user': 'job' }, () => runAsOneCall(() => [who(), lifeNow()]))).toEqual(['job', undefined]);
  });

  it('what gives an async iterable is begun when that is read', () => {
    const read = (life: { isOver: boolean }, isReadInTime: boolean): boolean | undefined => {
      let inner: AuthScope['life'];
      const iterable = (): object => {
        inner = lifeNow();
        return { [Symbol.asyncIterator]: () => undefined };
      };
      runAsOneCall(iterable);
      if (isReadInTime) expect(inner?.isOver).toBe(false);
      life.isOver = true;
      return inner?.isOver;
    };
    for (const inTime of [true, false]) {
      const life = mortal();
      expect(runInScope(scope('alice', A, life), () => read(life, inTime))).toBe(!inTime);
    }
    for (const value of [null, undefined, 'text', {}] as const) {
      const life = mortal();
      let inner: AuthScope['life'];
      runInScope(scope('alice', A, life), () =>
        runAsOneCall(() => {
          inner = lifeNow();
          return value;
        }),
      );
      life.isOver = true;
      expect(inner?.isOver, JSON.stringify(value)).toBe(false);
    }
  });
});

describe('what others call runs in the scope in which it was bound', () => {
  it('callbacks, with what they are given', () => {
    const bound = runInScope(scope('alice', A), () => bindAuthScope((...args: number[]) => [who(), ...args]));
    const free = bindAuthScope(who);
    runInScope(scope('bob', A), () => {
      expect(bound(1, 2)).toEqual(['alice', 1, 2]);
      expect(free()).toBeUndefined();
    });
  });

  it('the values, the error and the end of an Observable', () => {
    const seen: unknown[] = [];
    const source = new Subject<number>();
    const follow = (values: Subject<number>) =>
      runInScope(scope('alice', A), () => values.pipe(inAuthScope())).subscribe({
        next: (value) => seen.push([who(), value]),
        error: (error) => seen.push([who(), error]),
        complete: () => seen.push([who(), 'complete']),
      });
    const subscription = follow(source);
    const failing = new Subject<number>();
    follow(failing);
    runInScope(scope('bob', A), () => {
      source.next(1);
      failing.error('broken');
      source.complete();
    });
    expect(seen).toEqual([
      ['alice', 1],
      ['alice', 'broken'],
      ['alice', 'complete'],
    ]);
    expect(subscription.closed).toBe(true);
    const left = new Subject<number>();
    follow(left).unsubscribe();
    expect(left.observed).toBe(false);
  });
});

describe('what guards keep for a request', () => {
  const contextOf = (request: object): ExecutionContextHost => new ExecutionContextHost([request, {}]);

  it('is one scope per owner, the last', () => {
    const request = {};
    expect(rememberedScopes(request)).toEqual([]);
    const [alice, bob, carol] = [scope('alice', A), scope('bob', B), scope('carol', A)];
    for (const one of [alice, bob, carol]) rememberScope(request, one);
    expect(rememberedScopes(request)).toEqual([bob, carol]);
  });

  it.each([
    ['as it is', {}],
    ['frozen before', Object.freeze({})],
  ])('is of that object alone: %s', (_, request) => {
    const alice = scope('alice', A);
    rememberScope(request, alice);
    Object.freeze(request);
    rememberScope(request, scope('bob', B));
    expect(rememberedScopes(request)).toEqual([alice, expect.objectContaining({ owner: B })]);
    expect(rememberedScopes(Object.create(request) as object)).toEqual([]);
    expect(rememberedScopes({ ...request })).toEqual([]);
    expect(Reflect.ownKeys(request)).toEqual([]);
  });

  it('is what runInAuthScope runs in', () => {
    const request = { method: 'GET', url: '/', headers: {} };
    const refused = {
      code: 'misuse',
      message: expect.stringMatching(/no credentials .* after FlyteAuthGuard/) as string,
    };
    expect(() => runInAuthScope(contextOf(request), who)).toThrow(expect.objectContaining(refused));
    rememberScope(request, scope('alice', A));
    rememberScope(request, scope('bob', B));
    expect(runInAuthScope(contextOf(request), everyone)).toEqual(['bob', 'alice', 'bob']);
  });
});
