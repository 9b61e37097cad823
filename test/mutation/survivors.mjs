// @ts-check
// Applies each mutant of list.mjs, and runs the test that is to fail.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { mutants } from './list.mjs';

/**
 * @param {string} root a clone that is built, and that nobody works in
 * @param {string | undefined} pattern a regular expression, of the mutants to try; all if not given
 * @returns how many mutants no test noticed
 */
export function survivorsOf(root, pattern = '') {
  const tried = mutants.filter((one) => new RegExp(pattern).test(JSON.stringify(one)));
  // A test that fails anyway would notice whatever comes.
  for (const { file } of tried) write(root, file, readFileSync(join(root, file), 'utf8'));
  const tests = new Map(tried.map(({ spec, test }) => [nameOf({ spec, test }), { spec, test }]));
  const failing = [...tests].flatMap(([name, { spec, test }]) => (passes(root, spec, test) ? [] : [name]));
  for (const name of failing) console.log(`FAILS WITHOUT A MUTANT TOO: ${name}`);
  const survivors = tried.filter((mutant) => failing.includes(nameOf(mutant)) || survives(root, mutant));
  console.log(`${tried.length - survivors.length} of ${tried.length} mutants of the list were noticed`);
  return survivors.length;
}

/** @param {Pick<import('./list.mjs').Mutant, 'spec' | 'test'>} mutant */
function nameOf({ spec, test = '' }) {
  return `${spec} ${test}`;
}

/** @param {string} root @param {import('./list.mjs').Mutant} mutant */
function survives(root, { file, find, replace, spec, test }) {
  const source = readFileSync(join(root, file), 'utf8');
  if (source.split(find).length !== 2)
    throw new Error(`${file} does not have once: ${find}\nBring the list up to date.`);
  write(
    root,
    file,
    source.replace(find, () => replace),
  );
  const survived = passes(root, spec, test);
  write(root, file, source);
  // Where the mistake keeps an action from ending, so does the test.
  spawnSync('pkill', ['-KILL', '-f', `${root}/libs/flyte/bin/nestjs-flyte`]);
  console.log(`${survived ? 'SURVIVED' : 'noticed'}: ${file}: ${find.trim()} -> ${replace.trim() || 'nothing'}`);
  return survived;
}

/** @param {string} root @param {string} spec @param {string} [test] */
function passes(root, spec, test) {
  const args = ['vitest', 'run', '--bail', '1', spec, ...(test ? ['-t', test] : [])];
  return spawnSync('npx', ['--no-install', ...args], { cwd: root }).status === 0;
}

/**
 * Writes a source and, since tests run against the built libraries, what it compiles to.
 *
 * @param {string} root @param {string} file @param {string} source
 */
function write(root, file, source) {
  writeFileSync(join(root, file), source);
  if (!file.endsWith('.ts')) return;
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => readFileSync(path, 'utf8'));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  // Each file by itself, so nobody knows what kind of module its package has.
  const compilerOptions = { ...options, noEmit: false, module: ts.ModuleKind.ESNext };
  const { outputText } = ts.transpileModule(source, { fileName: file, compilerOptions });
  const bundled = file.startsWith('libs/flyte/');
  writeFileSync(join(root, file.replace('/src/', bundled ? '/build/' : '/dist/').replace(/\.ts$/, '.js')), outputText);
  if (bundled) execFileSync(process.execPath, [join(root, 'tools/bundle.mjs')]);
}
