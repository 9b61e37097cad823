// @ts-check
// `npm run test:mutation`: do the tests notice when the code is wrong? All of it happens in a clone of what is committed.
//   -- mutants [WORD]      the mutants of list.mjs, or those whose file or text has the word
//   -- stryker [OPTION]... Stryker's, for instance --mutate 'libs/flyte/src/secrets/*.ts'
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { survivorsOf } from './survivors.mjs';

const root = join(import.meta.dirname, '../..');
const clone = mkdtempSync(join(tmpdir(), 'mutation-'));
/** @param {string} command @param {string[]} args */
const run = (command, ...args) => execFileSync(command, args, { cwd: clone, stdio: 'inherit' });
const [only, ...args] = process.argv.slice(2);

try {
  run('git', 'clone', '--quiet', root, '.');
  run('npm', 'ci', '--silent');
  run('npm', 'run', '--silent', 'build');
  const survivors = only === 'stryker' ? 0 : survivorsOf(clone, only === 'mutants' ? args[0] : undefined);
  if (only !== 'mutants') run('npx', '--no-install', 'stryker', 'run', 'test/mutation/stryker.config.json', ...args);
  if (survivors > 0) process.exitCode = 1;
} finally {
  rmSync(clone, { recursive: true, force: true });
}
