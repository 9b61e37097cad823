import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
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

it('hides whatever may be a secret while the task is not known', () => {
  const env = {
    ...{ ANYTHING: 'anything-value', PATH: '/usr/bin', RUN_NAME: 'run-name', NODE_ENV: 'production' },
    ...{ KUBERNETES_SERVICE_HOST: '10.0.0.1', FLYTE_SECRETS_DEFAULT_DIR: folder },
  };
  const text = 'anything-value /usr/bin run-name production 10.0.0.1 pem-content';
  expect(cautiousRedactor(env).redact(text)).toBe('*** /usr/bin run-name production 10.0.0.1 ***');
  const words = { LOG_FORMAT: 'json', BRANCH: 'main', DB_PASSWORD: 'hunter2' };
  expect(cautiousRedactor(words).redact('Unexpected token in json of main: hunter2')).toBe(
    'Unexpected token in json of main: ***',
  );
  expect(cautiousRedactor({ FLYTE_SECRETS_DEFAULT_DIR: '/nowhere' }).redact('x')).toBe('x');
});
