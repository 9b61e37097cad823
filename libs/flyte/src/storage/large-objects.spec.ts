import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { START_STORE, storesLacking, type TestStore } from '../../../../test/storage/support/stores.js';

const run = promisify(execFile);
const MiB = 1024 * 1024;
const SCHEMES = ['s3', 'gs', 'abfs'] as const;

describe.each(SCHEMES)('a large object under %s://', { skip: storesLacking() }, (scheme) => {
  let folder: string;
  let store: TestStore;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nestjs-flyte-large-'));
    store = await START_STORE[scheme](folder);
  });
  afterAll(async () => {
    await store.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  // Only Linux tells what a process took at most, apart from what its parent took.
  it.skipIf(process.platform !== 'linux')(
    'takes little memory, and its SDK says nothing',
    async () => {
      const size = 320;
      const program = resolve('test/storage/support/move.mjs');
      const { stdout, stderr } = await run(process.execPath, [program, `${store.folder}/large`, `${size}`], {
        env: { PATH: process.env['PATH'], ...store.env },
      });
      expect(stderr).toBe('');
      const { bytes, peak } = JSON.parse(stdout) as { bytes: number; peak: number };
      expect(bytes).toBe(size * MiB);
      expect(peak).toBeLessThan(size * MiB);
    },
    600_000,
  );
});
