import { createPublicKey } from 'node:crypto';
import { Controller, Get } from '@nestjs/common';
import { FlyteModule, getAuthMetadata, OptionalFlyteAuth, UserService, type VerifyOptions } from 'nestjs-flyte';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ADAPTERS, LogLines, startApp, type Running } from '../support/app.js';
import { ask, bearer } from '../support/http.js';
import { startIssuer } from '../support/issuer.js';
import { startPlane } from '../support/plane.js';

@Controller()
class Me {
  constructor(private readonly users: UserService) {}
  @Get('me') async me() {
    return { subject: (await this.users.get()).subject, names: getAuthMetadata()?.names };
  }
  @Get('optional') @OptionalFlyteAuth() optional() {
    return { names: getAuthMetadata()?.names ?? [] };
  }
}

let plane: LocalControlPlane;
let calls = 0;
beforeAll(async () => {
  plane = await startPlane({
    interceptors: [
      (next) => (request) => {
        calls++;
        return next(request);
      },
    ],
  });
});
afterAll(() => plane.close());

const start = (
  verify: VerifyOptions,
  adapter: (typeof ADAPTERS)[number] = 'express',
  logger = new LogLines(),
): Promise<Running> =>
  startApp({
    adapter,
    logger,
    controllers: [Me],
    imports: [FlyteModule.forRoot({ endpoint: plane.url, passthrough: true, verify })],
  });

const claims = (sub: string): SignJWT => new SignJWT({ sub }).setIssuedAt();

describe.each(ADAPTERS)('verify on %s', (adapter) => {
  let app: Running;
  beforeAll(async () => {
    app = await start({ issuer: plane.url, audience: plane.audience }, adapter);
  });
  afterAll(() => app.app.close());

  it('lets a valid token pass, alone', async () => {
    const headers = { ...bearer(await plane.token('alice')), cookie: 'session=1' };
    expect((await ask(app.url, '/me', { headers })).json).toEqual({ subject: 'alice', names: ['authorization'] });
  });

  it('lets what alsoForward names travel with it', async () => {
    await using other = await start(
      { jwksUri: plane.jwksUri, audience: plane.audience, alsoForward: ['cookie'] },
      adapter,
    );
    const headers = { ...bearer(await plane.token('alice')), cookie: 'session=1' };
    expect((await ask(other.url, '/me', { headers })).json).toEqual({
      subject: 'alice',
      names: ['authorization', 'cookie'],
    });
  });

  const forged = async (): Promise<Record<string, string>> => {
    const { keys } = (await (await fetch(plane.jwksUri)).json()) as { keys: [JWK] };
    const [key] = keys;
    const { privateKey } = await generateKeyPair('ES256');
    const sign = (token: SignJWT, alg = 'ES256', header = {}): Promise<string> =>
      token.setProtectedHeader({ alg, kid: key.kid, ...header }).sign(privateKey);
    const good = (): SignJWT =>
      claims('alice').setIssuer(plane.url).setAudience(plane.audience).setExpirationTime('1h');
    const valid = await plane.token('alice');
    const [head, body, signature] = valid.split('.') as [string, string, string];
    const changed = Buffer.from(
      JSON.stringify({ sub: 'admin', aud: plane.audience, iss: plane.url, exp: 9_999_999_999 }),
    ).toString('base64url');
    const hs256 = new SignJWT({ sub: 'alice' })
      .setIssuer(plane.url)
      .setAudience(plane.audience)
      .setExpirationTime('1h');
    const pem = createPublicKey({ key: { ...key }, format: 'jwk' })
      .export({ type: 'spki', format: 'pem' })
      .toString();
    return {
      'another key': await sign(good()),
      'another key, own jwk in the header': await sign(good(), 'ES256', {
        jwk: await exportJWK((await generateKeyPair('ES256', { extractable: true })).publicKey),
      }),
      'an unknown key id': await sign(good(), 'ES256', { kid: 'nobody' }),
      'a changed body': [head, changed, signature].join('.'),
      'no signature': [head, body, ''].join('.'),
      'alg none': new UnsecuredJWT({ sub: 'alice' })
        .setIssuer(plane.url)
        .setAudience(plane.audience)
        .setExpirationTime('1h')
        .encode(),
      'HS256 with the public key': await hs256
        .setProtectedHeader({ alg: 'HS256', kid: key.kid })
        .sign(new TextEncoder().encode(pem)),
      expired: await plane
        .token('alice', { expiresInSeconds: 1 })
        .then(async (token) => (await new Promise((resolve) => setTimeout(resolve, 1)), token)),
      'another audience': await plane.token('alice', { audience: 'another' }),
      'no JWT': 'opaque-token',
      'three dots': '...',
    };
  };

  it('refuses what does not hold, before anything is forwarded', async () => {
    const tokens = await forged();
    // Tokens of a second expire within the tolerance of five: here there is none.
    await using strict = await start(
      { issuer: plane.url, audience: plane.audience, clockToleranceSeconds: 0 },
      adapter,
    );
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    calls = 0;
    for (const [what, token] of Object.entries(tokens)) {
      // oxlint-disable-next-line no-await-in-loop
      const answer = await ask(strict.url, '/me', { headers: bearer(token) });
      expect(answer.status, what).toBe(401);
      expect(answer.headers['www-authenticate'], what).toMatch(/^Bearer/);
      expect(answer.text, what).not.toContain(token);
      // oxlint-disable-next-line no-await-in-loop
      expect((await ask(strict.url, '/optional', { headers: bearer(token) })).status, what).toBe(401);
    }
    expect(Object.keys(tokens)).toHaveLength(11);
    expect(calls).toBe(0);
  });

  it('demands a bearer token, whatever else is there', async () => {
    const insufficient: Record<string, string>[] = [
      { cookie: 'session=1' },
      { authorization: 'Basic dTpw' },
      { authorization: 'Bearer' },
    ];
    for (const headers of insufficient) {
      // oxlint-disable-next-line no-await-in-loop
      expect((await ask(app.url, '/me', { headers })).status).toBe(401);
      // oxlint-disable-next-line no-await-in-loop
      expect((await ask(app.url, '/optional', { headers })).json).toEqual({ names: [] });
    }
  });
});

describe('the keys', () => {
  it('are fetched once, and again for a token that names a new one', async () => {
    const { url, server, keys, state } = await startIssuer();
    const add = async (kid: string) => {
      const { publicKey, privateKey } = await generateKeyPair('RS256');
      keys.push({ ...(await exportJWK(publicKey)), kid, alg: 'RS256' });
      return claims('x')
        .setIssuer(url)
        .setAudience('me')
        .setExpirationTime('1h')
        .setProtectedHeader({ alg: 'RS256', kid })
        .sign(privateKey);
    };
    await using app = await start({ issuer: url, audience: ['other', 'me'], cacheSeconds: 0 });
    const one = await add('one');
    for (let i = 0; i < 5; i++) {
      // oxlint-disable-next-line no-await-in-loop
      expect((await ask(app.url, '/optional', { headers: bearer(one) })).status).toBe(200);
    }
    expect(state.fetched).toBe(2);
    keys.pop();
    const two = await add('two');
    // Asked again at most every 30 seconds: a flood of unknown ids must not become one at the issuer.
    expect((await ask(app.url, '/optional', { headers: bearer(two) })).status).toBe(401);
    expect(state.fetched).toBe(2);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31_000 });
    expect((await ask(app.url, '/optional', { headers: bearer(two) })).status).toBe(200);
    expect((await ask(app.url, '/optional', { headers: bearer(one) })).status).toBe(401);
    vi.useRealTimers();
    expect(state.fetched).toBe(3);
    server.close();
  });

  it('503 while they can’t be had, and recovery', async () => {
    const { url, server, keys, state } = await startIssuer();
    const { publicKey, privateKey } = await generateKeyPair('EdDSA');
    keys.push({ ...(await exportJWK(publicKey)), kid: 'k', alg: 'EdDSA' });
    const token = await claims('x')
      .setIssuer(url)
      .setAudience('me')
      .setExpirationTime('1h')
      .setProtectedHeader({ alg: 'EdDSA', kid: 'k' })
      .sign(privateKey);
    const logger = new LogLines();
    await using app = await start({ issuer: url, audience: 'me' }, 'express', logger);
    await using direct = await start({ jwksUri: `${url}/jwks`, audience: 'me' });
    state.status = 500;
    for (const running of [app, direct]) {
      // oxlint-disable-next-line no-await-in-loop
      expect((await ask(running.url, '/optional', { headers: bearer(token) })).status).toBe(503);
    }
    state.status = 200;
    // It is left alone for a second.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 1_001 });
    for (const running of [app, direct]) {
      // oxlint-disable-next-line no-await-in-loop
      expect((await ask(running.url, '/optional', { headers: bearer(token) })).status).toBe(200);
    }
    vi.useRealTimers();
    await using nowhere = await start({ jwksUri: 'http://127.0.0.1:9/jwks', audience: 'me' });
    expect((await ask(nowhere.url, '/optional', { headers: bearer(token) })).status).toBe(503);
    server.close();
  });

  it('that are good are not lost to a token that names none, or an unusable one, while the issuer is away', async () => {
    const { url, server, keys, state } = await startIssuer();
    const { publicKey, privateKey } = await generateKeyPair('RS256');
    keys.push({ ...(await exportJWK(publicKey)), kid: 'good' }, { kty: 'RSA', n: 'AQAB', e: 'AQAB', kid: 'small' });
    const sign = (kid: string) =>
      claims('x').setAudience('me').setExpirationTime('1h').setProtectedHeader({ alg: 'RS256', kid }).sign(privateKey);
    const logger = new LogLines();
    await using app = await start({ jwksUri: `${url}/jwks`, audience: 'me' }, 'express', logger);
    const status = async (kid: string) =>
      (await ask(app.url, '/optional', { headers: bearer(await sign(kid)) })).status;
    expect(await status('good')).toBe(200);
    expect(await status('small')).toBe(503);
    expect(await status('good')).toBe(200);
    expect(state.fetched).toBe(1);
    state.status = 500;
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31_000 });
    expect(await status('nobody')).toBe(503);
    expect(await status('good')).toBe(200);
    vi.useRealTimers();
    // The client is told nothing of it, so the log must.
    expect(logger.lines.join('\n')).toMatch(/keys that verify[^]*200 OK/);
    server.close();
  });

  it('are not enough: a token names the issuer that is set, and its end', async () => {
    const { url, server, keys } = await startIssuer();
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    keys.push({ ...(await exportJWK(publicKey)), kid: 'k' });
    const sign = (iss: string, end?: string) => {
      const token = claims('x').setIssuer(iss).setAudience('me').setProtectedHeader({ alg: 'ES256', kid: 'k' });
      return (end ? token.setExpirationTime(end) : token).sign(privateKey);
    };
    await using app = await start({ issuer: url, jwksUri: `${url}/jwks`, audience: 'me' });
    const answer = async (token: string) => {
      const { status, text } = await ask(app.url, '/optional', { headers: bearer(token) });
      return [status, /claim \\"(\w+)/.exec(text)?.[1]];
    };
    expect(await answer(await sign(url, '1h'))).toEqual([200, undefined]);
    expect(await answer(await sign('https://another.example', '1h'))).toEqual([401, 'iss']);
    expect(await answer(await sign(`${url}/`, '1h'))).toEqual([401, 'iss']);
    expect(await answer(await sign(url))).toEqual([401, 'exp']);
    server.close();
  });
});
