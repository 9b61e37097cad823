import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { Command } from 'commander';
import { compileTasks } from '../compile/compile-tasks.js';
import { FlyteError } from '../errors/flyte-error.js';
import { systemCodeOf } from '../errors/system-code.js';
import { moduleProblem, moduleReference } from '../protocol/module-reference.js';
import { isCompiledFile } from '../runtime/compiled-file.js';
import { moduleFile } from '../tasks/module-file.js';
import { answer, note, type OutputFlags } from './output.js';
import { loadTaskClasses } from './tasks-options.js';

interface Flags extends OutputFlags {
  readonly out: string;
  readonly external?: readonly string[];
  readonly check: boolean;
}

/** `nestjs-flyte compile` */
export function compileCommand(): Command {
  return new Command('compile')
    .description('Make one file of the tasks and all that they import, so that actions start sooner')
    .argument('<module>', 'the module of the tasks, as the compiler emitted it: ./dist/tasks.module.js#TasksModule')
    .option('--out <file>', 'where the file goes, ending in .mjs', 'dist/tasks.mjs')
    .option('--external <package...>', 'packages to leave outside; the image needs them')
    .option('--no-check', 'do not load the file that was made, to see whether it works')
    .option('--json', 'answer in JSON')
    .action(async (module: string, flags: Flags) => {
      const root = process.cwd();
      const problem = moduleProblem(module);
      if (problem !== undefined) throw refused(`${JSON.stringify(module)} names no module: ${problem}.`);
      const { name } = moduleReference(module);
      const file = moduleFile(module, root);
      const out = resolve(root, flags.out);
      checkFiles(file, out);
      const { external = [] } = flags;
      if (external.includes('nestjs-flyte'))
        throw refused("nestjs-flyte itself can't be left outside: an action is run by the copy in the file.");
      const { code, map } = await compileTasks({ file, name, out, root, external, note });
      const reference = `${toReference(root, out)}#${name}`;
      const draft = join(dirname(out), `.${process.pid}.${basename(out)}`);
      written(out, () => {
        mkdirSync(dirname(out), { recursive: true });
        writeFileSync(draft, code);
      });
      try {
        if (flags.check) await check(draft, module, root);
        written(out, () => {
          writeFileSync(`${out}.map`, map);
          renameSync(draft, out);
        });
      } finally {
        rmSync(draft, { force: true });
      }
      await answer(flags, { module: reference, bytes: code.length }, () => [reference]);
    });
}

function checkFiles(file: string, out: string): void {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true)
    throw refused(`There is no file ${file}. Build the app first, and run this in its root.`);
  if (isCompiledFile(file)) throw refused(`${file} is compiled already: name the file that your compiler emitted.`);
  if (!out.endsWith('.mjs'))
    throw refused(`--out ${out} does not end in .mjs, by which Node knows what kind of module it is.`);
}

/**
 * Loads what was made, as an action would, and looks for its tasks.
 *
 * @param draft where it lies meanwhile, of which nobody need hear
 */
async function check(draft: string, module: string, root: string): Promise<void> {
  const { path, name } = moduleReference(module);
  try {
    const classes = await loadTaskClasses(`${toReference(root, draft)}#${name}`);
    if (classes.length === 0) throw new FlyteError('invalid_configuration', `${module} has no task.`);
  } catch (error) {
    if (!FlyteError.is(error)) throw error;
    throw new FlyteError(error.code, error.message.replaceAll(draft, resolve(root, path)), { cause: error });
  }
}

function written(out: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw refused(`${out} can't be written (${systemCodeOf(error) ?? 'unknown'}): give another --out.`);
  }
}

function toReference(root: string, file: string): string {
  const path = relative(root, file).split(sep).join('/');
  return path.startsWith('.') ? path : `./${path}`;
}

function refused(message: string): FlyteError {
  return new FlyteError('invalid_argument', message);
}
