import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createBearerVerifier } from './bearer-verifier.js';
import { type VerifyOptions } from './verify-options.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const WELL_KNOWN = '/.well-known/openid-configuration';

let server: Server;
let url: string;
let keys: JWK[];
/** The paths that were asked for. */
let asked: string[];
let status: number;
/** What is answered to a path in place of the discovery document and the key set. */
let answers: Record<string, { status?: number; headers?: Record<string, string>; body?: unknown }>;
/** Answers wait for it. */
let gate: Promise<unknown> | undefined;
beforeEach(async () => {
  [keys, asked, status, answers, gate] = [[], [], 200, {}, undefined];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? '';
    asked.push(path);
    await gate;
    const { status: code = status, headers, body } = answers[path] ?? {};
    response.writeHead(code, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body ?? (path === '/jwks' ? { keys } : { issuer: url, jwks_uri: `${url}/jwks` })));
  };
  server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(async () => {
  vi.useRealTimers();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
const wait = (ms: number): void => void vi.setSystemTime(Date.now() + ms);

/** A token of a new key, which is published unless it is the key of somebody else. */
async function token(kid: string, isPublished = true, issuer = url): Promise<string> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  if (isPublished) keys.push({ ...(await exportJWK(publicKey)), kid, alg: 'ES256' });
  const claims = new SignJWT({ sub: 'x' }).setIssuer(issuer).setAudience('me').setExpirationTime('100h');
  return claims.setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey);
}
/** What a verifier says of many tokens at once, and how often the issuer was asked meanwhile. */
type Ask = (token: string, times?: number) => Promise<[said: string, times: number]>;
function asking(options: Partial<VerifyOptions> = {}): Ask {
  const verify = createBearerVerifier({ issuer: url, audience: 'me', cacheSeconds: 0, ...options });
  const judge = (one: string): Promise<string> =>
    Promise.resolve(verify(one)).then(
      () => 'good',
      (error: { code: string }) => error.code,
    );
  return async (one, times = 3) => {
    const before = asked.length;
    const said = await Promise.all(Array.from({ length: times }, () => judge(one)));
    return [[...new Set(said)].join(), asked.length - before];
  };
}

describe('an issuer that fails', () => {
  it.each(['at its discovery', 'at its keys'])('%s is asked with backoff, up to 30 seconds', async (where) => {
    const [good, fake] = [await token('k'), await token('fake', false)];
    status = 500;
    const ask = asking(where === 'at its keys' ? { jwksUri: `${url}/jwks` } : {});
    expect(await ask(fake)).toEqual(['unavailable', 1]);
    for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
      wait(seconds * SECOND - 1);
      // oxlint-disable-next-line no-await-in-loop -- the clock goes on between them
      expect(await ask(fake), `before ${seconds} s`).toEqual(['unavailable', 0]);
      wait(1);
      // oxlint-disable-next-line no-await-in-loop
      expect(await ask(fake), `after ${seconds} s`).toEqual(['unavailable', 1]);
    }
    status = 200;
    wait(30 * SECOND);
    expect((await ask(good))[0]).toBe('good');
    // Forgiven: the next failure begins with a second again.
    status = 500;
    wait(11 * MINUTE);
    expect(await ask(fake)).toEqual(['unavailable', 1]);
    wait(SECOND);
    expect(await ask(fake)).toEqual(['unavailable', 1]);
  });

  it('is asked once at a time', async () => {
    const good = await token('k');
    let open = (): void => undefined;
    gate = new Promise<void>((resolve) => (open = resolve));
    const said = asking()(good, 20);
    await expect.poll(() => asked.length).toBe(1);
    open();
    expect(await said).toEqual(['good', 2]);
    expect(asked).toEqual([WELL_KNOWN, '/jwks']);
  });

  it('is asked again where the clock was set back', async () => {
    const good = await token('k');
    status = 500;
    const ask = asking();
    expect(await ask(good)).toEqual(['unavailable', 1]);
    status = 200;
    wait(-SECOND);
    expect(await ask(good)).toEqual(['good', 2]);
  });
});

describe('keys that were good', () => {
  it('stay good for a day while the issuer is away', async () => {
    const [good, ask] = [await token('k'), asking()];
    expect(await ask(good)).toEqual(['good', 2]);
    status = 500;
    wait(10 * MINUTE - 1);
    expect(await ask(good)).toEqual(['good', 0]);
    wait(1);
    expect(await ask(good)).toEqual(['good', 1]);
    // A token that names another key can't be judged; those that it has are not lost to it.
    expect(await ask(await token('fake', false))).toEqual(['unavailable', 0]);
    wait(24 * HOUR - 10 * MINUTE - 1);
    expect((await ask(good))[0]).toBe('good');
    wait(1);
    expect((await ask(good))[0]).toBe('unavailable');
  });

  it('and were withdrawn are forgotten after ten minutes', async () => {
    const [withdrawn, ask] = [await token('old'), asking()];
    expect(await ask(withdrawn)).toEqual(['good', 2]);
    keys.pop();
    const good = await token('new');
    wait(10 * MINUTE);
    expect(await ask(withdrawn)).toEqual(['unauthenticated', 1]);
    expect(await ask(good)).toEqual(['good', 0]);
  });

  it('are asked for again by a token that names another, once in 30 seconds', async () => {
    const [good, fake, ask] = [await token('k'), await token('fake', false), asking()];
    expect(await ask(good)).toEqual(['good', 2]);
    wait(30 * SECOND - 1);
    expect(await ask(fake)).toEqual(['unauthenticated', 0]);
    const added = await token('added');
    wait(1);
    expect(await ask(added)).toEqual(['good', 1]);
    expect(await ask(fake)).toEqual(['unauthenticated', 0]);
  });

  it('are not asked for again by a token that is bad in another way', async () => {
    const ask = asking();
    await token('k');
    await ask(await token('k'));
    wait(MINUTE);
    // Two keys of one name: which it is, nothing tells.
    expect((await ask(await token('k', false)))[1]).toBe(0);
  });

  it('and have moved are found', async () => {
    const [old, ask] = [await token('old'), asking()];
    expect(await ask(old)).toEqual(['good', 2]);
    answers = { [WELL_KNOWN]: { body: { issuer: url, jwks_uri: `${url}/moved` } }, '/jwks': { status: 404 } };
    answers['/moved'] = { body: { keys } };
    wait(10 * MINUTE);
    expect(await ask(old)).toEqual(['good', 1]);
    wait(SECOND);
    expect(await ask(old)).toEqual(['good', 2]);
    expect(asked.slice(-2)).toEqual([WELL_KNOWN, '/moved']);
  });
});

describe('a discovery document', () => {
  it.each([301, 302, 307, 308])('that is a redirect (%i) is not followed, nor are keys', async (redirect) => {
    answers[WELL_KNOWN] = { status: redirect, headers: { location: `${url}/elsewhere` } };
    answers['/elsewhere'] = { body: { issuer: url, jwks_uri: `${url}/jwks` } };
    answers['/jwks'] = { status: redirect, headers: { location: `${url}/keys` } };
    answers['/keys'] = { body: { keys } };
    const good = await token('k');
    expect(await asking()(good)).toEqual(['unavailable', 1]);
    expect(await asking({ jwksUri: `${url}/jwks` })(good)).toEqual(['unavailable', 1]);
    expect(asked).toEqual([WELL_KNOWN, '/jwks']);
    // It would be good enough for who asks there.
    expect(await asking({ jwksUri: `${url}/keys` })(good)).toEqual(['good', 1]);
  });

  it('is looked for below the issuer’s path, and may be on a path that ends in a slash', async () => {
    const issuer = `${url}/realm/`;
    answers['/realm/.well-known/openid-configuration'] = { body: { issuer, jwks_uri: `${url}/jwks` } };
    expect(await asking({ issuer })(await token('k', true, issuer))).toEqual(['good', 2]);
  });

  const useless: [what: string, answer: { status?: number; body?: unknown }, detail: RegExp][] = [
    ['that is missing', { status: 404 }, /^http:.*openid-configuration answered 404$/],
    ['of another issuer', { body: { issuer: 'URL/', jwks_uri: 'URL/jwks' } }, /speaks for another issuer: http/],
    ['without an issuer', { body: { jwks_uri: 'URL/jwks' } }, /issuer/],
    ['without keys', { body: { issuer: 'URL' } }, /jwks_uri/],
    ['whose keys are no URL', { body: { issuer: 'URL', jwks_uri: '/jwks' } }, /jwks_uri/],
    ['that is no object', { body: 'URL' }, /object/],
    ['whose keys are plaintext elsewhere', { body: { issuer: 'URL', jwks_uri: 'http://k.example/' } }, /not https/],
  ];
  it.each(useless)('%s gives no keys, and the reason as a detail', async (_what, answer, detail) => {
    answers[WELL_KNOWN] = JSON.parse(JSON.stringify(answer).replaceAll('URL', url)) as typeof answer;
    const verify = createBearerVerifier({ issuer: url, audience: 'me' });
    await expect(verify(await token('k'))).rejects.toMatchObject({
      ...{ code: 'unavailable', detail: expect.stringMatching(detail) as string },
    });
    expect(asked).toEqual([WELL_KNOWN]);
  });
});
