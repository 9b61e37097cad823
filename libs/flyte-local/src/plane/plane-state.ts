import { realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openSecretKey } from '../secrets/secret-key.js';
import { SecretStore } from '../secrets/secret-store.js';
import { makeMemoryFolder, type PlaneFolders, foldersIn } from './plane-folders.js';
import { lockFolder } from '../state/folder-lock.js';
import { saveLastStart, type LastStart } from '../state/last-start.js';
import { LocalDatabase } from '../state/local-database.js';
import { MEMORY_STATE, openStateFolder, STATE_FILES } from '../state/state-folder.js';
import { createSigningKey, openSigningKey, type SigningKey } from '../tokens/signing-key.js';

/** The state of one running plane. */
export interface PlaneState extends PlaneFolders {
  /** Holds what clients stored. */
  readonly database: LocalDatabase;
  /** Signs and verifies tokens. */
  readonly key: SigningKey;
  /** Holds what tasks may be given. */
  readonly secrets: SecretStore;
  /** Remembers where the plane listens. */
  saveStart(start: LastStart): void;
  /** Closes the database and lets another plane have the folder. */
  close(): void;
}

/**
 * Opens the state of a plane, for this plane alone.
 *
 * @param location a folder, or `:memory:` for state that ends with the plane
 * @throws FlyteError `invalid_configuration` if the folder is in use, damaged, or somebody else's
 */
export async function openState(location: string): Promise<PlaneState> {
  if (location === MEMORY_STATE) return openMemory();
  // Without links on the way: what is left by a plane that was killed is found again by its path.
  const folder = realpathSync(openStateFolder(location));
  const lock = lockFolder(folder);
  let database: LocalDatabase | undefined;
  try {
    const key = await openSigningKey(folder);
    database = new LocalDatabase(join(folder, STATE_FILES.database));
    const opened = database;
    const secrets = new SecretStore(opened, openSecretKey(folder, opened));
    return {
      ...foldersIn(folder),
      database: opened,
      key,
      secrets,
      saveStart: (start) => saveLastStart(folder, start),
      close: () => {
        opened.close();
        lock.release();
      },
    };
  } catch (error) {
    database?.close();
    lock.release();
    throw error;
  }
}

async function openMemory(): Promise<PlaneState> {
  const database = new LocalDatabase(MEMORY_STATE);
  const folder = makeMemoryFolder();
  return {
    ...foldersIn(folder),
    database,
    key: await createSigningKey(),
    secrets: new SecretStore(database, openSecretKey(undefined, database)),
    saveStart: () => {},
    close: () => {
      database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
