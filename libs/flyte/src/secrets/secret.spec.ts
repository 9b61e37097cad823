import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlyteError } from '../errors/flyte-error.js';
import { Secret } from './secret.js';
import vectors from './secret.vectors.json' with { type: 'json' };

/** The rows where this library answers otherwise on purpose: a variable with a trailing newline, and an empty key. */
const STRICTER = new Set(['{"key":"k","asEnvVar":"TRAILING_NEWLINE\\n"}', '{"key":""}']);

/** The constructor as JavaScript calls it. */
const build = (fields: unknown): unknown => Reflect.construct(Secret, [fields]);

const refusal = (fields: unknown): FlyteError => {
  try {
    build(fields);
  } catch (error) {
    if (FlyteError.is(error)) return error;
    throw error;
  }
  throw new Error(`accepted ${JSON.stringify(fields)}`);
};

const attempt = (fields: unknown): Secret | FlyteError => {
  try {
    const secret = build(fields);
    if (Secret.is(secret)) return secret;
  } catch (error) {
    if (FlyteError.is(error)) return error;
    throw error;
  }
  throw new Error('neither');
};

const fieldsOf = ({ key, group, mount, asEnvVar }: Secret): object => ({ key, group, mount, asEnvVar });

const rows = vectors.map(({ input, ok, error }) => ({ row: JSON.stringify(input), input, ok, error }));

describe('Secret answers as the official Python class', () => {
  it.each(rows.flatMap(({ row, input, ok }) => (ok && !STRICTER.has(row) ? [{ row, input, ok }] : [])))(
    'takes $row',
    ({ input, ok }) => {
      const secret = new Secret(input);
      const expected = Object.entries(ok).map(([name, value]) => [name, value ?? undefined]);
      expect({ ...fieldsOf(secret), stableHash: secret.stableHash() }).toEqual(Object.fromEntries(expected));
    },
  );

  it.each(rows.flatMap(({ row, input, error }) => (error && !STRICTER.has(row) ? [{ row, input, error }] : [])))(
    'refuses $row',
    ({ input, error }) => {
      const refused = refusal(input);
      expect(refused.code).toBe('invalid_configuration');
      expect(refused.message.startsWith(error)).toBe(true);
      expect(refused.message).toMatch(/[Ff]ield \w+/);
      expect(refused.message).toContain('a valid example: ');
    },
  );

  it('in every row but two', () => {
    expect(rows.filter(({ row }) => STRICTER.has(row))).toHaveLength(STRICTER.size);
  });

  it('but refuses a variable with a trailing newline, and speaks of the key where the key is empty', () => {
    expect(refusal({ key: 'k', asEnvVar: 'TRAILING_NEWLINE\n' }).message).toBe(
      'Invalid environment variable name: TRAILING_NEWLINE\\n, must match ^[A-Z_][A-Z0-9_]*$. ' +
        'Field asEnvVar was given "TRAILING_NEWLINE\\n"; a valid example: asEnvVar: "MY_API_KEY".',
    );
    expect(refusal({ key: '' }).message).toBe('Secret field key is empty; a valid example: key: "my-api-key".');
  });
});

describe('Secret', () => {
  it('is frozen and equal by value', () => {
    const secret = new Secret({ key: 'id', group: 'aws' });
    expect(Object.isFrozen(secret)).toBe(true);
    expect(secret.equals(new Secret({ key: 'id', group: 'aws', asEnvVar: 'AWS_ID' }))).toBe(true);
    expect(secret.equals(new Secret({ key: 'id', group: 'gcp', asEnvVar: 'AWS_ID' }))).toBe(false);
    expect(secret.equals(new Secret({ key: 'id', group: 'aws', asEnvVar: 'OTHER' }))).toBe(false);
    expect(secret.equals(fieldsOf(secret))).toBe(false);
    expect(new Secret({ key: 'a|b', asEnvVar: 'X' }).equals(new Secret({ key: 'a', group: 'b', asEnvVar: 'X' }))).toBe(
      false,
    );
    expect(new Secret(secret).equals(secret)).toBe(true);
  });

  it('is known by its mark, whichever copy of the library made it', () => {
    const foreign = Object.defineProperty({ key: 'k' }, Symbol.for('nestjs-flyte.Secret'), { value: true });
    expect(foreign instanceof Secret).toBe(true);
    expect(Secret.is({ key: 'k' })).toBe(false);
    expect(Secret.is(null)).toBe(false);
  });

  it('says what it is', () => {
    const ssh = new Secret({ group: 'user-creds', key: 'ssh-key', mount: '/etc/flyte/secrets' });
    expect(String(ssh)).toBe('Secret user-creds/ssh-key as a file');
    expect(inspect([new Secret({ key: 'my-key' })])).toBe('[ [Secret my-key as MY_KEY] ]');
    expect(ssh.envVar).toBeUndefined();
    expect(new Secret({ key: 'my-key' }).envVar).toBe('MY_KEY');
  });

  it('names the files to look at, lower case first, without the group last', () => {
    expect(new Secret({ group: 'User', key: 'SSH-key', mount: '/etc/flyte/secrets' }).files).toEqual([
      'user/ssh-key',
      'User/SSH-key',
      'ssh-key',
      'SSH-key',
    ]);
    expect(new Secret({ key: 'token' }).files).toEqual(['token']);
  });

  it.each([
    [undefined, 'Secret takes an object, and was given a value of type undefined'],
    ['my-key', 'Secret takes an object, and was given "my-key"'],
    [{ key: 'k', as_env_var: 'X' }, 'Secret has no field "as_env_var". Its fields are key, group, mount, asEnvVar.'],
    [{}, 'Secret field key takes text, and was given a value of type undefined'],
    [{ key: 'k', group: 7 }, 'Secret field group takes text, and was given a value of type number'],
    [
      { key: 'k', mount: '' },
      'Only /etc/flyte/secrets is supported as secret mount path today. Field mount was given ""',
    ],
    [{ key: 'k', mount: '//etc/flyte/secrets' }, 'Only /etc/flyte/secrets is supported'],
    [{ key: 'k', mount: '/etc/flyte/x/../secrets' }, 'Only /etc/flyte/secrets is supported'],
  ])('refuses %j', (fields, message) => {
    expect(refusal(fields).message).toContain(message);
  });

  it('cuts a long value, in case someone passed the secret itself', () => {
    const pasted = `-----BEGIN-----${'x'.repeat(500)}`;
    expect(refusal({ key: 'k', asEnvVar: pasted }).message.length).toBeLessThan(1200);
    expect(refusal({ key: `${pasted}\n`, mount: '/etc/flyte/secrets' }).message).not.toContain('x'.repeat(100));
  });
});

describe('a variable that would steer the process', () => {
  it.each(
    'PATH HOME SHELL IFS ENV BASH_ENV LD_PRELOAD LD_LIBRARY_PATH DYLD_INSERT_LIBRARIES GCONV_PATH NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS NODE_TLS_REJECT_UNAUTHORIZED NPM_CONFIG_REGISTRY PYTHONPATH PYTHONSTARTUP PERL5OPT RUBYOPT JAVA_TOOL_OPTIONS GIT_SSH_COMMAND SSL_CERT_FILE OPENSSL_CONF KUBERNETES_SERVICE_HOST FLYTE_SECRETS_DEFAULT_DIR FLYTE_X _U_EP_OVERRIDE _F_P_CNC RUN_NAME ACTION_NAME UCTL_CONFIG TMPDIR'.split(
      ' ',
    ),
  )('%s is refused, given and derived', (name) => {
    const given = refusal({ key: 'k', asEnvVar: name });
    expect(given.code).toBe('invalid_configuration');
    expect(given.message).toMatch(/is obeyed by .+ Field asEnvVar was given /);
    const derived = refusal({ key: name.toLowerCase().replaceAll('_', '-') });
    expect(derived.message).toContain(`name the variable yourself, a valid example: asEnvVar: "SECRET_${name}"`);
    expect(new Secret({ key: name.toLowerCase(), asEnvVar: `SECRET_${name}` }).asEnvVar).toBe(`SECRET_${name}`);
  });

  it('is refused where group and key only together name it', () => {
    expect(refusal({ group: 'node', key: 'options' }).message).toContain('and field group, given "node"');
  });

  it.each(
    'OPENAI_API_KEY NPM_TOKEN NODE_AUTH_TOKEN HTTPS_PROXY GIT_TOKEN AWS_ACCESS_KEY_ID PATH_TOKEN MY_HOME K_PATH LDAP_PASSWORD ENVIRONMENT SSL_CERT _ _X9'.split(
      ' ',
    ),
  )('%s is free', (asEnvVar) => {
    expect(new Secret({ key: 'k', asEnvVar }).asEnvVar).toBe(asEnvVar);
  });
});

describe('any text as names', () => {
  it('gives a Secret whose variable is sound, or a FlyteError that a log line can hold', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.stringMatching(/^[a-z./_-]{1,12}$/));
    fc.assert(
      fc.property(fc.record({ key: text, group: text, asEnvVar: text }, { requiredKeys: ['key'] }), (fields) => {
        const outcome = attempt(fields);
        const text = outcome instanceof Secret ? (outcome.asEnvVar ?? '') : outcome.message;
        expect(text).not.toMatch(/\p{Cc}/u);
        expect(outcome instanceof FlyteError || /^[A-Z_][A-Z0-9_]*$/.test(text)).toBe(true);
      }),
    );
  });
});
