import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { READ_ONLY } from '../state/atomic-file.js';

/**
 * Opens a file of the data folder where it lies itself: actions run as the plane's user, and one may have put a link in its place
 * or in that of a folder above, which leads elsewhere.
 *
 * @param path an absolute path without links
 * @returns the file, which the caller closes; undefined where there is none
 */
export async function openFile(path: string): Promise<FileHandle | undefined> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, READ_ONLY | constants.O_NOFOLLOW);
    if ((await file.stat()).isFile() && (await realpath(path)) === path) return file;
  } catch {
    // Whatever the reason, there is nothing to read.
  }
  await file?.close();
  return undefined;
}
