import { create, type MessageInitShape, toJson } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { Secret_MountType, SecretSchema } from '../gen/flyteidl2/core/security_pb.js';
import { Secret } from './secret.js';
import { secretsOf } from './secret-request.js';
import { SECRET_MOUNT_TYPE, secretFromWire, secretToWire } from './secret-wire.js';

const mount = '/etc/flyte/secrets';

describe('secrets on the wire', () => {
  it('uses the numbers of the IDL', () => {
    expect(SECRET_MOUNT_TYPE).toEqual({
      ANY: Secret_MountType.ANY,
      ENV_VAR: Secret_MountType.ENV_VAR,
      FILE: Secret_MountType.FILE,
    });
  });

  it.each([
    [
      { key: 'api-key', group: 'openai' },
      { key: 'api-key', group: 'openai', mountRequirement: 'ENV_VAR', envVar: 'OPENAI_API_KEY' },
    ],
    [
      { key: 'ssh-key', group: 'user-creds', mount },
      { key: 'ssh-key', group: 'user-creds', mountRequirement: 'FILE' },
    ],
    [
      { key: 'k', mount, asEnvVar: 'K_PATH' },
      { key: 'k', mountRequirement: 'ENV_VAR', envVar: 'K_PATH' },
    ],
  ])('%j travels as %j', (fields, json) => {
    const init: MessageInitShape<typeof SecretSchema> = secretToWire(new Secret(fields));
    const message = create(SecretSchema, init);
    expect(toJson(SecretSchema, message)).toEqual(json);
    expect(secretToWire(secretFromWire(message))).toEqual(secretToWire(new Secret(fields)));
  });

  it('reads what other SDKs declare, and checks it again', () => {
    expect(secretFromWire(create(SecretSchema, { key: 'my-key' })).mount).toBe(mount);
    expect(
      secretFromWire(create(SecretSchema, { key: 'my-key', mountRequirement: Secret_MountType.ENV_VAR })).asEnvVar,
    ).toBe('MY_KEY');
    expect(() =>
      secretFromWire(create(SecretSchema, { key: '../../root', mountRequirement: Secret_MountType.FILE })),
    ).toThrow('has a ".." segment');
    expect(() => secretFromWire(create(SecretSchema, { key: 'k', envVar: 'LD_PRELOAD' }))).toThrow('is obeyed by');
  });
});

describe('secretsOf', () => {
  it('takes one or several, as keys or secrets', () => {
    const secret = new Secret({ key: 'ssh-key', mount });
    expect(secretsOf(undefined)).toEqual([]);
    expect(secretsOf('my-key')).toEqual([new Secret({ key: 'my-key' })]);
    expect(secretsOf(secret)).toEqual([secret]);
    const list: readonly (string | Secret)[] = Object.freeze(['a', secret, 'a']);
    expect(secretsOf(list).map(String)).toEqual(['Secret a as A', 'Secret ssh-key as a file', 'Secret a as A']);
  });

  it('names the element that is neither', () => {
    // @ts-expect-error plain fields are not a Secret
    expect(() => secretsOf(['a', { key: 'b' }])).toThrow('Element 1 of secrets is a value of type object');
    expect(() => secretsOf(['a', 'b c'])).toThrow('Invalid environment variable name: B C');
  });
});
