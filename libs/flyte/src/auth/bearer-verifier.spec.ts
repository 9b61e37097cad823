import { createServer, type Server } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createBearerVerifier, type BearerVerifier } from './bearer-verifier.js';
import { ASYMMETRIC_ALGORITHMS, type VerifyOptions } from './verify-options.js';
import { VerifiedTokens } from '../protocol/verified-tokens.js';

let server: Server;
let jwksUri: string;
const keySet: { keys: JWK[] } = { keys: [] };
let body: () => string = () => JSON.stringify(keySet);
const signWith: Record<string, (token: SignJWT) => Promise<string>> = {};
beforeAll(async () => {
  for (const alg of ['ES256', 'RS256']) {
    // oxlint-disable-next-line no-await-in-loop -- one key after the other: this is quick enough
    const { publicKey, privateKey } = await generateKeyPair(alg);
    // oxlint-disable-next-line no-await-in-loop
    keySet.keys.push({ ...(await exportJWK(publicKey)), kid: alg, alg });
    signWith[alg] = (token) => token.setProtectedHeader({ alg, kid: alg }).sign(privateKey);
  }
  server = createServer((_request, response) => response.end(body()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  jwksUri = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/jwks`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const sign = async (change = (token: SignJWT): SignJWT => token, alg = 'ES256'): Promise<string> =>
  (await signWith[alg]?.(change(new SignJWT({}).setIssuer('me.example').setAudience('me').setExpirationTime('1h')))) ??
  '';
const verifier = (options: Partial<VerifyOptions> = {}): BearerVerifier =>
  createBearerVerifier({ jwksUri, issuer: 'me.example', audience: 'me', ...options });
const said = (token: string, options: Partial<VerifyOptions> = {}): Promise<string> =>
  Promise.resolve(verifier(options)(token)).then(
    () => 'good',
    (error: Error & { code: string }) => `${error.code}: ${error.message}`,
  );
const invalid = (reason: string): string => `unauthenticated: The bearer token is not valid: ${reason}.`;

describe('a bearer token', () => {
  it('that holds is good', async () => {
    expect(await said(await sign())).toBe('good');
    expect(await said(await sign(undefined, 'RS256'))).toBe('good');
    expect(await said(await sign(), { audience: ['other', 'me'] })).toBe('good');
    expect(await said(await sign(), { issuer: undefined })).toBe('good');
    expect(await said(await sign(), { algorithms: ['ES256'] })).toBe('good');
  });

  it('is refused for what is wrong with it', async () => {
    const claim = (name: string): string => invalid(`its claim "${name}" is not accepted`);
    expect(await said(await sign((token) => token.setAudience('other')))).toBe(claim('aud'));
    expect(await said(await sign((token) => token.setIssuer('other.example')))).toBe(claim('iss'));
    expect(await said(await sign(() => new SignJWT({ iss: 'me.example', aud: 'me' })))).toBe(claim('exp'));
    expect(await said(await sign(undefined, 'RS256'), { algorithms: ['ES256'] })).toBe(
      invalid('its algorithm is not allowed'),
    );
    expect(await said('no.jwt.at-all')).toBe(invalid('it is malformed'));
    const good = await sign();
    const forged = [...good.split('.').slice(0, 2), (await sign((token) => token.setSubject('x'))).split('.')[2]].join(
      '.',
    );
    expect(await said(forged)).toBe(invalid('its signature does not hold'));
    const { privateKey } = await generateKeyPair('ES256');
    const foreign = await new SignJWT({}).setProtectedHeader({ alg: 'ES256', kid: 'foreign' }).sign(privateKey);
    expect(await said(foreign)).toBe(invalid('no key of its issuer signed it'));
  });

  it('may be as late as clocks differ', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const late = (seconds: number): Promise<string> =>
      sign((token) => token.setExpirationTime(Math.floor(Date.now() / 1000) - seconds));
    expect(await said(await late(4))).toBe('good');
    expect(await said(await late(5))).toBe(invalid('it has expired'));
    expect(await said(await late(5), { clockToleranceSeconds: 6 })).toBe('good');
    expect(await said(await late(0), { clockToleranceSeconds: 0 })).toBe(invalid('it has expired'));
    vi.useRealTimers();
  });

  it('is not judged where the keys can’t be had, and is not quoted', async () => {
    const unavailable = /^unavailable: The keys that verify bearer tokens can not be had at the moment\. Try again\.$/;
    for (const broken of ['{}', 'no json']) {
      body = () => broken;
      // oxlint-disable-next-line no-await-in-loop
      expect(await said(await sign()), broken).toMatch(unavailable);
    }
    body = () => JSON.stringify(keySet);
    expect(await said(await sign(), { jwksUri: 'http://127.0.0.1:1/' })).toMatch(unavailable);
  });
});

it('no algorithm lets whoever knows the public key sign', () => {
  expect(ASYMMETRIC_ALGORITHMS.filter((name) => !/^(RS|PS|ES|Ed)/.test(name))).toEqual([]);
});

describe('a token that was verified', () => {
  const now = Date.now();
  beforeEach(() => vi.useFakeTimers({ now, toFake: ['Date'] }));
  afterEach(() => vi.useRealTimers());
  const expiring = (seconds: number): Promise<string> =>
    sign((token) => token.setExpirationTime(Math.floor(now / 1000) + seconds));

  it('is not looked at again for a minute, and another one is', async () => {
    const verify = verifier();
    const token = await expiring(3600);
    await verify(token);
    expect(verify(token)).toBeUndefined();
    vi.setSystemTime(now + 59_000);
    expect(verify(token)).toBeUndefined();
    await expect(verify(`${token.slice(0, -9)}${'_'.repeat(9)}`)).rejects.toThrow('its signature does not hold');
    vi.setSystemTime(now + 60_000);
    await expect(verify(token)).resolves.toBeUndefined();
  });

  it('is looked at again once it has expired, also within that minute', async () => {
    const verify = verifier({ clockToleranceSeconds: 0 });
    const token = await expiring(10);
    await verify(token);
    vi.setSystemTime(now + 9_000);
    expect(verify(token)).toBeUndefined();
    vi.setSystemTime(now + 11_000);
    await expect(verify(token)).rejects.toThrow('it has expired');
  });

  it('is looked at each time where nothing is to be remembered, and where it was refused', async () => {
    const never = verifier({ cacheSeconds: 0 });
    const token = await expiring(3600);
    await never(token);
    expect(never(token)).toBeInstanceOf(Promise);
    const verify = verifier({ audience: 'other' });
    await expect(verify(token)).rejects.toThrow('"aud"');
    await expect(verify(token)).rejects.toThrow('"aud"');
  });

  it('makes room for others, the oldest first', () => {
    const tokens = new VerifiedTokens<number>(60_000);
    for (let i = 0; i <= 10_000; i += 1) tokens.add(String(i), now / 1000 + 3600, i);
    expect([tokens.get('0'), tokens.get('1'), tokens.get('10000')]).toEqual([undefined, 1, 10_000]);
  });
});
