// @ts-check
// Packs the libraries as npm would publish them and checks what is in the tarballs: entry points, types, no stray files.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const scratch = mkdtempSync(join(tmpdir(), 'packages-'));
/** @param {string} command @param {string[]} args */
const run = (command, ...args) => execFileSync(command, args, { cwd: root, stdio: 'inherit' });

try {
  for (const name of ['nestjs-flyte', 'nestjs-flyte-local']) {
    const answer = execFileSync('npm', ['pack', '-w', name, '--json', '--pack-destination', scratch], {
      cwd: root,
      encoding: 'utf8',
    });
    const [packed] =
      /** @type {[{ filename: string, size: number, entryCount: number, files: { path: string }[] }]} */ (
        JSON.parse(answer)
      );
    const stray = packed.files.filter(
      ({ path }) => !/^(dist|bin)\/|^(package\.json|README\.md|LICENSE|NOTICE)$/.test(path),
    );
    if (stray.length > 0) throw new Error(`${name} would publish ${stray.map(({ path }) => path).join(', ')}`);
    const missing = ['README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts'].filter(
      (path) => !packed.files.some((file) => file.path === path),
    );
    if (missing.length > 0) throw new Error(`${name} would lack ${missing.join(', ')}`);
    console.log(`${name}: ${packed.entryCount} files, ${Math.round(packed.size / 1024)} KiB packed`);
    const tarball = join(scratch, packed.filename);
    run('npx', '--no-install', 'publint', 'run', tarball, '--strict');
    run('npx', '--no-install', 'attw', tarball, '--profile', 'esm-only', '--format', 'ascii');
  }
} finally {
  rmSync(scratch, { recursive: true });
}
