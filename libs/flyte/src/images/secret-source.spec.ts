import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SecretRequest } from '../secrets/secret-request.js';
import { Secret } from '../secrets/secret.js';
import { buildSecretsOf } from './build-secret.js';
import { findSecretSources } from './secret-source.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'secret-source-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const find = (request: SecretRequest, env: Record<string, string> = {}) =>
  findSecretSources(new Map(buildSecretsOf(request).map((secret, index) => [`s${index}`, secret])), env, folder);

describe('findSecretSources', () => {
  it.each([
    [new Secret({ key: 'npm-token' }), 'NPM_TOKEN'],
    [new Secret({ group: 'aws', key: 'id', asEnvVar: 'AWS_ACCESS_KEY_ID' }), 'AWS_ID'],
    [new Secret({ group: 'user-creds', key: 'kv/data/ssh', mount: '/etc/flyte/secrets' }), 'USER_CREDS_KV_DATA_SSH'],
  ])('looks for %s in a variable', (secret, name) => {
    const value = Buffer.from('v');
    expect(find(secret, { [name]: 'v' }).get('s0')).toEqual({ kind: 'variable', name, value });
  });

  it('looks for a file where there is no variable, or an empty one', () => {
    const path = join(folder, 'aws_id');
    writeFileSync(path, 'from-file');
    const found = find(new Secret({ group: 'aws', key: 'id' }), { AWS_ID: '' });
    expect(found.get('s0')).toEqual({ kind: 'file', path, value: Buffer.from('from-file') });
  });

  it('takes an absolute path as it is', () => {
    const path = join(folder, 'secret1');
    writeFileSync(path, 'x');
    expect(find(path).get('s0')).toMatchObject({ kind: 'file', path });
  });

  it('lists all that are missing, and none that is there, in one error', () => {
    expect(() => find(['one', '/nowhere/two', 'here'], { HERE: 'the-value' })).toThrow(
      `The image needs 2 secrets that are not on this machine. Nothing was built. Set the variable or write the file of each:
- Secret one as ONE: variable ONE (not set), file ${folder}/one (absent)
- the file /nowhere/two: file /nowhere/two (absent)`,
    );
  });

  it('refuses what builders refuse later and less clearly', () => {
    const path = join(folder, 'large');
    writeFileSync(path, Buffer.alloc(600 * 1024));
    expect(() => find(path)).toThrow('614400 bytes, and builders take 512000');
    expect(() => find(new Secret({ key: 'a,b', asEnvVar: 'AB' }))).toThrow('no path with a comma');
    expect(() => find(folder)).toThrow('EISDIR');
  });
});
