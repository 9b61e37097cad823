import { chmodSync, existsSync, lstatSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSecretsRoot, removeSecretsOf } from './secrets-root.js';

const hasMemory = process.platform === 'linux' && existsSync('/dev/shm');
if (!hasMemory) process.stderr.write('skipped: the tests of secrets in memory, because there is no /dev/shm\n');

describe.skipIf(!hasMemory)('the folder of secret files', () => {
  let folder: string;
  let fallback: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'secrets-root-'));
    fallback = join(folder, 'fallback');
  });
  afterEach(() => {
    removeSecretsOf(fallback);
    rmSync(folder, { recursive: true });
  });

  it('is in memory, private, and the same one at the next start', () => {
    const root = openSecretsRoot(fallback);
    expect(root).toMatch(/^\/dev\/shm\//);
    expect(statSync(root).mode & 0o777).toBe(0o700);
    expect(openSecretsRoot(fallback)).toBe(root);
    removeSecretsOf(fallback);
    expect(existsSync(root)).toBe(false);
  });

  it.each([0o710, 0o701, 0o750, 0o755, 0o777])('is not in memory where others may enter it: %o', (mode) => {
    const root = openSecretsRoot(fallback);
    chmodSync(root, mode);
    try {
      expect(openSecretsRoot(fallback)).toBe(fallback);
      expect(statSync(fallback).mode & 0o777).toBe(0o700);
    } finally {
      chmodSync(root, 0o700);
    }
  });

  it('is not in memory where a link is in its place', () => {
    const root = openSecretsRoot(fallback);
    rmSync(root, { recursive: true });
    symlinkSync(folder, root);
    try {
      expect(openSecretsRoot(fallback)).toBe(fallback);
      expect(lstatSync(root).isSymbolicLink()).toBe(true);
    } finally {
      rmSync(root);
    }
  });
});
