import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from './secret.js';

const mount = '/etc/flyte/secrets';
const ssh = new Secret({ group: 'User-Creds', key: 'SSH-key', mount });
const openai = new Secret({ key: 'openai-key', asEnvVar: 'OPENAI_API_KEY' });
let folder: string;
let env: Record<string, string>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'secrets-'));
  env = { FLYTE_SECRETS_DEFAULT_DIR: folder };
});
afterEach(() => rmSync(folder, { recursive: true }));

const put = (path: string, value: string | Uint8Array): void => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), value);
};

describe('read', () => {
  it('takes the variable, even an empty one, before any file', () => {
    put('openai-key', 'from the file');
    expect(openai.read({ ...env, OPENAI_API_KEY: 'from the variable' })).toBe('from the variable');
    expect(openai.read({ ...env, OPENAI_API_KEY: '' })).toBe('');
    expect(openai.read(env)).toBe('from the file');
    expect([...openai.readBytes({ OPENAI_API_KEY: 'é' })]).toEqual([0xc3, 0xa9]);
  });

  it.each(['user-creds/ssh-key', 'User-Creds/SSH-key', 'ssh-key', 'SSH-key'])('finds the layout %s', (path) => {
    put(path, 'pem\n');
    expect(ssh.read(env)).toBe('pem\n');
  });

  it('prefers the folder of the group, and follows the links Kubernetes makes', () => {
    put('ssh-key', 'of no group');
    put('..data/ssh-key', 'of the group');
    mkdirSync(join(folder, 'user-creds'));
    symlinkSync('../..data/ssh-key', join(folder, 'user-creds/ssh-key'));
    expect(ssh.read(env)).toBe('of the group');
  });

  it('gives bytes as stored, and refuses to call them text', () => {
    const bytes = Uint8Array.from([0xef, 0xbb, 0xbf, 0x00, 0xff]);
    put('ssh-key', bytes);
    expect(ssh.readBytes(env)).toEqual(bytes);
    expect(() => ssh.read(env)).toThrow('Secret User-Creds/SSH-key as a file is not UTF-8 text: use readBytes().');
    put('ssh-key', '\ufeffwith a mark\r\n');
    expect(ssh.read(env)).toBe('\ufeffwith a mark\r\n');
  });

  it('reads the environment of the process by default', () => {
    const saved = process.env['OPENAI_API_KEY'];
    process.env['OPENAI_API_KEY'] = 'of the process';
    try {
      expect(openai.read()).toBe('of the process');
    } finally {
      if (saved === undefined) delete process.env['OPENAI_API_KEY'];
      else process.env['OPENAI_API_KEY'] = saved;
    }
  });

  it('where it is absent, lists where it looked, without any value', () => {
    expect(() => openai.read({ ...env, OTHER: 'hunter2' })).toThrow(
      expect.objectContaining({
        code: 'failed_precondition',
        message:
          `Secret openai-key as OPENAI_API_KEY is not here. Looked at: the variable OPENAI_API_KEY (not set), ` +
          `the file ${folder}/openai-key (absent). A task finds only the secrets it declares: add this one to ` +
          '`secrets` of @Task or of its TaskEnvironment, and read it while the task runs.',
      }),
    );
    expect(() => new Secret({ key: 'k', mount }).read({ FLYTE_SECRETS_DEFAULT_DIR: '' })).toThrow(
      'the file /etc/flyte/secrets/k (absent)',
    );
  });

  it('says where something is there but cannot be read', () => {
    mkdirSync(join(folder, 'user-creds/ssh-key'), { recursive: true });
    expect(() => ssh.read(env)).toThrow('/user-creds/ssh-key (EISDIR)');
    put('a-file', 'x');
    expect(() => new Secret({ group: 'a-file', key: 'k', mount }).read(env)).toThrow('/a-file/k (absent)');
    expect(() => new Secret({ key: 'k'.repeat(300), mount }).read(env)).toThrow('(ENAMETOOLONG)');
  });
});
