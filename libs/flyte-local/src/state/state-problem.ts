import { codeOf } from './atomic-file.js';

/** What the system and SQLite say where no more can be stored: the disk, or what this user may have of it, is full. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_IOERR_SHMSIZE']);

/** Whether an error says that there is no room: nothing is wrong, and the same works once there is some. */
export function isFull(error: unknown): boolean {
  return FULL.has(codeOf(error));
}

/** Something of the state can't be read any more. */
export class DamagedState extends Error {
  override readonly name = 'DamagedState';

  /**
   * @param what what is damaged, as the beginning of a sentence
   * @param remedy what to delete or to do, as a sentence
   */
  constructor(what: string, remedy: string) {
    super(`${what} is damaged. ${remedy}`);
  }
}

/** Whether an error is of a database file that is no longer one. */
export function isDamagedDatabase(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(codeOf(error));
}
