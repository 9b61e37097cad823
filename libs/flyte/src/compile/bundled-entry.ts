import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { FlyteError } from '../errors/flyte-error.js';
import { COMPILED_EXPORT, COMPILED_HEADER } from '../runtime/compiled-file.js';
import { existsSync, realpathSync } from 'node:fs';

/** What a compiled file begins with. Packages that were CommonJS ask for Node's own modules, and for packages outside, by `require`. */
export const BANNER = `${COMPILED_HEADER}import { createRequire as nestjsFlyteRequire } from 'node:module';
const require = nestjsFlyteRequire(import.meta.url);`;

/**
 * The module that a compiled file is made of: the runtime, then the tasks. These come by a dynamic import, which evaluates them
 * when the runtime asks for it, and not before it can report what they throw.
 *
 * @param library the folder of this package that the tasks import
 */
export function bundledEntry(file: string, name: string, library: string): string {
  return [
    `import { compiledTasks } from ${JSON.stringify(join(library, RUNTIME))};`,
    `export const ${COMPILED_EXPORT} = compiledTasks(() => import(${JSON.stringify(file)}));`,
    `export const ${name} = await ${COMPILED_EXPORT}.exported(${JSON.stringify(name)});`,
  ].join('\n');
}

/**
 * The folder of this package as the tasks find it: their copy, and no other, goes into the file.
 *
 * @throws FlyteError `failed_precondition` where they find none, or one that can't be compiled
 */
export function libraryOf(file: string): string {
  const folder = found(file);
  if (folder !== undefined && existsSync(join(folder, RUNTIME))) return folder;
  const what = folder === undefined ? 'finds no nestjs-flyte' : `finds a nestjs-flyte that is too old, in ${folder}`;
  throw new FlyteError('failed_precondition', `${file} ${what}: npm install nestjs-flyte`);
}

const RUNTIME = 'dist/runtime/compiled-tasks.js';

function found(file: string): string | undefined {
  try {
    return realpathSync(dirname(createRequire(file).resolve('nestjs-flyte/package.json')));
  } catch {
    return undefined;
  }
}
