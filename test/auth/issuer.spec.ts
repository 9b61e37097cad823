import { Controller, Get } from '@nestjs/common';
import { FlyteModule, getAuthMetadata, type VerifyOptions } from 'nestjs-flyte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LogLines, startApp, type Running } from '../support/app.js';
import { ask, bearer } from '../support/http.js';
import { startIssuer, type Issuer } from '../support/issuer.js';

@Controller()
class Routes {
  @Get('names') names() {
    return getAuthMetadata()?.names;
  }
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

let issuer: Issuer;
const logger = new LogLines();
beforeEach(async () => {
  logger.lines.length = 0;
  issuer = await startIssuer();
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(async () => {
  vi.useRealTimers();
  await issuer[Symbol.asyncDispose]();
});

const start = (verify: Partial<VerifyOptions> = {}): Promise<Running> =>
  startApp({
    logger,
    controllers: [Routes],
    imports: [
      FlyteModule.forRoot({
        endpoint: 'https://flyte.example.com',
        passthrough: true,
        verify: { issuer: issuer.url, audience: 'me', ...verify },
      }),
    ],
  });
const status = async (app: Running, token: string): Promise<number> =>
  (await ask(app.url, '/names', { headers: bearer(token) })).status;
const wait = (ms: number): void => void vi.setSystemTime(Date.now() + ms);
/** Answers to many requests with the same token, and how often the issuer was asked meanwhile. */
async function flood(app: Running, token: string, times = 40): Promise<[statuses: number[], fetched: number]> {
  const before = issuer.state.fetched;
  const statuses = await Promise.all(Array.from({ length: times }, () => status(app, token)));
  return [[...new Set(statuses)], issuer.state.fetched - before];
}

describe('an issuer that fails', () => {
  it.each([
    ['at its discovery', {}],
    ['at its keys', { jwksUri: 'set below' }],
  ])(
    '%s is asked with backoff, up to 30 seconds, however many tokens come',
    async (_where, { jwksUri }: Partial<VerifyOptions>) => {
      const sign = await issuer.signer('k');
      const [good, fake] = [await sign(), await (await issuer.signer('fake'))()];
      issuer.keys.pop();
      issuer.state.status = 500;
      await using app = await start(jwksUri === undefined ? {} : { jwksUri: `${issuer.url}/jwks` });
      expect(await flood(app, fake, 200)).toEqual([[503], 1]);
      expect(await flood(app, fake)).toEqual([[503], 0]);
      for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
        wait(seconds * SECOND - 1);
        // oxlint-disable-next-line no-await-in-loop -- the clock goes on between them
        expect(await flood(app, fake, 5), `before ${seconds} s`).toEqual([[503], 0]);
        wait(1);
        // oxlint-disable-next-line no-await-in-loop
        expect(await flood(app, fake, 5), `after ${seconds} s`).toEqual([[503], 1]);
      }
      issuer.state.status = 200;
      expect(await status(app, good)).toBe(503);
      wait(30 * SECOND);
      expect(await status(app, good)).toBe(200);
      // Forgiven: the next failure begins with a second again.
      issuer.state.status = 500;
      wait(11 * MINUTE);
      expect(await flood(app, fake, 5)).toEqual([[503], 1]);
      wait(SECOND);
      expect(await flood(app, fake, 5)).toEqual([[503], 1]);
    },
  );

  it('is asked once at a time', async () => {
    const token = await (await issuer.signer('k'))();
    let open = (): void => undefined;
    issuer.state.gate = new Promise<void>((resolve) => (open = resolve));
    await using app = await start();
    const answers = flood(app, token, 50);
    await expect.poll(() => issuer.state.fetched).toBe(1);
    open();
    // The document, and the keys.
    expect(await answers).toEqual([[200], 2]);
  });

  it('after a clock was set back is not left alone for ever', async () => {
    const token = await (await issuer.signer('k'))();
    issuer.state.status = 500;
    await using app = await start();
    expect(await status(app, token)).toBe(503);
    issuer.state.status = 200;
    wait(-SECOND);
    expect(await status(app, await (await issuer.signer('k2'))())).toBe(200);
  });
});

describe('keys that were good', () => {
  it('stay good for a day while the issuer is away, and no longer', async () => {
    const good = await (await issuer.signer('k'))();
    await using app = await start();
    expect(await flood(app, good)).toEqual([[200], 2]);
    issuer.state.status = 500;
    wait(9 * MINUTE);
    expect(await flood(app, good)).toEqual([[200], 0]);
    wait(MINUTE);
    expect(await flood(app, good)).toEqual([[200], 1]);
    expect(await flood(app, good)).toEqual([[200], 0]);
    // A token that names another key can't be judged; those that it has are not lost to it.
    const fake = await (await issuer.signer('fake'))();
    issuer.keys.pop();
    expect(await flood(app, fake)).toEqual([[503], 0]);
    expect(await status(app, good)).toBe(200);
    wait(24 * HOUR - 10 * MINUTE - 1);
    expect(await status(app, good)).toBe(200);
    wait(30 * SECOND);
    expect(await status(app, good)).toBe(503);
    issuer.state.status = 200;
    wait(30 * SECOND);
    expect(await status(app, good)).toBe(200);
  });

  it('and were withdrawn are forgotten after ten minutes', async () => {
    const withdrawn = await (await issuer.signer('old'))();
    await using app = await start();
    expect(await status(app, withdrawn)).toBe(200);
    issuer.keys.pop();
    const good = await (await issuer.signer('new'))();
    wait(10 * MINUTE - 1);
    expect(await status(app, withdrawn)).toBe(200);
    wait(1);
    expect(await flood(app, withdrawn)).toEqual([[401], 1]);
    expect(await status(app, good)).toBe(200);
  });

  it('are not asked for again by many tokens that name none at once', async () => {
    const good = await (await issuer.signer('k'))();
    const fake = await (await issuer.signer('fake'))();
    issuer.keys.pop();
    await using app = await start({ jwksUri: `${issuer.url}/jwks` });
    expect(await status(app, good)).toBe(200);
    wait(30 * SECOND);
    expect(await flood(app, fake, 100)).toEqual([[401], 1]);
    expect(await flood(app, fake, 100)).toEqual([[401], 0]);
  });
});

it('keys that have moved are found', async () => {
  const old = await (await issuer.signer('old'))();
  await using app = await start();
  expect(await flood(app, old)).toEqual([[200], 2]);
  await using moved = await startIssuer();
  const good = await (await moved.signer('new'))((token) => token.setIssuer(issuer.url));
  issuer.state.answers[WELL_KNOWN] = { body: { issuer: issuer.url, jwks_uri: `${moved.url}/jwks` } };
  issuer.state.answers['/jwks'] = { status: 404 };
  wait(10 * MINUTE);
  expect(await flood(app, old)).toEqual([[200], 1]);
  wait(SECOND);
  expect(await status(app, good)).toBe(200);
  expect(await status(app, old)).toBe(401);
});

const WELL_KNOWN = '/.well-known/openid-configuration';
describe('a discovery document', () => {
  it.each([301, 302, 307, 308])('that is a redirect (%i) is not followed, nor are keys', async (redirect) => {
    await using elsewhere = await startIssuer();
    const fake = await (await elsewhere.signer('k'))((token) => token.setIssuer(issuer.url));
    // What it would give, were it asked, speaks for the issuer.
    elsewhere.state.answers[WELL_KNOWN] = { body: { issuer: issuer.url, jwks_uri: `${elsewhere.url}/jwks` } };
    issuer.state.answers[WELL_KNOWN] = { status: redirect, headers: { location: elsewhere.url + WELL_KNOWN } };
    issuer.state.answers['/jwks'] = { status: redirect, headers: { location: `${elsewhere.url}/jwks` } };
    await using app = await start();
    expect(await status(app, fake)).toBe(503);
    await using direct = await start({ jwksUri: `${issuer.url}/jwks` });
    expect(await status(direct, fake)).toBe(503);
    expect([issuer.state.fetched, elsewhere.state.fetched]).toEqual([2, 0]);
    // The fake is good enough for who asks there.
    elsewhere.state.answers = {};
    await using fooled = await start({ jwksUri: `${elsewhere.url}/jwks` });
    expect(await status(fooled, fake)).toBe(200);
  });

  const useless: [what: string, body: unknown, log: RegExp][] = [
    [
      'of another issuer',
      { issuer: 'https://other.example', jwks_uri: 'https://other.example/jwks' },
      /speaks for another/,
    ],
    ['of almost the same issuer', { issuer: 'URL/', jwks_uri: 'URL/jwks' }, /speaks for another/],
    ['without an issuer', { jwks_uri: 'URL/jwks' }, /issuer/],
    ['without keys', { issuer: 'URL' }, /jwks_uri/],
    ['whose keys are no URL', { issuer: 'URL', jwks_uri: '/jwks' }, /jwks_uri/],
    ['whose keys are plaintext elsewhere', { issuer: 'URL', jwks_uri: 'http://keys.example/jwks' }, /not https/],
    ['that is no object', 'URL', /object/],
  ];
  it.each(useless)('%s is a 503, with the reason in the log alone', async (_what, body, log) => {
    issuer.state.answers[WELL_KNOWN] = {
      body: JSON.parse(JSON.stringify(body).replaceAll('URL', issuer.url)) as unknown,
    };
    await using app = await start();
    const { status: code, text } = await ask(app.url, '/names', {
      headers: bearer(await (await issuer.signer('k'))()),
    });
    expect([code, text]).toEqual([503, expect.not.stringMatching(log)]);
    expect(logger.lines.join('\n')).toMatch(log);
    expect(issuer.state.fetched).toBe(1);
  });
});
