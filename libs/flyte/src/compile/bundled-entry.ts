import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Plugin } from 'esbuild';
import { FlyteError } from '../errors/flyte-error.js';
import { COMPILED_EXPORT } from '../runtime/compiled-file.js';

const RUNTIME = 'dist/runtime/compiled-tasks.js';
const BEGIN = 'nestjs-flyte:begin';

/**
 * The module that a compiled file is made of. It begins the action, and then loads the tasks: modules are evaluated in the order in
 * which they are imported.
 */
export function bundledEntry(file: string, name: string): string {
  return [
    `export { ${COMPILED_EXPORT} } from ${JSON.stringify(BEGIN)};`,
    `export { ${name} } from ${JSON.stringify(file)};`,
  ].join('\n');
}

/** Knows the module that begins an action. @param library the folder of this package that the tasks import */
export function beginning(library: string): Plugin {
  const contents =
    `import { beginCompiledTasks } from ${JSON.stringify(join(library, RUNTIME))};\n` +
    `export const ${COMPILED_EXPORT} = beginCompiledTasks();`;
  return {
    name: 'nestjs-flyte-beginning',
    setup: (build) => {
      const exactly = new RegExp(`^${BEGIN}$`);
      build.onResolve({ filter: exactly }, ({ path }) => ({ path, namespace: 'nestjs-flyte' }));
      build.onLoad({ filter: exactly, namespace: 'nestjs-flyte' }, () => ({ contents, resolveDir: library }));
    },
  };
}

/**
 * The folder of this package as the tasks find it: their copy, and no other, goes into the file.
 *
 * @throws FlyteError `failed_precondition` where they find none, or one that can't be compiled
 */
export function libraryOf(file: string): string {
  const folder = found(file);
  if (folder !== undefined && existsSync(join(folder, RUNTIME))) return folder;
  const what =
    folder === undefined
      ? 'There is no nestjs-flyte where the tasks would import it from: install it beside them'
      : `The tasks import a nestjs-flyte that can't be compiled, in ${folder}: install the version of this command`;
  throw new FlyteError('failed_precondition', `${what}. The tasks are in ${file}.`);
}

function found(file: string): string | undefined {
  try {
    return realpathSync(dirname(createRequire(file).resolve('nestjs-flyte/package.json')));
  } catch {
    return undefined;
  }
}
