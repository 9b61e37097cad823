// @ts-check
// Applies each mutant of list.mjs, and runs the test that is to fail.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { mutants } from './list.mjs';

/**
 * @param {string} root a clone that is built, and that nobody works in
 * @param {string | undefined} word of the mutants to try; all if not given
 * @returns how many mutants no test noticed
 */
export function survivorsOf(root, word) {
  const tried = mutants.filter((one) => !word || JSON.stringify(one).includes(word));
  const specs = [...new Set(tried.map(({ spec }) => spec))];
  const survivors = [];
  for (const mutant of tried) {
    const path = join(root, mutant.file);
    const source = readFileSync(path, 'utf8');
    if (source.split(mutant.find).length !== 2)
      throw new Error(`${mutant.file} does not have once: ${mutant.find}\nBring the list up to date.`);
    write(
      root,
      mutant.file,
      source.replace(mutant.find, () => mutant.replace),
    );
    const survived = passes(root, [mutant.spec, ...(mutant.test ? ['-t', mutant.test] : [])]);
    write(root, mutant.file, source);
    console.log(
      `${survived ? 'SURVIVED' : 'killed'}: ${mutant.file}: ${mutant.find} -> ${mutant.replace || 'nothing'}`,
    );
    if (survived) survivors.push(mutant);
  }
  // A test that fails anyway would kill whatever comes.
  if (!passes(root, specs)) throw new Error('The tests fail without a mutant too.');
  console.log(`${tried.length - survivors.length} of ${tried.length} mutants of the list were noticed`);
  return survivors.length;
}

/** @param {string} root @param {string[]} args */
function passes(root, args) {
  const { status } = spawnSync(
    'npx',
    ['--no-install', 'vitest', 'run', '--bail', '1', '--testTimeout', '60000', ...args],
    { cwd: root },
  );
  return status === 0;
}

/**
 * Writes a source and, since tests run against the built libraries, what it compiles to.
 *
 * @param {string} root @param {string} file @param {string} source
 */
function write(root, file, source) {
  writeFileSync(join(root, file), source);
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => readFileSync(path, 'utf8'));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const { outputText } = ts.transpileModule(source, { fileName: file, compilerOptions: { ...options, noEmit: false } });
  writeFileSync(join(root, file.replace('/src/', '/dist/').replace(/\.ts$/, '.js')), outputText);
}
