import { posix, win32 } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertStaysInside, pathHazard } from './path-hazard.js';
import { Secret } from '../secrets/secret.js';

const mount = '/etc/flyte/secrets';

describe('pathHazard', () => {
  it.each([
    'my-key',
    'a/b/c',
    '..data',
    'a..b',
    '.hidden',
    'arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/api-key-AbCdEf',
    'kv/data/team/api key',
    'ключ',
    '日本/🔑',
  ])('%s stays inside', (path) => {
    expect(pathHazard(path)).toBeUndefined();
    expect(new Secret({ key: path, mount }).key).toBe(path);
    expect(new Secret({ key: 'k', group: path, mount }).group).toBe(path);
  });

  it.each([
    ['/etc/passwd', 'is an absolute path'],
    ['\\\\server\\share', 'is an absolute path'],
    ['C:\\x', 'is an absolute path'],
    ['..', 'has a ".." segment'],
    ['../x', 'has a ".." segment'],
    ['a/../../x', 'has a ".." segment'],
    ['a\\..\\..\\x', 'has a ".." segment'],
    ['a/..', 'has a ".." segment'],
    ['.', 'has an empty or "." segment'],
    ['a//b', 'has an empty or "." segment'],
    ['a/', 'has an empty or "." segment'],
    ['./a', 'has an empty or "." segment'],
    ['a\0b', 'holds a control character'],
    ['a\nb', 'holds a control character'],
    ['a\u0085b', 'holds a control character'],
    ['a\u2028b', 'holds a control character'],
    ['a\ud800', 'holds a control character'],
    ['', 'is empty'],
  ])('%j %s', (path, hazard) => {
    expect(pathHazard(path)).toBe(hazard);
    expect(() => assertStaysInside('File name', path)).toThrow(`File name ${hazard}`);
    expect(() => new Secret({ key: path, mount })).toThrow('Secret field key');
  });

  it('is asked of the group too', () => {
    expect(() => new Secret({ key: 'k', group: '../x', asEnvVar: 'X' })).toThrow(
      'Secret field group has a ".." segment: "../x". It names a file inside a folder and may not leave it',
    );
    expect(new Secret({ key: 'k', group: '' }).group).toBeUndefined();
  });

  it('passes nothing that leaves the folder, on POSIX and on Windows, nor two spellings of one path', () => {
    const piece = fc.oneof(
      fc.constantFrom('..', '.', '/', '\\', 'C:', '//', '\0', 'a', 'B', '~', '%2e%2e', '\u2025'),
      fc.string({ maxLength: 3 }),
    );
    const path = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(path, (name) => {
        if (pathHazard(name) !== undefined) return;
        expect(posix.join('/base', name)).toBe(`/base/${name}`);
        expect(win32.relative('C:\\base', win32.resolve('C:\\base', `.\\${name}`))).toBe(name.replaceAll('/', '\\'));
        expect(win32.isAbsolute(name)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});
