import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

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
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
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
