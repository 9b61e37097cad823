import { createHash } from 'node:crypto';
import { realpathSync, type Stats, statSync } from 'node:fs';
import { posix, relative, resolve, sep } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { ReadEntry } from 'tar';
import { FlyteError } from '../errors/flyte-error.js';
import { type ContextEntry, folderFiles, isNeverCopied, singleFile } from '../images/context-files.js';
import { bundlePathProblem, MAX_BUNDLE_BYTES, MAX_BUNDLE_FILES } from '../runtime/code-bundle.js';
import { moduleFile } from '../tasks/module-file.js';

/** An app's code in one archive. */
export interface CodeBundle {
  /** A tar archive, compressed by gzip. */
  readonly bytes: Uint8Array;
  /** Hex SHA-256 of the archive before it is compressed, which differs by the version of the compressor. */
  readonly sha256: string;
  /** How many files it has. */
  readonly files: number;
}

const MANIFEST = 'package.json';

/**
 * Packs an app's code: files in the order of their paths, with no times, owners or rights of this machine, so that the same
 * code is the same archive everywhere. Out of a folder comes what comes out of it into an image: neither dependencies nor
 * `.env*`, nor what the folder's own `.dockerignore` names. The `package.json` comes along: it says what kind of modules the
 * files are.
 *
 * @param module `<file>#<export>`, relative to the working directory, which is the app's root
 * @param paths files and folders below it; the first folder on the module's path if `true`
 * @throws FlyteError `invalid_argument` for what lies elsewhere or is missing, for links and `.env*`, and for too much of it
 */
export async function packCode(module: string, paths: true | readonly string[]): Promise<CodeBundle> {
  const root = process.cwd();
  const file = inside(root, moduleFile(module, root));
  const [first = file] = file.split('/');
  const entries = new Map<string, ContextEntry>();
  for (const path of [...(paths === true ? [first] : paths), MANIFEST]) {
    const where = inside(root, resolve(root, path));
    for (const entry of listed(root, where)) entries.set(entry.path, entry);
  }
  if (!entries.has(file))
    throw refused(`The code bundle would not hold ${file}, the module of the tasks: name its folder.`);
  const problems = [...entries.values()].flatMap((entry) => problemOf(entry) ?? []);
  if (problems.length > 0) throw refused(problems.join('\n'));
  const sorted = [...entries.keys()].toSorted();
  checkSize(root, sorted);
  const { create } = await import('tar');
  const archive = await buffer(
    create(
      { cwd: root, portable: true, mtime: new Date(0), noDirRecurse: true, strict: true, filter: withoutRights },
      sorted.map(literal),
    ),
  );
  const bytes = await promisify(gzip)(archive, { level: 9 });
  // The operating system that compressed it.
  bytes[9] = 255;
  return { bytes, sha256: createHash('sha256').update(archive).digest('hex'), files: sorted.length };
}

/** Of a file's rights only whether it is a program: the others are this machine's. */
function withoutRights(_path: string, status: Pick<Stats, 'mode'> | ReadEntry): boolean {
  if (status.mode !== undefined) status.mode = (status.mode & ~0o777) | ((status.mode & 0o100) === 0 ? 0o644 : 0o755);
  return true;
}

/** tar reads a name that begins with @ as an archive whose files are to be taken. */
function literal(path: string): string {
  return `./${path}`;
}

function listed(root: string, path: string): ContextEntry[] {
  const place = resolve(root, path);
  const stats = statSync(place, { throwIfNoEntry: false });
  if (stats === undefined) throw refused(`There is no ${place} for the code bundle. Build the app first.`);
  // A folder's name would hide where a link leads: out of the root, or to `.env*`.
  const isLinked = realpathSync(place) !== resolve(realpathSync(root), path);
  if (isLinked) throw refused(cantHold(path, 'is a link, or below one'));
  if (!stats.isDirectory()) return [...singleFile(place, path).list()];
  const below = (name: string): string => (path === '' ? name : posix.join(path, name));
  return folderFiles(place)
    .list()
    .map((entry) => ({ ...entry, path: below(entry.path) }));
}

function inside(root: string, place: string): string {
  const path = relative(root, place).split(sep).join('/');
  if (path !== '..' && !path.startsWith('../') && !path.startsWith('/')) return path;
  throw refused(`${place} lies outside of ${root}, the app's root: a code bundle holds what lies below it.`);
}

function problemOf({ kind, path }: ContextEntry): string | undefined {
  const problem =
    kind === 'link'
      ? 'is a link'
      : // Of a folder these are not listed. Who names them, by a pattern of the shell perhaps, may not know what they hold.
        (bundlePathProblem(path) ?? (isNeverCopied(path) ? 'never leaves this machine, as .env* and .git' : undefined));
  return problem === undefined ? undefined : cantHold(path, problem);
}

function cantHold(path: string, problem: string): string {
  return `The code bundle can't hold ${JSON.stringify(path)}: it ${problem}.`;
}

function checkSize(root: string, paths: readonly string[]): void {
  const bytes = paths.reduce((sum, path) => sum + statSync(resolve(root, path)).size, 0);
  if (bytes <= MAX_BUNDLE_BYTES && paths.length <= MAX_BUNDLE_FILES) return;
  throw refused(
    `The code bundle would have ${paths.length} files and ${bytes} bytes; it may have ${MAX_BUNDLE_FILES} and ` +
      `${MAX_BUNDLE_BYTES}. Name the paths that the tasks need, and put the rest into the image.`,
  );
}

function refused(message: string): FlyteError {
  return new FlyteError('invalid_argument', message);
}
