import { lstatSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeLeftovers } from '../execution/leftovers.js';
import { STATE_FILES } from '../state/state-folder.js';

/** Where a plane keeps what is no database. */
export interface PlaneFolders {
  /** A private folder for inputs, outputs and logs. */
  readonly dataFolder: string;
  /** A private folder for secrets in use; it may not exist yet. */
  readonly secretsInUse: string;
}

const PREFIX = 'nestjs-flyte-local-';

/** The folders of a state folder. */
export function foldersIn(folder: string): PlaneFolders {
  const dataFolder = join(folder, STATE_FILES.data);
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  return { dataFolder, secretsInUse: join(folder, STATE_FILES.secretsInUse) };
}

/**
 * Makes a folder for a plane in memory: inputs and outputs are files even there, because tasks are processes. Its name
 * tells whose it is, and folders of processes that are gone are removed with all that their planes left.
 */
export function makeMemoryFolder(): string {
  const root = realpathSync(tmpdir());
  for (const name of readdirSync(root)) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-\\w+$`).exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid)) || !isOurs(join(root, name))) continue;
    removeLeftovers(foldersIn(join(root, name)));
    rmSync(join(root, name), { recursive: true, force: true });
  }
  return mkdtempSync(join(root, `${PREFIX}${process.pid}-`));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user is one that we may not signal.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function isOurs(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === (process.getuid?.() ?? found.uid);
}
