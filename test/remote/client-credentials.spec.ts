import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format, inspect } from 'node:util';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  clientCredentials,
  FlyteClient,
  FlyteModule,
  type ClientCredentialsOptions,
  type FlyteError,
  type FlyteModuleOptions,
} from 'nestjs-flyte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startGuardedFlyte, type GuardedFlyte } from '../support/guarded-flyte.js';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.js';

const SECRET = 'client:s3cret/ö+&=hunter2';
const SECOND = 1_000;

let flyte: GuardedFlyte;
let issuer: TokenIssuer;
let folder: string;
const apps: TestingModule[] = [];

beforeEach(async () => {
  [flyte, issuer, folder] = await Promise.all([
    startGuardedFlyte(),
    startTokenIssuer(),
    mkdtemp(join(tmpdir(), 'login-')),
  ]);
  flyte.metadata = { issuer: issuer.url, tokenEndpoint: issuer.tokenEndpoint };
  for (let n = 1; n < 9; n += 1) flyte.good.add(`Bearer t${n}`);
});
afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  await Promise.all(apps.splice(0).map((app) => app.close()));
  await Promise.all([flyte, issuer].map((one) => one[Symbol.asyncDispose]()));
  await rm(folder, { recursive: true });
});

const login = (options: Partial<ClientCredentialsOptions> = {}) =>
  clientCredentials({ clientId: 'night ly', clientSecret: SECRET, ...options });

async function clientOf(credentials: FlyteModuleOptions['credentials'], endpoint = flyte.url): Promise<FlyteClient> {
  const imports = [FlyteModule.forRoot({ endpoint, retries: 0, credentials })];
  const app = await Test.createTestingModule({ imports }).compile();
  apps.push(app);
  return app.get(FlyteClient);
}
const tokens = (method = 'userInfo') =>
  flyte.calls.filter((call) => call.method === method).map(({ token = 'none' }) => token);
async function failure(promise: Promise<unknown>): Promise<FlyteError> {
  return promise.then(
    () => expect.fail('it did not fail'),
    (error: FlyteError) => error,
  );
}
const wait = (ms: number): void => void vi.setSystemTime(Date.now() + ms);

describe('the issuer that Flyte names', () => {
  it('gives a token for what Flyte says, to one request for many calls', async () => {
    flyte.config = {
      scopes: ['all', 'offline'],
      audience: 'https://flyte',
      authorizationMetadataKey: 'flyte-authorization',
    };
    flyte.header = 'flyte-authorization';
    const client = await clientOf(login());
    await Promise.all(Array.from({ length: 50 }, () => client.users.get()));
    expect(tokens()).toEqual(Array(50).fill('Bearer t1'));
    expect(issuer.requests).toHaveLength(1);
    const { headers, form } = issuer.requests[0] ?? expect.fail();
    expect(form).toEqual({ grant_type: 'client_credentials', scope: 'all offline', audience: 'https://flyte' });
    // RFC 6749, 2.3.1: each is encoded as in a form before they are joined.
    const [id, secret] = Buffer.from(headers.authorization?.slice(6) ?? '', 'base64')
      .toString()
      .split(':');
    expect(new URLSearchParams(`id=${id}&secret=${secret}`)).toEqual(
      new URLSearchParams({ id: 'night ly', secret: SECRET }),
    );
    expect(tokens('getOAuth2Metadata')).toEqual(['none']);
  });

  it('is shown the secret in the body where it takes it only there', async () => {
    flyte.metadata = { ...flyte.metadata, tokenEndpointAuthMethodsSupported: ['client_secret_post', 'none'] };
    await (await clientOf(login({ scopes: ['mine'], audience: 'me' }))).users.get();
    const { headers, form } = issuer.requests[0] ?? expect.fail();
    expect(headers.authorization).toBeUndefined();
    expect(form).toMatchObject({ client_id: 'night ly', client_secret: SECRET, scope: 'mine', audience: 'me' });
  });

  it.each([
    [
      'a Flyte that does not say',
      undefined,
      /does not say how to log in \(unimplemented\)\. Give .*"issuer" or "tokenEndpoint"/,
    ],
    ['a Flyte that names no endpoint', { issuer: 'https://x' }, /names no token endpoint\. Give/],
    [
      'one in plaintext',
      { tokenEndpoint: 'http://login.example.com/token' },
      /names no token endpoint with "https:\/\/"/,
    ],
  ])('%s', async (_what, metadata, message) => {
    flyte.metadata = metadata;
    const error = await failure((await clientOf(login())).users.get());
    expect(error).toMatchObject({
      code: 'failed_precondition',
      fault: 'operator',
      message: expect.stringMatching(message),
    });
    expect(flyte.calls.filter(({ method }) => method === 'userInfo')).toEqual([]);
  });

  it('is not believed where anybody on the way could name another one', async () => {
    const imports = [FlyteModule.forRoot({ endpoint: 'http://flyte.example', insecure: true, credentials: login() })];
    const app = await Test.createTestingModule({ imports }).compile();
    apps.push(app);
    expect(await failure(app.get(FlyteClient).users.get())).toMatchObject({
      code: 'failed_precondition',
      message: expect.stringMatching(/in plaintext, so anybody on the way.*"issuer" or "tokenEndpoint"/),
    });
  });

  it('gives each connection its own token', async () => {
    await using other = await startGuardedFlyte();
    other.metadata = flyte.metadata;
    other.good.add('Bearer t2');
    const one = login();
    await (await clientOf(one)).users.get();
    await (await clientOf(one, other.url)).users.get();
    expect([tokens(), other.calls.at(-1)?.token]).toEqual([['Bearer t1'], 'Bearer t2']);
  });
});

describe('an issuer that is given', () => {
  beforeEach(() => {
    flyte.metadata = { tokenEndpoint: 'https://nobody.example/token' };
  });
  const metadata = () => ({ issuer: issuer.url, token_endpoint: issuer.tokenEndpoint });

  it.each([
    ['by OpenID Connect Discovery', '/.well-known/openid-configuration'],
    ['by RFC 8414', '/.well-known/oauth-authorization-server'],
  ])('is found %s', async (_how, path) => {
    issuer.documents[path] = metadata();
    await (await clientOf(login({ issuer: issuer.url }))).users.get();
    expect([issuer.others.at(-1), issuer.requests[0]?.form]).toEqual([path, { grant_type: 'client_credentials' }]);
    expect(tokens('getOAuth2Metadata')).toEqual([]);
  });

  it('must have metadata of its name', async () => {
    issuer.documents['/.well-known/openid-configuration'] = { ...metadata(), issuer: 'https://evil.example' };
    const error = await failure((await clientOf(login({ issuer: issuer.url }))).users.get());
    expect(error).toMatchObject({
      code: 'failed_precondition',
      message: expect.stringMatching(/no metadata of its name/),
    });
    expect(issuer.requests).toEqual([]);
  });

  it('may have none, where its token endpoint is given', async () => {
    const options = { tokenEndpoint: issuer.tokenEndpoint, clientAuthentication: 'post' as const };
    await (await clientOf(login(options))).users.get();
    expect(issuer.requests[0]?.form).toMatchObject({ client_secret: SECRET });
    expect(issuer.others).toEqual([]);
  });
});

describe('a token', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }));

  it('is renewed before its end, while the one at hand goes on', async () => {
    const client = await clientOf(login());
    await client.users.get();
    wait(3_539 * SECOND);
    await client.users.get();
    expect(issuer.requests).toHaveLength(1);
    let give = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      const usual = issuer.answer;
      issuer.answer = async (...request) => {
        resolve();
        await new Promise<void>((given) => (give = given));
        return usual(...request);
      };
    });
    wait(2 * SECOND);
    await Promise.all([client.users.get(), client.users.get()]);
    await asked;
    await client.users.get();
    expect(tokens()).toEqual(Array(5).fill('Bearer t1'));
    give();
    wait(60 * SECOND);
    await client.users.get();
    expect([tokens().at(-1), issuer.requests.length]).toEqual(['Bearer t2', 2]);
  });

  it('at its end is waited for, and an issuer that is away is noticed only then', async () => {
    const client = await clientOf(login());
    await client.users.get();
    const usual = issuer.answer;
    issuer.answer = () => ({ status: 503, body: {} });
    wait(3_580 * SECOND);
    await client.users.get();
    expect(tokens()).toEqual(['Bearer t1', 'Bearer t1']);
    wait(16 * SECOND);
    const error = await failure(client.users.get());
    expect(error).toMatchObject({ code: 'unavailable', detail: 'HTTP 503' });
    expect(error.message).toContain(issuer.url);
    issuer.answer = usual;
    await client.users.get();
    expect(tokens().at(-1)).toBe(`Bearer t${issuer.requests.length}`);
  });

  it('lives as long as it says itself, where the issuer does not say', async () => {
    const payload = Buffer.from(JSON.stringify({ exp: Math.floor(Date.now() / 1000) + 600 })).toString('base64url');
    issuer.answer = (n) => ({ body: { access_token: `e30.${payload}.s${n}`, token_type: 'bearer' } });
    for (const n of [1, 2]) flyte.good.add(`Bearer e30.${payload}.s${n}`);
    const client = await clientOf(login());
    for (const seconds of [0, 530, 69]) {
      wait(seconds * SECOND);
      // oxlint-disable-next-line no-await-in-loop
      await client.users.get();
    }
    expect(issuer.requests).toHaveLength(2);
    expect(tokens().at(-1)).toMatch(/s2$/);
  });
});

describe('a token that Flyte refuses', () => {
  it('is renewed once for all, and each call is made once more, whatever it does', async () => {
    const client = (await clientOf(login())).with({ project: 'p', domain: 'd' });
    await client.users.get();
    flyte.good.delete('Bearer t1');
    const names = ['a', 'b', 'c', 'd'];
    await Promise.all(names.map((name) => client.secrets.create(name, 'value')));
    expect(flyte.stored.toSorted()).toEqual(names);
    expect(tokens('createSecret').toSorted()).toEqual([...Array(4).fill('Bearer t1'), ...Array(4).fill('Bearer t2')]);
    expect(issuer.requests).toHaveLength(2);
  });

  it('is not tried again where there is no other', async () => {
    issuer.answer = () => ({ body: { access_token: 'stale', token_type: 'bearer' } });
    const error = await failure((await clientOf(login())).users.get());
    expect(error).toMatchObject({ code: 'unauthenticated', fault: 'operator' });
    expect(error.message).toMatch(/what the option "credentials" of FlyteModule gave/);
    expect([tokens(), issuer.requests.length]).toEqual([['Bearer stale'], 2]);
  });

  it('and its successor too: that is an answer', async () => {
    flyte.good.clear();
    const client = await clientOf(login());
    expect(await failure(client.users.get())).toMatchObject({ code: 'unauthenticated' });
    expect(tokens()).toEqual(['Bearer t1', 'Bearer t2']);
  });
});

describe('the secret', () => {
  it('is read whenever a token is fetched, from a variable or a file', async () => {
    const file = join(folder, 'secret');
    vi.stubEnv('LOGIN_SECRET', 'from-env');
    await writeFile(file, 'from-file\n');
    await (await clientOf(login({ clientSecret: { env: 'LOGIN_SECRET' }, clientAuthentication: 'post' }))).users.get();
    const client = await clientOf(login({ clientSecret: { file }, clientAuthentication: 'post' }));
    await client.users.get();
    await writeFile(file, 'rotated');
    flyte.good.delete('Bearer t2');
    await client.users.get();
    const secrets = issuer.requests.map(({ form }) => form['client_secret']);
    expect(secrets).toEqual(['from-env', 'from-file', 'rotated']);
  });

  it.each([
    [{ env: 'NO_SUCH_SECRET' }, /NO_SUCH_SECRET is not set/],
    [{ file: '/nowhere/secret' }, /"\/nowhere\/secret" can't be read: there is none/],
    [{ file: '/dev/null' }, /"\/dev\/null" can't be read: it is no file/],
  ])('that is not there: %j', async (clientSecret, message) => {
    const error = await failure((await clientOf(login({ clientSecret }))).users.get());
    expect(error).toMatchObject({ code: 'failed_precondition', message: expect.stringMatching(message) });
    expect(issuer.requests).toEqual([]);
  });

  it('is in nothing that is printed', async () => {
    const credentials = login();
    const client = await clientOf(credentials);
    await client.users.get();
    const printed = [credentials, client, apps.at(-1)?.get(FlyteModule)].flatMap((value) => [
      inspect(value, { depth: 6, showHidden: true }),
      format('%s', value),
    ]);
    printed.push(JSON.stringify(credentials), JSON.stringify({ ...credentials }));
    for (const text of printed) expect(text).not.toMatch(/hunter2|Bearer t1/);
    expect(inspect(credentials)).toBe("{ kind: 'clientCredentials' }");
  });
});

describe('an issuer that', () => {
  const header = () => `Basic ${Buffer.from(`night+ly:${encodeURIComponent(SECRET)}`).toString('base64')}`;
  it.each([
    [
      'refuses, and quotes',
      () => ({
        status: 401,
        headers: { 'www-authenticate': 'Basic realm="x"' },
        body: { error: 'invalid_client', error_description: `bad ${SECRET} of\n${header()} ${'x'.repeat(999)}` },
      }),
      'unauthenticated',
      /gave the client "night ly" no token: invalid_client: bad \*\*\* of \*\*\* x+\. See whether "clientId" and "clientSecret"/,
    ],
    [
      'knows no such scope',
      () => ({ status: 400, body: { error: 'invalid_scope' } }),
      'unauthenticated',
      /no token: invalid_scope\. Give clientCredentials the "scopes"/,
    ],
    ['answers with a page', () => ({ status: 403, body: '<html>hunter2' }), 'unauthenticated', /no token: HTTP 403\. /],
    ['redirects', () => ({ status: 302, headers: { location: '/other' }, body: {} }), 'internal', /with HTTP 302/],
    ['gives no token', () => ({ body: { token_type: 'bearer' } }), 'internal', /not as a token endpoint/],
    [
      'gives a token of another type',
      () => ({ body: { access_token: 't1', token_type: 'mac' } }),
      'internal',
      /bearer/,
    ],
    [
      'gives words',
      () => ({ body: { access_token: 'no way, hunter2', token_type: 'bearer' } }),
      'unauthenticated',
      /gave what is no token: it has blanks/,
    ],
  ])('%s', async (_what, answer, code, message) => {
    issuer.answer = answer;
    const error = await failure((await clientOf(login())).users.get());
    expect(error).toMatchObject({ code, fault: 'operator', message: expect.stringMatching(message) });
    expect(error.message.length).toBeLessThan(800);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/hunter2|aHVudGVyM|Bearer/);
    expect([issuer.requests.length, issuer.others, tokens()]).toEqual([1, [], []]);
  });

  it('fails for a moment is asked again', async () => {
    const usual = issuer.answer;
    issuer.answer = (n, request) => (n < 3 ? { status: n === 1 ? 500 : 429, body: {} } : usual(n, request));
    await (await clientOf(login())).users.get();
    expect(tokens()).toEqual(['Bearer t3']);
  });

  it('is not there: says where it was looked for', async () => {
    await issuer[Symbol.asyncDispose]();
    const error = await failure((await clientOf(login())).users.get());
    expect(error).toMatchObject({ code: 'unavailable', detail: 'ECONNREFUSED' });
  });
});

describe('options that are wrong', () => {
  it.each([
    [{ clientId: '' }, /"clientId": give a text that is not empty/],
    [{ clientSecret: { path: '/hunter2' } }, /"clientSecret": give a text that is not empty, \{ file: path \}/],
    [{ issuer: 'http://login.example.com' }, /"issuer": give an https:\/\/ URL/],
    [{ tokenEndpoint: 'http://10.0.0.1/token' }, /"tokenEndpoint": give an https:\/\/ URL/],
    [{ issuer: 'https://a.example', tokenEndpoint: 'https://a.example/t' }, /"issuer" or "tokenEndpoint", not both/],
    [{ scopes: 'all' }, /"scopes": give a list/],
    [{ scopes: ['a b'] }, /"scopes.0": give scopes without blanks/],
    [{ clientAuthentication: 'jwt' }, /"clientAuthentication": give "basic" or "post"/],
    [{ header: 'x-forwarded-for' }, /"header": is refused/],
    [{ secret: 'hunter2' }, /secret/],
  ])('%j', (options, message) => {
    expect(() => login(options as never)).toThrow(
      expect.objectContaining({ code: 'invalid_configuration', message: expect.stringMatching(message) }),
    );
    expect(() => login(options as never)).not.toThrow(/hunter2/);
  });
});
