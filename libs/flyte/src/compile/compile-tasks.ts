import { dirname, relative, resolve, sep } from 'node:path';
import type { BuildOptions, BuildResult } from 'esbuild';
import { FlyteError } from '../errors/flyte-error.js';
import { beginning, bundledEntry, libraryOf } from './bundled-entry.js';
import { bundleProblem, messageText } from './bundle-problems.js';
import { emittedOnly } from './emitted-only.js';
import { loadEsbuild } from './esbuild.js';
import { outside } from './outside.js';
import { BANNER, ownPlace, PLACES } from './own-place.js';
import { packageOf } from './package-of.js';

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
  readonly external: readonly string[];
  /** Takes what the user should know. */
  readonly note: (line: string) => void;
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
export async function compileTasks({ file, name, out, root, external, note }: CompileOptions): Promise<Compiled> {
  const { build } = await loadEsbuild();
  const library = libraryOf(file);
  const askers = new Set<string>();
  const options = {
    stdin: { contents: bundledEntry(file, name), resolveDir: root, sourcefile: 'nestjs-flyte' },
    ...{ absWorkingDir: root, outfile: out, write: false, metafile: true, logLevel: 'silent' },
    ...{ bundle: true, format: 'esm', platform: 'node', target: 'node20', define: PLACES },
    // A task is known by the name of its class.
    ...{ keepNames: true, minifyWhitespace: true, minifySyntax: true },
    ...{ sourcemap: 'linked', sourcesContent: false, legalComments: 'eof' },
    // What a tsconfig.json says was for the compiler, whose work is done.
    ...{ tsconfigRaw: {}, resolveExtensions: ['.js', '.cjs', '.mjs', '.json'] },
    logOverride: { 'unsupported-dynamic-import': 'warning', 'unsupported-require-call': 'warning' },
    banner: { js: BANNER },
    plugins: [
      beginning(library),
      emittedOnly(),
      outside({ external, from: dirname(out), library, note }),
      ownPlace(dirname(out), askers),
    ],
  } satisfies BuildOptions;
  let result: BuildResult<typeof options>;
  try {
    result = await build(options);
  } catch (error) {
    throw bundleProblem(error, relative(root, file));
  }
  const isKnown = (path: string): boolean => path.startsWith(library + sep) || KNOWN.test(packageOf(path)?.name ?? '');
  for (const warning of result.warnings) {
    if (warning.location === null || !isKnown(resolve(root, warning.location.file))) note(messageText(warning));
  }
  const inside = Object.keys(result.metafile.inputs).map((path) => resolve(root, path));
  noteAskers(
    inside.filter((path) => askers.has(path) && !isKnown(path)),
    root,
    note,
  );
  const code = result.outputFiles.find(({ path }) => path === out);
  const map = result.outputFiles.find(({ path }) => path === `${out}.map`);
  if (code === undefined || map === undefined) throw new FlyteError('internal', 'esbuild answered without a file.');
  return { code: code.contents, map: map.contents };
}

/** Into these, and this library, somebody has looked. The last one loads for Nest 11 what it needs for uploads. */
const KNOWN = /^(?:@nestjs\/.+|load-esm)$/;

function noteAskers(files: readonly string[], root: string, note: (line: string) => void): void {
  if (files.length === 0) return;
  const names = [...new Set(files.map((file) => packageOf(file)?.name ?? relative(root, file)))].toSorted();
  note(
    `Where the tasks run, files that these look for beside themselves must lie where they do now: ${names.join(', ')}`,
  );
}
