import { dirname, relative } from 'node:path';
import type { BuildOptions, BuildResult } from 'esbuild';
import { FlyteError } from '../errors/flyte-error.js';
import { beginning, bundledEntry, libraryOf } from './bundled-entry.js';
import { bundleProblem } from './bundle-problems.js';
import { loadEsbuild } from './esbuild.js';
import { outside } from './outside.js';
import { BANNER, ownPlace, PLACES } from './own-place.js';

/** What is compiled, and to what. Paths are absolute. */
export interface CompileOptions {
  /** The file of the tasks module, as the user's compiler emitted it. */
  readonly file: string;
  /** Its export that is the module. */
  readonly name: string;
  /** The compiled file. */
  readonly out: string;
  /** The app's root. */
  readonly root: string;
  /** Packages to leave outside. */
  readonly external?: readonly string[];
  /** Takes what the user should know. */
  readonly note?: (line: string) => void;
}

/** What was compiled. Nothing is written. */
export interface Compiled {
  /** The compiled file's text. */
  readonly code: Uint8Array;
  /** Its source map. It names files, and holds the text of none. */
  readonly map: Uint8Array;
}

/**
 * Makes one file of a tasks module, all that it imports, and the runtime of an action. It is made from what the user's own compiler
 * emitted, since that holds what decorators need to know. The same files give the same bytes.
 *
 * @throws FlyteError `failed_precondition` without a bundler, `invalid_argument` for what can't be compiled
 */
export async function compileTasks(given: CompileOptions): Promise<Compiled> {
  const { file, name, out, root, external = [], note = () => undefined } = given;
  const { build } = await loadEsbuild();
  const library = libraryOf(file);
  const options = {
    stdin: { contents: bundledEntry(file, name), resolveDir: root, sourcefile: 'nestjs-flyte' },
    ...{ absWorkingDir: root, outfile: out, write: false, logLevel: 'silent' },
    ...{ bundle: true, format: 'esm', platform: 'node', target: 'node20', define: PLACES },
    // A task is known by the name of its class.
    ...{ keepNames: true, minifyWhitespace: true, minifySyntax: true },
    ...{ sourcemap: 'linked', sourcesContent: false, legalComments: 'eof' },
    // What a tsconfig.json says was for the compiler, whose work is done.
    tsconfigRaw: {},
    banner: { js: BANNER },
    plugins: [
      beginning(library),
      outside({ external, from: dirname(out), library, note }),
      ownPlace(dirname(out), () => undefined),
    ],
  } as const satisfies BuildOptions;
  let result: BuildResult<typeof options>;
  try {
    result = await build(options);
  } catch (error) {
    throw bundleProblem(error, relative(root, file));
  }
  const code = result.outputFiles.find(({ path }) => path === out);
  const map = result.outputFiles.find(({ path }) => path === `${out}.map`);
  if (code === undefined || map === undefined) throw new FlyteError('internal', 'esbuild answered without a file.');
  return { code: code.contents, map: map.contents };
}
