// @ts-check
// `npm run test:mutation`: do the tests notice when the code is wrong? All of it happens in a clone of what is committed.
//   -- mutants [PATTERN]                the mutants of list.mjs, or those whose file or text the regular expression matches
//   -- secrets|redaction|auth [STRYKER'S OPTION]  Stryker's, for instance: auth --mutate libs/flyte/src/auth/same-origin.ts
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { partNames } from './parts.mjs';
import { survivorsOf } from './survivors.mjs';

const root = join(import.meta.dirname, '../..');
const clone = mkdtempSync(join(tmpdir(), 'mutation-'));
/** @param {string[]} command @param {Record<string, string>} env */
const run = ([file = '', ...args], env = {}) =>
  execFileSync(file, args, { cwd: clone, stdio: 'inherit', env: { ...process.env, ...env } });
const [only, ...args] = process.argv.slice(2);

try {
  run(['git', 'clone', '--quiet', root, '.']);
  run(['npm', 'ci', '--silent']);
  run(['npm', 'run', '--silent', 'build']);
  if ((only ?? 'mutants') === 'mutants' && survivorsOf(clone, args[0]) > 0) process.exitCode = 1;
  for (const name of partNames) {
    if ((only ?? name) !== name) continue;
    const stryker = ['npx', '--no-install', 'stryker', 'run', 'test/mutation/stryker.config.mjs'];
    run([...stryker, ...args], { MUTATION_PART: name });
  }
} finally {
  rmSync(clone, { recursive: true, force: true });
}
