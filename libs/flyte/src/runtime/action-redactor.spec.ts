import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Secret } from '../secrets/secret.js';
import { cautiousRedactor, redactorOf } from './action-redactor.js';

const folder = mkdtempSync(join(tmpdir(), 'nestjs-flyte-redactor-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, 'creds'));
writeFileSync(join(folder, 'creds/pem'), 'pem-content');

it('hides the secrets that a task declares, wherever they are, and nothing else', () => {
  const secrets = [
    new Secret({ key: 'token' }),
    new Secret({ group: 'creds', key: 'pem', mount: '/etc/flyte/secrets' }),
    new Secret({ key: 'absent' }),
  ];
  const env = { TOKEN: 'token-value', MODEL: 'gpt-large', FLYTE_SECRETS_DEFAULT_DIR: folder };
  expect(redactorOf(secrets, env).redact('token-value pem-content gpt-large')).toBe('*** *** gpt-large');
});

it('hides what the process calls the local control plane with', () => {
  expect(redactorOf([], { FLYTE_LOCAL_TOKEN: 'token-of-this-attempt' }).redact('<token-of-this-attempt>')).toBe(
    '<***>',
  );
});

describe('while the task is not known', () => {
  const hides = (env: Record<string, string>, text: string) => cautiousRedactor(env).redact(text);

  it.each([
    ['DB_PASSWORD', 'hunter2'],
    ['GITHUB_TOKEN', 'secret-word'],
    ['npm_config__authToken', 'of-the-registry'],
    ['FLYTE_AWS_SECRET_ACCESS_KEY', 'of-the-store'],
    ['STRIPE_APIKEY', 'short-one'],
    ['OPENAI', 'sk-proj-9f8e7d6c5b4a3f2e1d'],
    ['SESSION', 'eyJhbGciOiJIUzI1NiJ9.e30.x'],
    ['SIGNER', '-----BEGIN PRIVATE KEY-----'],
    ['DB_PASS', 'any-word'],
  ])('hides what says that it is a credential: %s', (name, value) => {
    expect(hides({ [name]: value }, `cannot use ${value} here`)).toBe('cannot use *** here');
  });

  it('leaves what Flyte itself sets, random as it is', () => {
    const names = ['ACTION_NAME', 'RUN_NAME', 'HOSTNAME', '_F_PN', '_U_RUN_BASE', 'FLYTE_INTERNAL_EXECUTION_ID'];
    const word = 'r4f9a8b7c6d5e4f3a2b1';
    for (const name of names) expect(hides({ [name]: word }, word)).toBe(word);
    const token = { MY_RUN_NAME: word, _U_TOKEN: 'any-word' };
    expect(hides(token, Object.values(token).join(' '))).toBe('*** ***');
  });

  it('hides the password of a URL, and not its host', () => {
    const env = { DATABASE_URL: 'postgres://app:p%40ssword@db.example/app' };
    expect(hides(env, 'p%40ssword p@ssword at db.example: postgres://app:p%40ssword@db.example/app')).toBe(
      '*** *** at db.example: postgres://app:***@db.example/app',
    );
  });

  it.each([
    ['postgres://app:with@sign@db.example/app', 'with@sign'],
    ['jdbc:postgres://application:hunter2@db.example/app', 'hunter2'],
    ['postgres://app:100%zz@db.example/app', '100%zz'],
  ])('hides the password of %s, which is not written as it should be', (url, password) => {
    expect(hides({ DATABASE_URL: url }, `no <${password}>`)).toBe('no <***>');
  });

  it('takes no more than names and values say', () => {
    const env = {
      MY_HOST: 'host-of-mine',
      EMPTY: '',
      MAIL: 'me@example.com://a:word-of-mail@b',
      FLYTE_SECRETS_ENV_PREFIX: '',
    };
    const text = `${Object.values(env).join(' | ')} word-of-mail Stryker was here!`;
    expect(hides(env, text)).toBe(text);
    expect(hides({ FLYTE_SECRETS_ENV_PREFIX: '_UNION_', GREETING: 'good morning' }, 'good morning')).toBe(
      'good morning',
    );
  });

  it('hides the files of secrets, and the variables that Flyte made of secrets', () => {
    const env = {
      FLYTE_SECRETS_DEFAULT_DIR: folder,
      FLYTE_SECRETS_ENV_PREFIX: '_UNION_',
      _UNION_GREETING: 'good morning',
    };
    expect(hides(env, 'pem-content, good morning')).toBe('***, ***');
    expect(hides({ FLYTE_SECRETS_DEFAULT_DIR: '/nowhere' }, '/nowhere')).toBe('/nowhere');
  });

  it('is done with long values, whatever they are made of', () => {
    // Read again from each of their letters, these would take hours.
    for (const value of ['v'.repeat(2 ** 20), '://'.repeat(2 ** 20)]) {
      expect(hides({ LONG: value }, 'as it is')).toBe('as it is');
    }
    const random = `${'v'.repeat(2 ** 14)}1`;
    expect(hides({ LONG: random }, `of ${random}`)).toBe('of ***');
  });

  it('leaves the paths and names that a message about a module is made of', () => {
    const env = {
      ...{ APP_HOME: '/srv/my-app/dist', PACKAGE: '@acme/my-package-name', NODE_OPTIONS: '--enable-source-maps' },
      ...{
        LOG_FORMAT: 'json',
        BRANCH: 'main',
        GIT_AUTHOR_NAME: 'production',
        SSL_KEY_FILE: '/srv/my-app/tls/server.key',
      },
      ...{
        SSH_AUTH_SOCK: folder,
        AUTH_MODE: 'required',
        SHOPPING_URL: 'https://shop.example/cart',
        KUBERNETES_PORT: '443',
      },
      ...{ COMPASS: 'north-north-west', MAPPING: 'one-to-one', TOKENS: folder },
      ...{
        ADAPTER: 'my-package-name-v2-alpha1',
        RELEASE: '2026-11-28T16.00.00Z-build7',
        TRIPLE: 'x86_64-unknown-linux-gnu2',
      },
    };
    const text = Object.values(env).join(' | ');
    expect(hides(env, text)).toBe(text);
  });
});
