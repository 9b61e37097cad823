import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';

/** The code of a system or SQLite error, such as `EACCES`; `unknown` for anything else. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}

/**
 * Reads a text file.
 *
 * @param path the file
 * @returns the text, or undefined if there is no such file
 * @throws the system's error for any other reason
 */
export function readIfPresent(path: string): string | undefined {
  try {
    return readRegularFile(path).toString();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** How a file is opened that should be one: opening a pipe without the flag waits for somebody to write, perhaps for ever. */
export const READ_ONLY = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Reads a file.
 *
 * @param links what becomes of one in the file's place
 * @throws the system's error; one with the code `EFTYPE` for what is no file, such as a pipe or a folder
 */
export function readRegularFile(path: string, links: 'followed' | 'refused' = 'followed'): Buffer {
  const handle = openSync(path, links === 'followed' ? READ_ONLY : READ_ONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    if (!fstatSync(handle).isFile()) throw notAFile();
    return readFileSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The error of a path that leads to something else than a file. */
export function notAFile(): Error {
  return Object.assign(new Error('this is no file'), { code: 'EFTYPE' });
}

/**
 * Writes a private file (mode 0600) so that a reader, also after `kill -9`, sees the old text or the new one.
 *
 * @param path the file
 * @param content its new content
 */
export function replaceFile(path: string, content: string | Uint8Array): void {
  viaTemporary(path, content, (temporary) => renameSync(temporary, path));
}

/**
 * Makes a private file (mode 0600) with its whole text at once, unless the file exists.
 *
 * @param path the file
 * @param content its text
 * @returns false if another process made the file first; its text stands
 */
export function createFileOnce(path: string, content: string): boolean {
  try {
    // A link, unlike a rename, fails when the name is taken: of two first starts, one key wins.
    viaTemporary(path, content, (temporary) => linkSync(temporary, path));
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function viaTemporary(path: string, content: string | Uint8Array, publish: (temporary: string) => void): void {
  const temporary = `${path}.${randomUUID()}.tmp`;
  const handle = openSync(temporary, 'wx', 0o600);
  try {
    try {
      writeFileSync(handle, content);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    publish(temporary);
  } finally {
    rmSync(temporary, { force: true });
  }
}
