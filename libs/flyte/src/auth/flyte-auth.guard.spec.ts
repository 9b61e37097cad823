import { HttpException, Logger, type ExecutionContext } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { WsException } from '@nestjs/websockets';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FlyteError } from '../errors/flyte-error.js';
import type { AuthPolicy } from './auth-policy.js';
import { rememberedScopes, type AuthScope } from './auth-scope.js';
import { OptionalFlyteAuth, SkipFlyteAuth } from './auth.decorators.js';
import { FlyteAuthGuard } from './flyte-auth.guard.js';
import { fromAuthorization, fromCookie, fromHeader } from './header-extractors.js';
import { inboundRequest } from './inbound-request.js';

const OWNER = Symbol('owner');
const log = vi.spyOn(Logger.prototype, 'error').mockReturnValue();
afterEach(() => log.mockClear());

class Routes {
  closed(): void {}
  @OptionalFlyteAuth() optional(): void {}
  @SkipFlyteAuth() open(): void {}
}
type Route = keyof Routes;

const guard = (policy: Partial<AuthPolicy> = {}): FlyteAuthGuard =>
  new FlyteAuthGuard({
    ...{
      owner: OWNER,
      passthrough: true,
      isExcluded: () => false,
      alsoForward: [],
      trustedOrigins: [],
      forwardHeaders: [],
    },
    ...{ extractors: [fromAuthorization(), fromCookie()] },
    ...policy,
  });
function context(headers: Record<string, string>, route: Route = 'closed', method = 'GET'): ExecutionContextHost {
  const answered: Record<string, string> = {};
  const response = { answered, setHeader: (name: string, value: string) => (answered[name] = value) };
  return new ExecutionContextHost([{ method, url: '/', headers }, response], Routes, Routes.prototype[route]);
}
/** A context of another transport. */
function contextOf(type: string, ...args: unknown[]): ExecutionContextHost {
  const other = new ExecutionContextHost(args, Routes, Reflect.get(Routes.prototype, 'closed'));
  other.setType(type);
  return other;
}
const kept = (one: ExecutionContext): AuthScope | undefined => rememberedScopes(inboundRequest(one).identity)[0];
const answered = (one: ExecutionContext): unknown => one.getArgByIndex<{ answered: unknown }>(1).answered;
const refusal = async (one: ExecutionContext, policy: Partial<AuthPolicy> = {}): Promise<unknown> => {
  try {
    return (await guard(policy).canActivate(one)) ? 'let in' : 'kept out';
  } catch (error) {
    return error;
  }
};
const refused = (status: number, message: unknown = expect.any(String)): unknown =>
  expect.objectContaining({ status, response: expect.objectContaining({ statusCode: status, message }) as unknown });

describe('a request', () => {
  it('with credentials is let in, and they are kept for it', async () => {
    const one = context({ authorization: 'Bearer x', traceparent: '00-1', 'x-other': 'hidden' });
    expect(await guard({ forwardHeaders: ['traceparent'] }).canActivate(one)).toBe(true);
    expect(kept(one)).toMatchObject({
      owner: OWNER,
      forwarded: [['traceparent', '00-1']],
      life: inboundRequest(one).life && {},
    });
    expect(kept(one)?.metadata.entries()).toEqual([['authorization', 'Bearer x']]);
    expect(kept(one)?.life).toBeDefined();
    expect(answered(one)).toEqual({ 'Cache-Control': 'no-store' });
  });

  it('without any is refused with 401', async () => {
    const one = context({ 'x-other': 'x' });
    const message = 'The request has no credentials. Send an Authorization header.';
    expect(await refusal(one)).toEqual(refused(401, message));
    expect(answered(one)).toEqual({ 'Cache-Control': 'no-store', 'WWW-Authenticate': 'Bearer' });
    expect(kept(one)).toBeUndefined();
    expect(log).not.toHaveBeenCalled();
  });

  it('is let in without any where they are optional, and kept where there are some', async () => {
    const [without, withSome] = [context({}, 'optional'), context({ authorization: 'Bearer x' }, 'optional')];
    for (const one of [without, withSome]) expect(await refusal(one)).toBe('let in');
    expect([kept(without), kept(withSome)?.metadata.names]).toEqual([undefined, ['authorization']]);
  });

  it('to what is open is not looked at', async () => {
    const one = context({ authorization: 'Bearer x' }, 'open');
    expect(await refusal(one)).toBe('let in');
    expect([kept(one), answered(one)]).toEqual([undefined, {}]);
    expect(await refusal(context({}), { passthrough: false })).toBe('let in');
  });

  it('that comes twice, as resolvers of one do, has one object for its credentials until they change', async () => {
    const one = context({ authorization: 'Bearer x' });
    await guard().canActivate(one);
    const first = kept(one)?.metadata;
    await guard().canActivate(one);
    expect(kept(one)?.metadata).toBe(first);
    await guard({ extractors: [() => ({ authorization: 'Bearer y' })] }).canActivate(one);
    expect(kept(one)?.metadata.get('authorization')).toBe('Bearer y');
    await guard({ owner: Symbol('other'), extractors: [() => ({ authorization: 'Bearer y' })] }).canActivate(one);
    const scopes = rememberedScopes(inboundRequest(one).identity);
    expect(scopes[0]?.metadata).not.toBe(scopes[1]?.metadata);
  });
});

describe('extractors', () => {
  it('are asked one after the other, and of two values the later one is kept', async () => {
    const one = context({});
    const extractors = [async () => ({ 'x-a': '1', 'x-b': '1' }), () => null, () => undefined, () => ({ 'X-A': '2' })];
    await guard({ extractors }).canActivate(one);
    expect(kept(one)?.metadata.entries()).toEqual([
      ['x-a', '2'],
      ['x-b', '1'],
    ]);
  });

  it('that find what anybody sends find no credentials', async () => {
    expect(await refusal(context({}), { extractors: [() => ({ traceparent: '00-1' })] })).toEqual(refused(401));
    const both = context({});
    expect(await refusal(both, { extractors: [() => ({ traceparent: '00-1', 'x-key': 'k' })] })).toBe('let in');
  });

  it('that fail are named in the log and skipped, and what they say is not repeated', async () => {
    const broken = (): never => {
      throw new TypeError('Bearer hidden');
    };
    const thrower = Object.defineProperty(
      (): never => {
        // oxlint-disable-next-line typescript/only-throw-error -- some do
        throw 'Bearer hidden';
      },
      'name',
      { value: '' },
    );
    const impostor = (): object => ({ host: 'hidden' });
    const extractors = [broken, thrower, impostor as () => Record<string, string>, fromAuthorization()];
    expect(await refusal(context({ authorization: 'Bearer x' }), { extractors })).toBe('let in');
    expect(log.mock.calls.map(([line]) => String(line))).toEqual([
      'Header extractor "broken" failed and was skipped (TypeError)',
      'Header extractor "anonymous" failed and was skipped (string)',
      expect.stringMatching(/^Header extractor "impostor" failed and was skipped \(misuse: The header "host" can't/),
    ]);
  });

  it('may refuse the request, with 400', async () => {
    const twice = new ExecutionContextHost(
      [{ method: 'GET', url: '/', headers: {}, rawHeaders: ['authorization', 'a', 'authorization', 'b'] }],
      Routes,
      Reflect.get(Routes.prototype, 'closed'),
    );
    expect(await refusal(twice)).toEqual(refused(400, 'The request has 2 "authorization" headers. Send one.'));
    expect(log).not.toHaveBeenCalled();
  });
});

describe('a cookie on a request that another site may have sent', () => {
  const extractors = [fromCookie(), fromAuthorization()];
  it('is refused, unless an origin that is trusted says otherwise', async () => {
    const post = (headers: Record<string, string>) =>
      context({ cookie: 'a=1', host: 'a.example', ...headers }, 'closed', 'POST');
    const message = expect.stringMatching(
      /^A cookie alone, or Basic .*Send a bearer token, or a same-origin Origin\.$/,
    ) as string;
    expect(await refusal(post({}), { extractors })).toEqual(refused(403, message));
    expect(await refusal(post({ origin: 'https://b.example' }), { extractors })).toEqual(refused(403, message));
    expect(await refusal(post({ origin: 'https://a.example' }), { extractors })).toBe('let in');
    expect(
      await refusal(post({ origin: 'https://b.example' }), { extractors, trustedOrigins: ['https://b.example'] }),
    ).toBe('let in');
    expect(await refusal(post({ authorization: 'Bearer x' }), { extractors })).toBe('let in');
    expect(await refusal(context({ cookie: 'a=1' }), { extractors })).toBe('let in');
  });
});

describe('with verify', () => {
  const verify = vi.fn<(token: string) => Promise<void>>();
  const verifying = { verify, extractors: [fromAuthorization(), fromCookie(), fromHeader('x-key')] };
  afterEach(() => verify.mockReset());

  it('the token is checked, and travels with what was named', async () => {
    const headers = { authorization: 'bearer  to.ke.n', cookie: 'a=1', 'x-key': 'k' };
    const [one, other] = [context(headers), context(headers)];
    expect(await refusal(one, verifying)).toBe('let in');
    expect(await refusal(other, { ...verifying, alsoForward: ['cookie'] })).toBe('let in');
    expect(verify.mock.calls).toEqual([['to.ke.n'], ['to.ke.n']]);
    expect([kept(one)?.metadata.names, kept(other)?.metadata.names]).toEqual([
      ['authorization'],
      ['authorization', 'cookie'],
    ]);
  });

  it.each(['', 'Basic eA==', 'Bearer', 'Bearer a b', 'x Bearer a', 'Bearera'])(
    '%j is no bearer token',
    async (value) => {
      expect(await refusal(context({ authorization: value, 'x-key': 'k' }), verifying)).toEqual(refused(401));
      expect(verify).not.toHaveBeenCalled();
    },
  );

  it('who can’t be checked is refused, and the log says why where it is the server’s fault', async () => {
    verify.mockRejectedValueOnce(new FlyteError('unauthenticated', 'The bearer token is not valid.'));
    const one = context({ authorization: 'Bearer x' });
    expect(await refusal(one, verifying)).toEqual(refused(401, 'The bearer token is not valid.'));
    expect(answered(one)).toHaveProperty('WWW-Authenticate', 'Bearer');
    expect(log).not.toHaveBeenCalled();
    verify.mockRejectedValueOnce(new FlyteError('unavailable', 'No keys.'));
    const other = context({ authorization: 'Bearer x' });
    expect(await refusal(other, verifying)).toEqual(refused(503, 'Service Unavailable'));
    expect(answered(other)).toEqual({ 'Cache-Control': 'no-store' });
    expect(log).toHaveBeenCalledWith(expect.stringContaining('unavailable: No keys.'));
    const bug = new Error('a bug');
    verify.mockRejectedValueOnce(bug);
    expect(await refusal(context({ authorization: 'Bearer x' }), verifying)).toBe(bug);
  });
});

describe('elsewhere', () => {
  it('a refusal has the form of its transport', async () => {
    expect(
      await refusal(contextOf('graphql', {}, {}, { req: { method: 'POST', url: '/', headers: {} }, res: {} }, {})),
    ).toBeInstanceOf(HttpException);
    expect(await refusal(contextOf('ws', { handshake: { headers: {} } }, 'data', 'event'))).toBeInstanceOf(WsException);
    const rpc = await refusal(contextOf('rpc', { message: 1 }, {}));
    expect(rpc).not.toBeInstanceOf(HttpException);
    expect(rpc).toBeInstanceOf(FlyteError);
  });

  it('of a transport that nothing is known of, the advice is to adapt it', async () => {
    expect(await refusal(contextOf('discord', {}, {}))).toMatchObject({
      ...{ code: 'unauthenticated' },
      message: expect.stringMatching(
        /no credentials\. Nothing is known .* a "discord" context .* header extractor .*@SkipFlyteAuth\(\)\.$/,
      ) as string,
    });
  });
});
