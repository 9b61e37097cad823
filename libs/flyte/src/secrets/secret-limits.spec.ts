import { describe, expect, it } from 'vitest';
import { Secret } from './secret.js';
import { areFilesTooLong, isVariableTooLong, secretNameProblem, secretValueProblem } from './secret-limits.js';

const KIB = 1024;
const text = (bytes: number): Uint8Array => Buffer.alloc(bytes, 'x');
const mount = '/etc/flyte/secrets';

describe('a variable', () => {
  it('may have 128 KiB with its name, the sign between them and the NUL behind', () => {
    expect(isVariableTooLong('NAME', 128 * KIB - 6)).toBe(false);
    expect(isVariableTooLong('NAME', 128 * KIB - 5)).toBe(true);
    expect(isVariableTooLong('NÄME', 128 * KIB - 6)).toBe(true);
  });
});

describe('the files of a task', () => {
  // SECRETS= and the NUL are 9 bytes; of a file, its key, the sign and the line end come on top of base64.
  const largest = ((128 * KIB - 9 - 'key'.length - 2) / 4) * 3;

  it('may have what is 128 KiB in base64, together', () => {
    const bytes = Math.floor(largest / 3) * 3;
    expect(areFilesTooLong([{ key: 'key', bytes }])).toBe(false);
    expect(areFilesTooLong([{ key: 'key', bytes: bytes + 1 }])).toBe(true);
    expect(areFilesTooLong(Array.from({ length: 2 }, () => ({ key: 'key', bytes: bytes / 2 })))).toBe(true);
    expect(areFilesTooLong([])).toBe(false);
  });
});

describe('the name of a stored secret', () => {
  it.each([
    ['', '', 212],
    ['development', '', 201],
    ['development', 'flytesnacks', 190],
  ])('has, in domain %j and project %j, at most %d characters', (domain, project, most) => {
    expect(secretNameProblem({ domain, project, name: 'n'.repeat(most) })).toBeUndefined();
    const problem = secretNameProblem({ domain, project, name: 'n'.repeat(most + 1) });
    expect(problem).toContain(`may have ${most},`);
    expect(problem).not.toContain('nnn');
  });
});

describe('a value', () => {
  const BYTES = Buffer.from([255, 0]);
  const asFile = new Secret({ key: 'k', mount });
  const asVariable = new Secret({ key: 'k', asEnvVar: 'K' });
  it.each([
    ['k', text(0), undefined],
    ['k', text(128 * KIB - 3), undefined],
    ['k', text(128 * KIB - 2), /^The value of the secret has 131070 bytes: no variable .*128 KiB.* no file .*96 KiB/],
    ['k', BYTES, undefined],
    ['k', Buffer.concat([BYTES, text(97 * KIB)]), /UTF-8 text without NUL, and no file/],
    [asFile, text(95 * KIB), undefined],
    [asFile, text(97 * KIB), /99328 bytes: no file/],
    [asVariable, text(97 * KIB), undefined],
    [asVariable, text(128 * KIB), /no variable/],
    [asVariable, BYTES, /UTF-8/],
  ])('of %s that no task could receive is told apart: %#', (secret, value, problem) => {
    const said = secretValueProblem(secret, value);
    if (problem === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(problem);
  });
});
