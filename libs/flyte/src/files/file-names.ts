import { basename, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readdir } from 'node:fs/promises';
import { FlyteError } from '../errors/flyte-error.js';
import { systemCodeOf } from '../errors/system-code.js';

const LONGEST_NAME = 100;
const SAFE_SEGMENT = /^(?!\.{1,2}$)[\w.-]{1,255}$/;

/** A name for the last part of a URI, made of one that somebody chose. */
export function fileName(given: string | undefined, source: unknown): string {
  const wanted = given ?? (typeof source === 'string' ? basename(source) : '');
  const safe = wanted.replaceAll(/[^\w.-]+/g, '_').slice(-LONGEST_NAME);
  return SAFE_SEGMENT.test(safe) ? safe : 'file';
}

/** A file below a folder of this machine. */
export interface FolderFile {
  readonly path: string;
  /** The way from the folder to the file, with slashes. */
  readonly name: string;
}

/**
 * The files below a folder of this machine.
 *
 * @throws FlyteError `not_found`, `invalid_argument` where there are none, or one has a name that a URI can't hold
 */
export async function filesBelow(folder: string): Promise<FolderFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    const code = systemCodeOf(error) ?? 'unknown';
    const absent = code === 'ENOENT';
    const what = absent ? 'is not there' : `can't be read (${code})`;
    throw new FlyteError(absent ? 'not_found' : 'invalid_argument', `The folder ${JSON.stringify(folder)} ${what}.`);
  });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => resolve(parentPath, name))
    .map((path) => ({ path, name: relative(folder, path).split(sep).join('/') }));
  if (files.length === 0) {
    throw new FlyteError(
      'invalid_argument',
      `The folder ${JSON.stringify(folder)} has no files, and Flyte stores those only.`,
    );
  }
  const bad = files.find(({ name }) => !name.split('/').every((segment) => SAFE_SEGMENT.test(segment)));
  if (bad === undefined) return files;
  throw new FlyteError(
    'invalid_argument',
    `The file ${JSON.stringify(bad.path)} can't be stored by that name. Use letters of a to z, digits, ".", "_" and "-".`,
  );
}

/**
 * Where a directory's file goes below a folder of this machine.
 *
 * @param dir the directory's URI
 * @param file the file's URI, as its storage lists it
 * @throws FlyteError `invalid_argument` for a name that leads out of the folder
 */
export function pathBelow(folder: string, dir: string, file: string): string {
  const isLocal = /^(file:|\/)/i.test(dir);
  const name = isLocal ? relative(localPath(dir), localPath(file)) : file.slice(dir.replace(/\/+$/, '').length + 1);
  const root = resolve(folder);
  const path = resolve(root, name);
  if (path.startsWith(root + sep)) return path;
  throw new FlyteError('invalid_argument', `The name of ${JSON.stringify(file)} leads out of its directory.`);
}

function localPath(uri: string): string {
  return uri.startsWith('/') ? uri : fileURLToPath(uri);
}
