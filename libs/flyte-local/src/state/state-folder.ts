import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { FlyteError } from 'nestjs-flyte/protocol';
import { codeOf } from './atomic-file.js';

/** The files of a state folder, by what they hold. */
export const STATE_FILES = {
  gitignore: '.gitignore',
  signingKey: 'signing-key.json',
  lastStart: 'last-start.json',
  database: 'control-plane.db',
  secretKey: 'secret-key',
  data: 'data',
  secretsInUse: 'secrets-in-use',
  lock: 'lock',
} as const;

/** Where state is kept when nothing else is said, relative to the working directory. */
export const DEFAULT_STATE = '.flyte-local';

/** The state that lives in memory only and ends with its plane. */
export const MEMORY_STATE = ':memory:';

/** SQLite puts files of its own beside a database, and a killed process may leave a half-written temporary file. */
const ours = new RegExp(
  `^(${Object.values(STATE_FILES)
    .map((name) => name.replaceAll('.', '\\.'))
    .join('|')})(-wal|-shm|-journal|\\.[0-9a-f-]+\\.tmp)?$`,
);

/**
 * Makes the state folder if it is missing, private to this user, and hidden from git.
 *
 * @param path the folder, absolute or relative to the working directory
 * @returns the absolute path
 * @throws FlyteError `invalid_configuration` if the path is no folder, is somebody else's folder, or can't be written
 */
export function openStateFolder(path: string): string {
  const folder = resolve(path);
  refuseForeign(folder);
  try {
    makeFolders(folder);
    // Also when it existed: a copy or a restored backup may have come with wider permissions.
    chmodSync(folder, 0o700);
    createPrivateFile(join(folder, STATE_FILES.gitignore), '*\n');
  } catch (error) {
    throw new FlyteError(
      'invalid_configuration',
      `The state folder ${folder} can't be made or written (${codeOf(error)}). Choose a folder that this user may ` +
        'write, with the option `state` or the flag --state.',
      { cause: error },
    );
  }
  return folder;
}

/** Not by Node's `recursive`, which never returns where nothing can be made and the system says ENOENT to that: under /proc. */
function makeFolders(folder: string): void {
  if (existsSync(folder)) return;
  makeFolders(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process was faster, which is as good.
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/**
 * Makes a file that only this user can read, if it does not exist. An existing file is never opened: closing any handle
 * on a file drops the POSIX locks that this process holds on it, and one of these files is the lock.
 *
 * @param path the file
 * @param content what a new file holds
 */
export function createPrivateFile(path: string, content: string): void {
  if (existsSync(path)) return;
  try {
    writeFileSync(path, content, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    // Another process was faster, which is as good.
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** Changing the permissions of a folder that holds something else, or filling it with our files, would do harm. */
function refuseForeign(folder: string): void {
  if (!existsSync(folder)) return;
  if (!statSync(folder).isDirectory()) {
    throw new FlyteError(
      'invalid_configuration',
      `The state path ${folder} is a file, and must be a folder. Choose another one with the option \`state\` or the ` +
        'flag --state.',
    );
  }
  const entries = readEntries(folder);
  const stranger = entries.find((name) => !ours.test(name));
  if (stranger === undefined || entries.includes(STATE_FILES.signingKey)) return;
  throw new FlyteError(
    'invalid_configuration',
    `The folder ${folder} holds ${JSON.stringify(stranger)} and no signing key, so it is not the state of a local ` +
      'control plane. Choose an empty or a new folder with the option `state` or the flag --state.',
  );
}

function readEntries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw new FlyteError(
      'invalid_configuration',
      `The state folder ${folder} can't be read (${codeOf(error)}). Choose a folder that this user may read and write, ` +
        'with the option `state` or the flag --state.',
      { cause: error },
    );
  }
}
