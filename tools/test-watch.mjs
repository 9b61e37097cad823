// @ts-check
// `npm run test:watch`: builds what is edited, beside Vitest, which runs the tests of what was built.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '..');
const { resolve } = createRequire(import.meta.url);

const projects = ['libs/flyte/tsconfig.lib.json', 'libs/flyte-local/tsconfig.lib.json', 'tsconfig.app.json'];
// What a watch before this one noted of its output may not be so any more: a plain build and `npm run clean` don't know of it.
for (const notes of ['libs/flyte/tsconfig.lib', 'libs/flyte-local/tsconfig.lib', 'dist/tsconfig.app'])
  rmSync(join(root, `${notes}.tsbuildinfo`), { force: true });
const builder = spawn(
  process.execPath,
  [resolve('typescript/bin/tsc'), '--build', '--watch', '--preserveWatchOutput', ...projects],
  { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
);
const built = new Promise((done) => {
  createInterface(builder.stdout).on('line', (line) => {
    console.log(line);
    if (!line.includes('Watching for file changes')) return;
    // The compiler is done, and may have had errors: then there may be nothing to bundle.
    spawnSync(process.execPath, [join(root, 'tools/bundle.mjs')], { stdio: 'inherit' });
    done(true);
  });
  builder.once('exit', () => done(false));
});

/** @type {import('node:child_process').ChildProcess | undefined} */
let tests;
// Ctrl-C is Vitest's to answer, whose keys it is one of; the builder ends with it.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => void (tests ?? builder).kill(signal));

process.exitCode = 1;
if (await built) {
  const vitest = join(resolve('vitest/package.json'), '../vitest.mjs');
  tests = spawn(process.execPath, [vitest, 'watch', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
  builder.once('exit', () => tests?.kill());
  await once(tests, 'exit');
  process.exitCode = tests.exitCode ?? 1;
}
builder.kill();
