import { join } from 'node:path';
import { lockFolder } from '../state/folder-lock.js';
import { saveLastStart, type LastStart } from '../state/last-start.js';
import { LocalDatabase } from '../state/local-database.js';
import { MEMORY_STATE, openStateFolder, STATE_FILES } from '../state/state-folder.js';
import { createSigningKey, openSigningKey, type SigningKey } from '../tokens/signing-key.js';

/** The state of one running plane. */
export interface PlaneState {
  /** Holds what clients stored. */
  readonly database: LocalDatabase;
  /** Signs and verifies tokens. */
  readonly key: SigningKey;
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
  if (location === MEMORY_STATE) {
    const database = new LocalDatabase(MEMORY_STATE);
    return { database, key: await createSigningKey(), saveStart: () => {}, close: () => database.close() };
  }
  const folder = openStateFolder(location);
  const lock = lockFolder(folder);
  try {
    const key = await openSigningKey(folder);
    const database = new LocalDatabase(join(folder, STATE_FILES.database));
    return {
      database,
      key,
      saveStart: (start) => saveLastStart(folder, start),
      close: () => {
        database.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}
