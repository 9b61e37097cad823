import { join } from 'node:path';
import Database from 'libsql';
import { FlyteError } from 'nestjs-flyte/protocol';
import { codeOf } from './atomic-file.js';
import { createPrivateFile, STATE_FILES } from './state-folder.js';

/** Holds a state folder for one plane until it is released. */
export interface FolderLock {
  /** Lets another plane have the folder. */
  release(): void;
}

/**
 * Takes a state folder for this plane alone. The lock is an exclusive SQLite transaction on an empty database: the
 * system drops it with the process, so `kill -9` leaves nothing stale, and it also tells two planes of one process
 * apart, which a file with a process id can't.
 *
 * @param folder a folder from `openStateFolder`
 * @throws FlyteError `invalid_configuration` if another plane has it
 */
export function lockFolder(folder: string): FolderLock {
  const path = join(folder, STATE_FILES.lock);
  createPrivateFile(path, '');
  const database = new Database(path);
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (codeOf(error).startsWith('SQLITE_BUSY')) {
      throw new FlyteError(
        'invalid_configuration',
        `Another local control plane is using the state folder ${folder}. Stop it, or give this one a folder of its own ` +
          'with the option `state` or the flag --state.',
      );
    }
    throw new FlyteError(
      'invalid_configuration',
      `The lock ${path} can't be taken (${codeOf(error)}). If no control plane is running, delete that file and start again.`,
      { cause: error },
    );
  }
  return { release: () => void database.close() };
}
